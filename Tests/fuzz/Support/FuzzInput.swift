// SPDX-License-Identifier: Apache-2.0

/// What the fuzzer hands in, taken piece by piece; when it is used up, everything is zero.
struct FuzzInput {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: UnsafePointer<UInt8>?, _ count: Int) {
        rest = Array(UnsafeBufferPointer(start: bytes, count: count))[...]
    }

    var isEmpty: Bool { rest.isEmpty }

    mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

    mutating func number() -> Int { Int(byte()) << 8 | Int(byte()) }

    /// Everything that is left.
    mutating func bytes() -> [UInt8] {
        defer { rest = [] }
        return Array(rest)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}

extension [UInt8] {
    /// In pieces, none of them empty, whose sizes depend on the seed.
    func pieces(seed: Int) -> [[UInt8]] {
        var random = RepeatableGenerator(seed: UInt64(seed))
        let longest = 1 << Int.random(in: 0...8, using: &random)
        var pieces: [[UInt8]] = []
        var position = 0
        while position < count {
            let size = Int.random(in: 1...longest, using: &random)
            pieces.append(Array(self[position..<Swift.min(position + size, count)]))
            position += size
        }
        return pieces
    }
}

/// Ends the process, so that the fuzzer keeps the input.
func require(_ condition: Bool, _ rule: StaticString) {
    guard condition else { fatalError("\(rule)") }
}
