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
    static let pause: UInt32 = 50

    private let admission: Admission
    private let connections = Locked<[ClosingConnection]>([])
    /// Spares the lock where there is nothing to do.
    private let knownCount = Atomic<Int>(0)

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
            if state != .goesOn {
                end(connection, state)
            } else if connections.count >= Self.maxCount {
                end(connection, .givenUp)
            } else {
                connections.append(connection)
            }
            knownCount.store(connections.count, ordering: .relaxed)
        }
    }

    /// Goes on with each of them as far as nothing has to be waited for.
    func serve() {
        guard count > 0 else { return }
        let now = MonotonicTime.now
        connections.withLock { connections in
            connections = connections.compactMap { connection in
                var connection = connection
                let state = connection.serve(now: now)
                guard state != .goesOn else { return connection }
                end(connection, state)
                return nil
            }
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
}
