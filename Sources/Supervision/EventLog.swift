// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc

/// The supervisor's log: lines on standard error, which is the host's log.
package struct EventLog: Sendable {
    /// Journals put the time to each line themselves.
    private let hasTime: Bool
    private let name: String
    /// Lines of less weight are not written.
    package var least: LogLevel

    package init(application name: String, least: LogLevel = .info) {
        self.name = name
        self.least = least
        hasTime = unsafe getenv("JOURNAL_STREAM") == nil
    }

    /// - Parameters:
    ///   - level: as httpd names it; or "stderr", which is always written
    ///   - process: of which is told, or which tells; nil: the application as a whole
    ///   - text: one line
    package func write(_ level: String, process: Int32? = nil, _ text: String) {
        if let given = LogLevel(rawValue: level), !given.isWritten(from: least) { return }
        let of = process.map { "\(name)[\($0)]" } ?? name
        var line = "[gateway-supervisor:\(level)] \(of): \(text)\n"
        if hasTime { line = "[\(Self.time)] \(line)" }
        let bytes = Array(line.utf8)
        // One call, so that lines of several writers do not mix.
        unsafe bytes.withUnsafeBytes { unsafe _ = Glibc.write(2, $0.baseAddress, $0.count) }
    }

    /// As httpd's error log has it.
    private static var time: String {
        var exploded = apr_time_exp_t()
        unsafe apr_time_exp_lt(&exploded, apr_time_now())
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        func padded(_ number: Int32, _ width: Int = 2) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let day = days[Int(exploded.tm_wday) % 7]
        let month = months[Int(exploded.tm_mon) % 12]
        let clock = [exploded.tm_hour, exploded.tm_min, exploded.tm_sec].map { padded($0) }
        let fraction = padded(exploded.tm_usec, 6)
        return "\(day) \(month) \(padded(exploded.tm_mday)) "
            + "\(clock.joined(separator: ":")).\(fraction) \(exploded.tm_year + 1900)"
    }
}
