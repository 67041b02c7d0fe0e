// SPDX-License-Identifier: Apache-2.0
import FastCGI

extension RawSpan {
    /// A copy, for comparing.
    var array: [UInt8] { [UInt8](self) }

    /// A copy of a part of it.
    func array(_ range: Range<Int>) -> [UInt8] { range.map { self[$0] } }
}

/// Bytes that tell where they are from: no two neighbouring records hold the same ones.
func pattern(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ ($0 >> 8) &* 31 ^ ($0 >> 16) &* 7) }
}

/// A small generator that gives the same numbers on each run.
struct RepeatableGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
