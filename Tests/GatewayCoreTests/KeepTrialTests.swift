// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing
import Transport

@testable import GatewayCore

@Suite("Whether an application is believed to keep a connection")
struct KeepTrialTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    private func record(served: UInt32, hadLargeBody: Bool = false) -> Connection.Record {
        var record = Connection.none.record
        record.servedCount = served
        record.hadLargeBody = hadLargeBody
        record.idleSince = start
        return record
    }

    private func isPassed(_ trial: KeepTrial, _ record: Connection.Record, after: UInt32) -> Bool {
        trial.isPassed(record, now: start.advanced(byMilliseconds: after))
    }

    @Test("A connection that served twice is kept; one that served once has to wait")
    func served() {
        let trial = KeepTrial()
        #expect(isPassed(trial, record(served: 2), after: 0))
        #expect(!isPassed(trial, record(served: 1), after: 4))
        #expect(isPassed(trial, record(served: 1), after: 5))
        #expect(!isPassed(trial, record(served: 2, hadLargeBody: true), after: 4))
    }

    @Test("Each closed one makes the wait longer, within a second; each kept one shorter again")
    func learns() {
        var trial = KeepTrial()
        trial.failed(record(served: 1), now: start.advanced(byMilliseconds: 7))
        #expect(!isPassed(trial, record(served: 1), after: 39))
        #expect(isPassed(trial, record(served: 1), after: 40))
        for _ in 0..<9 { trial.failed(record(served: 1), now: start) }
        #expect(!isPassed(trial, record(served: 1), after: 999))
        #expect(isPassed(trial, record(served: 1), after: 1_000))
        trial.succeeded()
        #expect(isPassed(trial, record(served: 1), after: 500))
        for _ in 0..<9 { trial.succeeded() }
        #expect(!isPassed(trial, record(served: 1), after: 4))
        #expect(isPassed(trial, record(served: 1), after: 5))
    }

    @Test("A connection that was kept for long, or served often, says nothing when it is closed")
    func restarts() {
        var trial = KeepTrial()
        trial.failed(record(served: 2), now: start)
        trial.failed(record(served: 1), now: start.advanced(byMilliseconds: 1_000))
        #expect(isPassed(trial, record(served: 1), after: 5))
        trial.failed(record(served: 2, hadLargeBody: true), now: start)
        #expect(!isPassed(trial, record(served: 1), after: 5))
    }
}
