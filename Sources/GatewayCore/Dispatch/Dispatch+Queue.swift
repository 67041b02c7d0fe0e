// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Transport

/// The way into the backend's queue and out of it.
extension Dispatch {
    mutating func enterQueue() {
        guard options.supplied == nil else { return beginConnecting() }
        hasLeftPlace = false
        switch shared.use({ $0.admission?.enter(now: .now) ?? .open }) ?? .refused(nil) {
        case .open:
            moveTo(0)
            beginConnecting()
        case .admitted(let elected): begin(at: elected)
        case .queued(let waiting):
            waiter = waiting
            times.queued = .now
            state = .queued
        case .refused(let error?) where error.isOutOfDescriptors && shedIdle(): enterQueue()
        case .refused(let error):
            fail(Failure(.overloaded, .queue, "the queue is full", system: error))
        }
    }

    mutating func waitInQueue() -> Step? {
        guard let waiter else { return nil }
        if let elected = waiter.place {
            self.waiter = nil
            begin(at: elected)
            noteWait(until: times.admitted)
            return nil
        }
        let due = deadline
        guard MonotonicTime.now < due.time else {
            fail(Failure(.overloaded, .queue, "it waited too long for its turn"))
            return nil
        }
        if options.isNonblocking { return .again }
        _ = Interest.read.wait(on: waiter.descriptor, until: due.time)
        return nil
    }

    private mutating func begin(at elected: Int) {
        moveTo(elected)
        times.admitted = .now
        beginConnecting()
    }

    /// One that is given up in the queue is never run.
    mutating func leaveQueue() {
        guard let waiter else { return }
        self.waiter = nil
        shared.use { $0.admission?.withdraw(waiter) }
        noteWait(until: times.ended)
    }

    private func noteWait(until end: MonotonicTime?) {
        guard let queued = times.queued, let end else { return }
        let waited = end.microseconds(since: queued)
        shared.use { $0.waits.add(microseconds: waited) }
    }

    /// The exchange is over: the next one may run.
    mutating func leavePlace() {
        guard let place, !hasLeftPlace else { return }
        hasLeftPlace = true
        // Without a queue nobody asks.
        guard let admitted = times.admitted else { return }
        let duration = (times.ended ?? .now).microseconds(since: admitted)
        shared.use { $0.admission?.leave(place, duration: duration) }
    }

    mutating func noteConnected() {
        endpoint.use { $0.counters.madeConnection() }
        guard let place else { return }
        shared.use { $0.admission?.connected(place) }
    }

    mutating func noteRefused() {
        _ = moveToOtherEndpoint(isWanted: false)
    }

    /// An endpoint refused the connection, so that nothing was run: another one may take it.
    mutating func moveToOtherEndpoint(isWanted: Bool = true) -> Bool {
        guard let refused = place else { return false }
        if refused < 64 { triedPlaces |= 1 << UInt64(refused) }
        let tried = isWanted ? triedPlaces : .max
        let other = shared.use { $0.admission?.refused(refused, tried: tried, now: .now) } ?? nil
        guard let other else { return false }
        moveTo(other)
        return true
    }

    private mutating func moveTo(_ elected: Int) {
        place = elected
        shared.use { shared in
            guard shared.endpoints.indices.contains(elected) else { return }
            endpoint.take(shared.endpoints[elected])
        }
    }
}
