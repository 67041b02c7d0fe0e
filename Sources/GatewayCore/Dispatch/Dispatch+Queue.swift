// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Transport

/// The way into the backend's queue and out of it.
extension Dispatch {
    mutating func enterQueue() {
        guard let backend, options.supplied == nil else { return beginConnecting() }
        hasLeftPlace = false
        guard let admission = backend.state.admission else {
            place = 0
            return beginConnecting()
        }
        switch admission.enter(now: .now) {
        case .admitted(let elected): begin(at: elected)
        case .queued(let waiting):
            waiter = waiting
            state = .queued
        case .refused(let error):
            fail(Failure(.overloaded, .queue, "the queue is full", system: error))
        }
    }

    mutating func waitInQueue() -> Step? {
        guard let waiter else { return nil }
        if let elected = waiter.place {
            self.waiter = nil
            begin(at: elected)
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
        place = elected
        times.admitted = .now
        beginConnecting()
    }

    /// One that is given up in the queue is never run.
    mutating func leaveQueue() {
        guard let waiter else { return }
        self.waiter = nil
        backend?.state.admission?.withdraw(waiter)
    }

    /// The exchange is over: the next one may run.
    mutating func leavePlace() {
        guard let place, !hasLeftPlace else { return }
        hasLeftPlace = true
        let began = times.admitted ?? times.opened
        let duration = (times.ended ?? .now).microseconds(since: began)
        backend?.state.admission?.leave(place, duration: duration)
    }

    mutating func noteConnected() {
        backend?.state.counters.madeConnection()
        if let place { backend?.state.admission?.connected(place) }
    }

    mutating func noteRefused() {
        _ = moveToOtherEndpoint(isWanted: false)
    }

    /// An endpoint refused the connection, so that nothing was run: another one may take it.
    mutating func moveToOtherEndpoint(isWanted: Bool = true) -> Bool {
        guard let refused = place, let admission = backend?.state.admission else { return false }
        if refused < 64 { triedPlaces |= 1 << UInt64(refused) }
        let tried = isWanted ? triedPlaces : .max
        let other = admission.refused(refused, tried: tried, now: .now)
        place = other ?? refused
        return other != nil
    }
}
