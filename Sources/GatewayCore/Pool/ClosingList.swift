// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Synchronization
internal import Transport

/// The connections of a backend that are being closed. Used by any thread.
///
/// Whoever calls the library next serves it; nothing waits for it.
final class ClosingList: Sendable {
    private static let maxCount = 256
    /// How long to wait before it is served again, in milliseconds.
    private static let pause: UInt32 = 50
    /// The same while more is there than was read.
    private static let shortPause: UInt32 = 1

    private let admission: Admission
    private let connections = Locked<[ClosingConnection]>([])
    /// Spares the lock where there is nothing to do.
    private let knownCount = Atomic<Int>(0)
    private let hasMore = Atomic<Bool>(false)

    init(admission: Admission) {
        self.admission = admission
    }

    deinit {
        closeAll()
    }

    /// Takes a connection over; beyond the limit it is closed at once.
    func add(_ connection: ClosingConnection) {
        var connection = connection
        let state = connection.serve(now: .now)
        connections.withLock { connections in
            if state.isOver {
                end(connection, state)
            } else if connections.count >= Self.maxCount {
                end(connection, .givenUp)
            } else {
                connections.append(connection)
                if state == .hasMore { hasMore.store(true, ordering: .relaxed) }
            }
            knownCount.store(connections.count, ordering: .relaxed)
        }
    }

    /// Goes on with each of them as far as nothing has to be waited for.
    func serve() {
        guard count > 0 else { return }
        let now = MonotonicTime.now
        connections.withLock { connections in
            var hasMore = false
            connections = connections.compactMap { connection in
                var connection = connection
                let state = connection.serve(now: now)
                hasMore = hasMore || state == .hasMore
                guard state.isOver else { return connection }
                end(connection, state)
                return nil
            }
            self.hasMore.store(hasMore, ordering: .relaxed)
            knownCount.store(connections.count, ordering: .relaxed)
        }
    }

    func closeAll() {
        connections.withLock { connections in
            for connection in connections { end(connection, .finished) }
            connections.removeAll()
            knownCount.store(0, ordering: .relaxed)
        }
    }

    /// Until here it counted as active.
    private func end(_ connection: ClosingConnection, _ state: ClosingConnection.State) {
        _ = Connection(connection.record)
        guard let place = connection.place else { return }
        admission.leave(place, state == .givenUp ? .overdue : .finished(nil))
    }

    /// See `BackendState.disown`.
    func disown() {
        connections.withLockIfAvailable { connections in
            for connection in connections { _ = Connection(connection.record) }
            connections.removeAll()
        }
    }

    var count: Int { knownCount.load(ordering: .relaxed) }

    /// When it is to be served again, if nobody does so before.
    var nextDeadline: MonotonicTime {
        guard count > 0 else { return .distantFuture }
        let pause = hasMore.load(ordering: .relaxed) ? Self.shortPause : Self.pause
        return MonotonicTime.now.advanced(byMilliseconds: pause)
    }
}
