// SPDX-License-Identifier: Apache-2.0

import CGateway

/// What came of the exchanges of a bench.
struct Measurements {
    private let address: String
    /// Microseconds of each that is complete.
    private var times: [UInt64] = []
    private var outcomes: [String: Int] = [:]
    private var statuses: [UInt32: Int] = [:]
    private var sent: UInt64 = 0
    private var received: UInt64 = 0
    private var reused = 0
    private(set) var count = 0
    private(set) var failureCount = 0
    private(set) var firstFailure: Failure?

    init(address: String) {
        self.address = address
    }

    /// Answers whose status is 400 or more.
    var errorCount: Int { statuses.filter { $0.key >= 400 }.values.reduce(0, +) }

    mutating func add(_ result: gateway_result) {
        count += 1
        outcomes[String(cString: gateway_outcome_name(result.outcome)), default: 0] += 1
        sent += result.bytes_sent
        received += result.bytes_received
        if result.flags & GATEWAY_RESULT_REUSED != 0 { reused += 1 }
        if let failure = Ending(result, connectingTook: nil).failure(at: address) {
            failureCount += 1
            firstFailure = firstFailure ?? failure
        } else {
            times.append(result.total_us)
            statuses[result.http_status, default: 0] += 1
        }
    }

    /// Lines of a name and what it says, for readers and programs.
    func report(microseconds: UInt64, concurrency: Int) -> String {
        let seconds = Double(max(microseconds, 1)) / 1e6
        let tenths = Int((Double(count) / seconds * 10).rounded())
        return """
            requests: \(count) in \(String(milliseconds: microseconds)) ms, \
            \(tenths / 10).\(tenths % 10) per second, \(concurrency) at once
            outcomes: \(Self.list(outcomes))
            statuses: \(Self.list(statuses))
            latency in ms: \(latencies)
            bytes: sent \(sent), received \(received)
            connections: \(reused) reused\n
            """
    }

    private static func list<Key: Comparable>(_ counts: [Key: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            .joined(separator: ", ")
    }

    /// Of those that are complete.
    private var latencies: String {
        let sorted = times.sorted()
        guard let least = sorted.first, let longest = sorted.last else { return "none" }
        let mean = sorted.reduce(0, +) / UInt64(sorted.count)
        // The nearest rank: that many in a thousand took no longer.
        let percentiles = [(500, "50 %"), (900, "90 %"), (990, "99 %"), (999, "99.9 %")].map {
            let rank = (sorted.count * $0.0 + 999) / 1_000
            return "\($0.1) \(String(milliseconds: sorted[rank - 1]))"
        }
        return
            (["least \(String(milliseconds: least))", "mean \(String(milliseconds: mean))"]
            + percentiles + ["most \(String(milliseconds: longest))"])
            .joined(separator: ", ")
    }
}
