// SPDX-License-Identifier: Apache-2.0

/// Reads the pairs of a params stream, which do not end where records do. FastCGI 1.0 §3.4.
struct ParamsTrace {
    private var stream: [UInt8] = []

    /// - Returns: the pairs that are whole now, as lines.
    mutating func read(_ content: [UInt8]) -> [String] {
        stream += content
        var lines: [String] = []
        var used = 0
        while let pair = pair(at: used) {
            let name = String(escaping: stream[pair.name])
            lines.append("\(name)=\(String(escaping: stream[pair.value]))")
            used = pair.value.upperBound
        }
        stream.removeFirst(used)
        return lines
    }

    /// The stream has ended.
    mutating func end() -> [String] {
        defer { stream.removeAll() }
        return stream.isEmpty ? [] : ["(\(stream.count) bytes that are no whole pair)"]
    }

    private func pair(at offset: Int) -> (name: Range<Int>, value: Range<Int>)? {
        var position = offset
        guard let nameLength = length(at: &position), let valueLength = length(at: &position),
            stream.count - position >= nameLength + valueLength
        else { return nil }
        let middle = position + nameLength
        return (position..<middle, middle..<middle + valueLength)
    }

    private func length(at position: inout Int) -> Int? {
        guard position < stream.count else { return nil }
        let first = Int(stream[position])
        position += 1
        guard first > 127 else { return first }
        guard stream.count - position >= 3 else { return nil }
        let rest = stream[position..<position + 3].reduce(first & 127) { $0 << 8 | Int($1) }
        position += 3
        return rest
    }
}
