// SPDX-License-Identifier: Apache-2.0

/// How grave an event is, by httpd's names.
package enum LogLevel: String, Equatable, Sendable {
    case error, warn, notice, info

    /// Whether such events are written by a log that writes those of `least` and graver ones.
    /// Notices always are, as in httpd: they tell of starts and ends.
    package func isWritten(from least: LogLevel) -> Bool {
        switch self {
        case .error, .notice: true
        case .warn: least != .error
        case .info: least == .info
        }
    }
}
