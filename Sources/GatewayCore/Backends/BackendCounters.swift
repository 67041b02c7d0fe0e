// SPDX-License-Identifier: Apache-2.0

package import Platform
internal import Synchronization

/// What a backend or an endpoint has done in this process. Used by any thread, without a lock.
final class BackendCounters: Sendable {
    private let active = Atomic<UInt64>(0)
    private let connected = Atomic<UInt64>(0)
    private let reused = Atomic<UInt64>(0)
    private let retried = Atomic<UInt64>(0)
    private let lateRecords = Atomic<UInt64>(0)
    private let bytesSent = Atomic<UInt64>(0)
    private let bytesReceived = Atomic<UInt64>(0)
    private let complete = Atomic<UInt64>(0)
    private let connectFailed = Atomic<UInt64>(0)
    private let timedOut = Atomic<UInt64>(0)
    private let overloaded = Atomic<UInt64>(0)
    private let protocolError = Atomic<UInt64>(0)
    private let truncated = Atomic<UInt64>(0)
    private let cancelled = Atomic<UInt64>(0)
    private let badRequest = Atomic<UInt64>(0)

    func opened() {
        active.wrappingAdd(1, ordering: .relaxed)
    }

    func madeConnection() {
        connected.wrappingAdd(1, ordering: .relaxed)
    }

    func closed() {
        active.wrappingSubtract(1, ordering: .relaxed)
    }

    /// What is counted of an exchange that has ended.
    struct Ended {
        var outcome: Outcome
        var isReused: Bool
        var isRetried: Bool
        var lateRecords: UInt64
        var bytesSent: UInt64
        var bytesReceived: UInt64
    }

    func count(_ ended: Ended) {
        count(ended.outcome)
        bytesSent.wrappingAdd(ended.bytesSent, ordering: .relaxed)
        bytesReceived.wrappingAdd(ended.bytesReceived, ordering: .relaxed)
        if ended.isReused { reused.wrappingAdd(1, ordering: .relaxed) }
        if ended.isRetried { retried.wrappingAdd(1, ordering: .relaxed) }
        if ended.lateRecords > 0 { lateRecords.wrappingAdd(ended.lateRecords, ordering: .relaxed) }
    }

    private func count(_ outcome: Outcome) {
        switch outcome {
        case .pending: break
        case .complete: complete.wrappingAdd(1, ordering: .relaxed)
        case .connectFailed: connectFailed.wrappingAdd(1, ordering: .relaxed)
        case .timedOut: timedOut.wrappingAdd(1, ordering: .relaxed)
        case .overloaded: overloaded.wrappingAdd(1, ordering: .relaxed)
        case .protocolError: protocolError.wrappingAdd(1, ordering: .relaxed)
        case .truncated: truncated.wrappingAdd(1, ordering: .relaxed)
        case .cancelled: cancelled.wrappingAdd(1, ordering: .relaxed)
        case .badRequest: badRequest.wrappingAdd(1, ordering: .relaxed)
        }
    }

    var activeCount: UInt64 { active.load(ordering: .relaxed) }

    /// Adds what was counted so far.
    func add(to sum: inout BackendStatistics) {
        sum.complete &+= complete.load(ordering: .relaxed)
        sum.connectFailed &+= connectFailed.load(ordering: .relaxed)
        sum.timedOut &+= timedOut.load(ordering: .relaxed)
        sum.overloaded &+= overloaded.load(ordering: .relaxed)
        sum.protocolError &+= protocolError.load(ordering: .relaxed)
        sum.truncated &+= truncated.load(ordering: .relaxed)
        sum.cancelled &+= cancelled.load(ordering: .relaxed)
        sum.badRequest &+= badRequest.load(ordering: .relaxed)
        sum.connected &+= connected.load(ordering: .relaxed)
        sum.reused &+= reused.load(ordering: .relaxed)
        sum.retried &+= retried.load(ordering: .relaxed)
        sum.lateRecords &+= lateRecords.load(ordering: .relaxed)
        sum.bytesSent &+= bytesSent.load(ordering: .relaxed)
        sum.bytesReceived &+= bytesReceived.load(ordering: .relaxed)
    }
}

/// The counters of a backend at one moment, nearly.
package struct BackendStatistics: Sendable {
    package var active: UInt64 = 0
    package var idle: UInt64 = 0
    package var closing: UInt64 = 0
    package var queued: UInt64 = 0
    package var complete: UInt64 = 0
    package var connectFailed: UInt64 = 0
    package var timedOut: UInt64 = 0
    package var overloaded: UInt64 = 0
    package var protocolError: UInt64 = 0
    package var truncated: UInt64 = 0
    package var cancelled: UInt64 = 0
    package var badRequest: UInt64 = 0
    package var connected: UInt64 = 0
    package var reused: UInt64 = 0
    package var retried: UInt64 = 0
    package var lateRecords: UInt64 = 0
    package var bytesSent: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    package var waits = WaitHistogram()
}
