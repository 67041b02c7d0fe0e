// SPDX-License-Identifier: Apache-2.0

internal import Platform

/// What a backend holds in one process: connections, memory to be used again, counters. Used by any
/// thread.
final class BackendState: Sendable {
    let pool: ConnectionPool
    let closing = ClosingList()
    let resting = RestingDispatches()
    let counters = BackendCounters()

    init(options: BackendOptions) {
        pool = ConnectionPool(options: options)
    }

    func maintain() {
        pool.closeExpired(now: .now)
        closing.serve()
    }

    func close() {
        pool.closeAll()
        closing.closeAll()
    }

    /// In a child process: the connections are the parent's. Only the child's copies of their
    /// descriptors are closed; nothing is sent, and no lock is waited for that the parent held.
    func disown() {
        pool.disown()
        closing.disown()
    }
}
