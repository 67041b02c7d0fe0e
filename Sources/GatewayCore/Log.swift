// SPDX-License-Identifier: Apache-2.0

internal import Platform

/// Lines for the host's log. Each begins with a tag that is never used for anything else.
package final class Log: Sendable {
    /// How grave a line is; the numbers are those of syslog and of `gateway_log_level`.
    package enum Level: UInt32, Sendable {
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
        case debug = 7
    }

    package typealias Sink = @Sendable (Level, String) -> Void

    private let sink: Locked<Sink?>

    package init(_ sink: Sink?) {
        self.sink = Locked(sink)
    }

    package func write(_ level: Level, tag: StaticString, _ message: @autoclosure () -> String) {
        // The lock is not held while the host's function runs, which may be slow.
        guard let sink = sink.withLock({ $0 }) else { return }
        sink(level, "\(tag) \(message())")
    }

    /// The host is about to go: nothing more reaches it.
    package func close() {
        sink.withLock { $0 = nil }
    }
}
