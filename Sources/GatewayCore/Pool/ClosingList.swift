// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Synchronization
internal import Transport

/// The connections of a backend that are being closed. Used by any thread.
///
/// Whoever calls the library next serves it; nothing waits for it.
final class ClosingList: Sendable {
    private static let maxCount = 256

    private struct State {
        var connections: [ClosingConnection] = []
        var forkGeneration = ForkGeneration.current
    }

    private let state = Mutex(State())
    /// Spares the lock where there is nothing to do.
    private let count = Atomic<Int>(0)

    deinit {
        closeAll()
    }

    /// Takes a connection over; beyond the limit it is closed at once.
    func add(_ connection: ClosingConnection) {
        var connection = connection
        let isDone = connection.serve(now: .now)
        state.withLock { state in
            dropInherited(&state)
            if isDone || state.connections.count >= Self.maxCount {
                _ = Connection(connection.record)
            } else {
                state.connections.append(connection)
            }
            count.store(state.connections.count, ordering: .relaxed)
        }
    }

    /// Goes on with each of them as far as nothing has to be waited for.
    func serve() {
        guard count.load(ordering: .relaxed) > 0 else { return }
        let now = MonotonicTime.now
        state.withLock { state in
            dropInherited(&state)
            state.connections = state.connections.compactMap { connection in
                var connection = connection
                guard connection.serve(now: now) else { return connection }
                _ = Connection(connection.record)
                return nil
            }
            count.store(state.connections.count, ordering: .relaxed)
        }
    }

    func closeAll() {
        state.withLock { state in
            for connection in state.connections { _ = Connection(connection.record) }
            state.connections.removeAll()
            count.store(0, ordering: .relaxed)
        }
    }

    /// In a child process they are the parent's to serve.
    private func dropInherited(_ state: inout State) {
        guard state.forkGeneration != ForkGeneration.current else { return }
        state.forkGeneration = ForkGeneration.current
        for connection in state.connections { _ = Connection(connection.record) }
        state.connections.removeAll()
    }
}
