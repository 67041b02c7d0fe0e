// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Synchronization
internal import Transport

/// The connections of a backend that are being closed. Used by any thread.
///
/// The maintenance thread serves it, or whoever calls the library next. Nothing waits for it: a
/// connection whose place an exchange waits for is closed at once. An exchange enters the queue
/// before it looks here, and a connection enters here before the queue is looked at, so that
/// neither misses the other.
final class ClosingList: Sendable {
    private static let maxCount = 1_024
    /// How long hosts wait before it is served again, in milliseconds: they do not watch the
    /// connections.
    private static let pause: UInt32 = 50
    /// The same while somebody waits for a claimed process.
    private static let pauseOfWaiter: UInt32 = 5
    /// The same while more is there than was read.
    private static let shortPause: UInt32 = 1

    private struct State {
        var connections: [ClosingConnection] = []
        var isClosed = false
    }

    private let admission: Admission
    private let bell: MaintenanceBell
    private let state = Locked(State())
    /// Spares the lock where there is nothing to do.
    private let knownCount = Atomic<Int>(0)
    private let hasMore = Atomic<Bool>(false)

    init(admission: Admission, bell: MaintenanceBell) {
        self.admission = admission
        self.bell = bell
    }

    deinit {
        closeAll()
    }

    /// Takes a connection over; beyond the limit it is closed at once.
    func add(_ given: ClosingConnection, isDrained: Bool) {
        var connection = given
        var how = connection.serve(now: .now)
        if !isDrained, !how.isOver {
            if connection.isClaimed { connection.hurry() } else { how = .overdue }
        }
        let isKept = state.withLock { state in
            guard !how.isOver, !state.isClosed, state.connections.count < Self.maxCount else {
                return false
            }
            state.connections.append(connection)
            knownCount.store(state.connections.count, ordering: .relaxed)
            return true
        }
        guard isKept else { return end(connection, how == .finished ? .finished : .overdue) }
        if how == .hasMore { hasMore.store(true, ordering: .relaxed) }
        makeWay()
        bell.ring(before: .now)
    }

    /// Where no thread does it, goes on with each of them as far as nothing has to be waited for.
    func serveUnlessMaintained() {
        if count > 0, !bell.isThere { serve() }
    }

    /// Goes on with each of them as far as nothing has to be waited for. The lock is let go between
    /// two, since whoever gives another exchange up waits for it.
    func serve() {
        guard count > 0 else { return }
        let now = MonotonicTime.now
        var index = 0
        var hasMore = false
        var isAtEnd = false
        while !isAtEnd {
            isAtEnd = state.withLock { state in
                guard index < state.connections.count else { return true }
                let how = state.connections[index].serve(now: now)
                hasMore = hasMore || how == .hasMore
                if how.isOver {
                    end(remove(at: index, of: &state), how)
                } else {
                    index += 1
                }
                return false
            }
        }
        self.hasMore.store(hasMore, ordering: .relaxed)
        makeWay()
    }

    /// Closes connections whose places others wait for, the oldest first, and lets claimed
    /// processes hurry.
    func makeWay() {
        while count > 0 {
            let isDone = state.withLock { state in
                let waiting = admission.queuedCount
                guard let index = state.connections.firstIndex(where: { delays($0, waiting) })
                else { return true }
                guard !state.connections[index].isClaimed else {
                    state.connections[index].hurry()
                    return state.connections.count { $0.isHurried } >= waiting
                }
                end(remove(at: index, of: &state), .overdue)
                return false
            }
            if isDone { return }
        }
    }

    private func delays(_ connection: ClosingConnection, _ waiting: Int) -> Bool {
        switch connection.place {
        case .none: false
        case .admitted: waiting > 0 && !connection.isHurried
        case .shared(let place): place.isWaitedFor
        }
    }

    /// Closes one of them to have its descriptor; false when there is none.
    func shed() -> Bool {
        guard count > 0 else { return false }
        return state.withLock { state in
            guard let index = state.connections.firstIndex(where: { !$0.isClaimed }) else {
                return false
            }
            end(remove(at: index, of: &state), .overdue)
            return true
        }
    }

    func closeAll() {
        state.withLock { state in
            state.isClosed = true
            while !state.connections.isEmpty { end(remove(at: 0, of: &state), .finished) }
        }
    }

    private func remove(at index: Int, of state: inout State) -> ClosingConnection {
        let connection = state.connections.remove(at: index)
        knownCount.store(state.connections.count, ordering: .relaxed)
        return connection
    }

    /// Until here it counted as active.
    private func end(_ closing: ClosingConnection, _ how: ClosingConnection.State) {
        let connection = Connection(closing.record)
        // The host may have a descriptor of it yet.
        if case .shared = closing.place { connection.end() }
        close(connection)
        switch closing.place {
        case .none: break
        case .admitted(let place):
            admission.leave(place, how == .overdue ? .overdue : .finished(nil))
        case .shared(let place): place.leave()
        }
    }

    private func close(_ connection: consuming Connection) {}

    /// See `BackendState.disown`.
    func disown() {
        state.withLockIfAvailable { state in
            for connection in state.connections { _ = Connection(connection.record) }
            state.connections.removeAll()
        }
    }

    var count: Int { knownCount.load(ordering: .relaxed) }

    /// When hosts are to serve it again, if nobody does so before.
    var nextDeadline: MonotonicTime { nextDeadline(after: Self.pause) }

    /// The same for exchanges that wait in the queue.
    var nextDeadlineOfWaiter: MonotonicTime { nextDeadline(after: Self.pauseOfWaiter) }

    private func nextDeadline(after pause: UInt32) -> MonotonicTime {
        guard count > 0 else { return .distantFuture }
        let pause = hasMore.load(ordering: .relaxed) ? Self.shortPause : pause
        return MonotonicTime.now.advanced(byMilliseconds: pause)
    }

    /// When it is to be served again by who watches the connections, which are added. Those of
    /// other processes who wait for a claimed one are seen only by looking.
    func watch(_ watched: inout [Interest.Watch]) -> MonotonicTime {
        guard count > 0 else { return .distantFuture }
        let known = state.withLock { $0.connections }
        watched += known.map(\.watch)
        if hasMore.load(ordering: .relaxed) { return .now }
        let due = known.map(\.deadline).min() ?? .distantFuture
        guard known.contains(where: { $0.isClaimed && !$0.isHurried }) else { return due }
        return min(due, nextDeadline)
    }
}
