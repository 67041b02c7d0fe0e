// SPDX-License-Identifier: Apache-2.0

internal import Platform

/// What a backend holds in one process: connections, the queue for them, memory to be used again,
/// counters. Used by any thread.
final class BackendState: Sendable {
    /// Nil where there is nothing to decide: one endpoint and no limit.
    let admission: AdmissionQueue?
    /// Of each endpoint.
    let pools: [ConnectionPool]
    let closing: ClosingList
    let resting = RestingExchanges()
    let counters = BackendCounters()
    private let options: BackendOptions

    init(options: BackendOptions, endpointCount: Int) {
        self.options = options
        let isNeeded = endpointCount > 1 || options.hasAdmission
        admission = isNeeded ? AdmissionQueue(options: options, endpointCount: endpointCount) : nil
        pools = (0..<endpointCount).map { _ in ConnectionPool(options: options) }
        closing = ClosingList(admission: admission)
    }

    var idleCount: Int { pools.reduce(0) { $0 + $1.idleCount } }

    /// Closes idle connections until one more fits.
    func makeRoomForConnection() {
        guard options.maxConnections > 0, let admission else { return }
        while admission.activeCount + idleCount > options.maxConnections {
            let fullest = pools.max { $0.idleCount < $1.idleCount }
            guard let fullest, fullest.closeOldest() else { return }
        }
    }

    func maintain() {
        let now = MonotonicTime.now
        for pool in pools { pool.closeExpired(now: now) }
        closing.serve()
    }

    func close() {
        for pool in pools { pool.closeAll() }
        closing.closeAll()
    }

    /// In a child process: the connections are the parent's. Only the child's copies of their
    /// descriptors are closed; nothing is sent, and no lock is waited for that the parent held.
    func disown() {
        for pool in pools { pool.disown() }
        closing.disown()
    }
}
