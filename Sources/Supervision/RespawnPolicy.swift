// SPDX-License-Identifier: Apache-2.0

internal import Platform

/// When the next process may be started: at once, or, while they end at once, after a time that
/// grows. Pure: time comes in.
struct RespawnPolicy {
    private static let firstDelay: UInt32 = 100
    private static let longestDelay: UInt32 = 30_000

    private(set) var failures = 0
    private(set) var startsAgainAt = MonotonicTime(nanoseconds: 0)

    /// Processes end before they serve.
    var isFailing: Bool { failures > 0 }

    func mayStart(now: MonotonicTime) -> Bool { now >= startsAgainAt }

    /// A process ended before it served anything.
    mutating func failed(now: MonotonicTime) {
        let delay = min(Self.firstDelay << UInt32(min(failures, 16)), Self.longestDelay)
        failures += 1
        startsAgainAt = now.advanced(byMilliseconds: delay)
    }

    mutating func succeeded() {
        self = RespawnPolicy()
    }
}
