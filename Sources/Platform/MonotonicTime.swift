// SPDX-License-Identifier: Apache-2.0

internal import CAPR

/// An instant of CLOCK_MONOTONIC, in nanoseconds: deadlines must not move when the clock is set,
/// as APR's time does.
@usableFromInline
package struct MonotonicTime: Comparable, Sendable {
    @usableFromInline package var nanoseconds: Int64

    @inlinable @inline(__always)
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static var now: MonotonicTime {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(
            nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }

    /// So far ahead that it never comes.
    package static let distantFuture = MonotonicTime(nanoseconds: .max)

    @inlinable @inline(__always)
    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    @inlinable @inline(__always)
    package func advanced(byMilliseconds milliseconds: UInt32) -> MonotonicTime {
        MonotonicTime(nanoseconds: nanoseconds &+ Int64(milliseconds) &* 1_000_000)
    }

    @inlinable @inline(__always)
    package func microseconds(since earlier: MonotonicTime) -> UInt64 {
        nanoseconds > earlier.nanoseconds
            ? UInt64(nanoseconds &- earlier.nanoseconds) / 1000 : 0
    }

    /// What is left from `now` to here, rounded up so that a wait never ends too early.
    package func milliseconds(from now: MonotonicTime) -> UInt32 {
        guard nanoseconds > now.nanoseconds else { return 0 }
        let left = UInt64(nanoseconds &- now.nanoseconds)
        return UInt32(clamping: left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1))
    }
}
