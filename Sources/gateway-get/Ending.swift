// SPDX-License-Identifier: Apache-2.0

import CGateway
import Platform

/// How an exchange went.
struct Ending {
    private(set) var result: gateway_result

    /// Where a connection was made for the exchange, its times begin before that, by as many
    /// microseconds; nil when the library connected by itself.
    init(_ result: gateway_result, connectingTook: UInt64?) {
        self.result = result
        guard let connectingTook else { return }
        self.result.connected_us = connectingTook
        for time in [\gateway_result.sent_us, \.first_byte_us] where result[keyPath: time] > 0 {
            self.result[keyPath: time] += connectingTook
        }
        self.result.total_us += connectingTook
    }

    /// An exchange that had no connection.
    init(connectingFailed outcome: gateway_outcome, _ error: SystemError?, after took: UInt64) {
        result = gateway_result()
        result.size = MemoryLayout<gateway_result>.size
        result.outcome = outcome
        result.stage = .GATEWAY_STAGE_CONNECT
        result.error_number = error?.number ?? 0
        result.total_us = took
    }

    var isRepeatable: Bool { result.flags & GATEWAY_RESULT_REPEATABLE != 0 }

    /// Nil when it is complete.
    func failure(at address: String) -> Failure? {
        let status = ExitStatus(result.outcome)
        guard status != .success else { return nil }
        let outcome = Self.words(gateway_outcome_name(result.outcome))
        let stage = Self.words(gateway_stage_name(result.stage))
        let tenths = (result.total_us + 50_000) / 100_000
        let after = "after \(tenths / 10).\(tenths % 10) s"
        return Failure(status, "\(outcome) (\(stage)) \(after)\(reason) [\(address)]")
    }

    var summary: String {
        "\(Self.words(gateway_outcome_name(result.outcome))), status \(result.http_status), "
            + "application status \(result.application_status)"
    }

    /// What --timings tells.
    func tell(to console: Console) {
        let isReused = result.flags & GATEWAY_RESULT_REUSED != 0
        let isRetried = result.flags & GATEWAY_RESULT_RETRIED != 0
        console.tell(
            "* ms: queue \(time(\.queued_us)), connect \(time(\.connected_us)), "
                + "sent \(time(\.sent_us)), first byte \(time(\.first_byte_us)), "
                + "total \(time(\.total_us))")
        console.tell(
            "* bytes: sent \(result.bytes_sent), received \(result.bytes_received), "
                + "body \(result.body_bytes)")
        console.tell(
            "* connection: \(isReused ? "reused" : "new")\(isRetried ? ", retried" : "")")
        console.tell("* outcome: \(summary)")
    }

    private func time(_ moment: KeyPath<gateway_result, UInt64>) -> String {
        String(milliseconds: result[keyPath: moment])
    }

    private var reason: String {
        let text = withUnsafeBytes(of: result.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if !text.isEmpty { return ": " + Self.inner(text) }
        return result.error_number == 0
            ? "" : ": " + SystemError(number: result.error_number).text
    }

    /// The library's message without outcome and stage before it and the address behind it, which
    /// are told here with more.
    private static func inner(_ message: String) -> Substring {
        var inner = message[...]
        if let colon = inner.firstIndex(of: ":"), inner[..<colon].hasSuffix(")") {
            inner = inner[colon...].dropFirst(2)
        }
        if inner.last == "]", let bracket = inner.lastIndex(of: "[") {
            inner = inner[..<bracket].dropLast()
        }
        return inner
    }

    private static func words(_ name: UnsafePointer<CChar>) -> String {
        String(String(cString: name).map { $0 == "-" ? " " : $0 })
    }
}
