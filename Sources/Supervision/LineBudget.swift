// SPDX-License-Identifier: Apache-2.0

internal import Platform

/// How much of what a process writes goes to the log: so many lines and bytes in a second. Lines
/// beyond that are counted, and the count is logged in their place.
struct LineBudget {
    private static let maxLines = 200
    private static let maxBytes = 65_536
    private static let period: UInt32 = 1_000

    private var began = MonotonicTime(nanoseconds: 0)
    private var lines = 0
    private var bytes = 0
    private var leftOutLines = 0
    private var leftOutBytes = 0

    /// Begins anew when the second is over. Returns the line that reports what was left out in it.
    mutating func renew(now: MonotonicTime) -> String? {
        guard now >= began.advanced(byMilliseconds: Self.period) else { return nil }
        began = now
        lines = 0
        bytes = 0
        return close()
    }

    /// Takes a line of so many bytes; false when it has to be left out.
    mutating func hasRoom(for count: Int) -> Bool {
        guard lines < Self.maxLines, bytes < Self.maxBytes else {
            leftOutLines += 1
            leftOutBytes += count
            return false
        }
        lines += 1
        bytes += count
        return true
    }

    /// The line that reports what was left out; nil when nothing was.
    mutating func close() -> String? {
        guard leftOutLines > 0 else { return nil }
        defer {
            leftOutLines = 0
            leftOutBytes = 0
        }
        return "\(leftOutLines) lines (\(leftOutBytes) bytes) of its output are left out here"
    }
}
