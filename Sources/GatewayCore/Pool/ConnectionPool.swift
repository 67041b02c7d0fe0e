// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Transport

/// Connections of a backend that are open and without an exchange. Used by any thread.
final class ConnectionPool: Sendable {
    private struct State {
        var idle: [Connection.Record] = []
        var isClosed = false
        var trial = KeepTrial()
    }

    private let options: BackendOptions
    private let state: Locked<State>

    init(options: BackendOptions) {
        self.options = options
        state = Locked(State())
        guard options.keepsConnections else { return }
        state.withLock { $0.idle.reserveCapacity(options.maxIdle) }
    }

    deinit {
        closeAll()
    }

    /// The connection that was used last, since it is the likeliest to be alive; nil when none is.
    /// A request that cannot be sent again, should the connection be dead, gets only one that its
    /// application is seen to keep.
    func acquire(now: MonotonicTime, isRepeatable: Bool) -> Connection? {
        state.withLock { state in
            dropExpired(&state, now: now)
            let index = state.idle.lastIndex { isRepeatable || state.trial.isPassed($0, now: now) }
            guard let index else { return nil }
            return Connection(state.idle.remove(at: index))
        }
    }

    /// What was acquired turned out to be closed by the application.
    func foundClosed(_ record: Connection.Record, now: MonotonicTime) {
        state.withLock { $0.trial.failed(record, now: now) }
    }

    /// Keeps a connection whose exchange ended complete, or closes it when there is no room.
    func release(_ given: Connection.Record, now: MonotonicTime) {
        var record = given
        record.idleSince = now
        let isKept = state.withLock { state in
            if record.servedCount == 2 { state.trial.succeeded() }
            dropExpired(&state, now: now)
            guard !state.isClosed, state.idle.count < options.maxIdle else { return false }
            guard !isSpent(record, now: now) else { return false }
            state.idle.append(record)
            return true
        }
        if !isKept { _ = Connection(record) }
    }

    /// Closes what was idle for too long, and what the application has closed or written to.
    func closeExpiredAndEnded(now: MonotonicTime) {
        state.withLock { state in
            dropExpired(&state, now: now)
            state.idle.removeAll { record in
                let connection = Connection(record)
                if !connection.isAliveAndEmpty() { return true }
                _ = connection.keep()
                return false
            }
        }
    }

    /// When the next connection will have been idle for too long.
    var nextExpiry: MonotonicTime {
        state.withLock { state in
            state.idle.first.map(expiry) ?? .distantFuture
        }
    }

    func closeAll() {
        state.withLock { state in
            state.isClosed = true
            while let record = state.idle.popLast() { _ = Connection(record) }
        }
    }

    /// See `BackendState.disown`.
    func disown() {
        state.withLockIfAvailable { state in
            while let record = state.idle.popLast() { _ = Connection(record) }
        }
    }

    var idleCount: Int { state.withLock { $0.idle.count } }

    /// Closes the one idle for longest; false when there is none.
    func closeOldest() -> Bool {
        state.withLock { state in
            guard let record = state.idle.first else { return false }
            _ = Connection(record)
            state.idle.removeFirst()
            return true
        }
    }

    private func isSpent(_ record: Connection.Record, now: MonotonicTime) -> Bool {
        let limit = options.maxRequestsPerConnection
        if limit > 0, record.servedCount >= limit { return true }
        let age = options.maxConnectionAge
        return age > 0 && record.openedAt.advanced(byMilliseconds: age) <= now
    }

    private func expiry(_ record: Connection.Record) -> MonotonicTime {
        record.idleSince.advanced(byMilliseconds: options.idleTimeout)
    }

    /// The one idle for longest is the first.
    private func dropExpired(_ state: inout State, now: MonotonicTime) {
        var expired = 0
        while expired < state.idle.count, expiry(state.idle[expired]) <= now {
            _ = Connection(state.idle[expired])
            expired += 1
        }
        if expired > 0 { state.idle.removeFirst(expired) }
    }
}
