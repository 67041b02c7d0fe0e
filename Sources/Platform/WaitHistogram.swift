// SPDX-License-Identifier: Apache-2.0

/// Waits by their length, in microseconds.
package struct WaitHistogram: Sendable {
    /// The longest wait that each bucket counts; the last one counts all that are longer.
    package static let bounds: [UInt64] = [
        1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, .max,
    ]

    package var count: UInt64 = 0
    package var sum: UInt64 = 0
    package var longest: UInt64 = 0
    package var buckets: [UInt64] = []

    package static func bucket(of microseconds: UInt64) -> Int {
        bounds.firstIndex { microseconds <= $0 } ?? bounds.count - 1
    }

    package init() {}

    package init(count: UInt64, sum: UInt64, longest: UInt64, buckets: [UInt64]) {
        self.count = count
        self.sum = sum
        self.longest = longest
        self.buckets = buckets
    }
}
