// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// What a backend has done in this process. Used by any thread, without a lock.
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

    func snapshot(idle: Int, closing: Int, queued: Int) -> BackendStatistics {
        BackendStatistics(
            active: active.load(ordering: .relaxed), idle: UInt64(idle), closing: UInt64(closing),
            queued: UInt64(queued),
            complete: complete.load(ordering: .relaxed),
            connectFailed: connectFailed.load(ordering: .relaxed),
            timedOut: timedOut.load(ordering: .relaxed),
            overloaded: overloaded.load(ordering: .relaxed),
            protocolError: protocolError.load(ordering: .relaxed),
            truncated: truncated.load(ordering: .relaxed),
            cancelled: cancelled.load(ordering: .relaxed),
            badRequest: badRequest.load(ordering: .relaxed),
            connected: connected.load(ordering: .relaxed),
            reused: reused.load(ordering: .relaxed), retried: retried.load(ordering: .relaxed),
            lateRecords: lateRecords.load(ordering: .relaxed),
            bytesSent: bytesSent.load(ordering: .relaxed),
            bytesReceived: bytesReceived.load(ordering: .relaxed))
    }
}

/// The counters of a backend at one moment, nearly.
package struct BackendStatistics: Sendable {
    package var active: UInt64
    package var idle: UInt64
    package var closing: UInt64
    package var queued: UInt64
    package var complete: UInt64
    package var connectFailed: UInt64
    package var timedOut: UInt64
    package var overloaded: UInt64
    package var protocolError: UInt64
    package var truncated: UInt64
    package var cancelled: UInt64
    package var badRequest: UInt64
    package var connected: UInt64
    package var reused: UInt64
    package var retried: UInt64
    package var lateRecords: UInt64
    package var bytesSent: UInt64
    package var bytesReceived: UInt64
}
