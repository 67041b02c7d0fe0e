// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform
internal import Transport

/// The way into the backend's queue and out of it.
extension Dispatch {
    mutating func enterQueue() {
        guard options.supplied == nil else { return beginConnecting() }
        hasLeftPlace = false
        switch shared.use({ $0.admission.enter(now: .now) }) ?? .refused(nil) {
        case .open:
            moveTo(0)
            beginConnecting()
        case .admitted(let elected): begin(at: elected)
        case .queued(let waiting):
            waiter = waiting
            times.queued = .now
            state = .queued
            shared.use { $0.closing.makeWay() }
        case .refused(let error?) where error.isOutOfDescriptors && shedIdle(): enterQueue()
        case .refused(let error):
            fail(Failure(.overloaded, .queue, "the queue is full", system: error))
        }
    }

    mutating func waitInQueue() -> Step? {
        guard let waiter else { return nil }
        shared.use { $0.closing.serve() }
        if let elected = waiter.takePlace() {
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
        var watched = [Interest.Watch(waiter.descriptor, .read)]
        let next = shared.use { $0.closing.watch(&watched) } ?? .distantFuture
        Interest.waitForAny(of: watched, until: min(due.time, next))
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
        shared.use { $0.admission.withdraw(waiter) }
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
        let isCut = failure?.outcome == .truncated
        shared.use { $0.admission.leave(place, isCut ? .cut(duration) : .finished(duration)) }
    }

    /// A supervised process runs the request, and will not be done with it.
    var isClaimOverdue: Bool {
        mutating get {
            guard state == .exchanging, stream.hasBegun, place != nil else { return false }
            return shared.use { $0.admission.isApplication } ?? false
        }
    }

    /// The process is ended with it.
    mutating func leaveOverdue() {
        dropOverdueConnection()
        guard let place else { return }
        hasLeftPlace = true
        shared.use { $0.admission.leave(place, .overdue) }
    }

    /// The endpoint that the exchange is at.
    var endpointIndex: Int? {
        mutating get {
            place.flatMap { place in shared.use { $0.admission.endpoint(of: place) } }
        }
    }

    /// Tells who looks at the processes of a supervised application what this one is given.
    private mutating func noteRequest() {
        guard let place, let content = unsafe content else { return }
        shared.use { shared in
            guard case .application(let places) = shared.admission else { return }
            let head = unsafe BorrowedBytes(content.pointee.head.address)
            let method = unsafe head.part(content.pointee.methodRange)
            let path = unsafe head.part(content.pointee.pathRange)
            unsafe withUnsafeTemporaryAllocation(byteCount: 128, alignment: 1) { room in
                var count = unsafe method.copy(into: room)
                unsafe room[min(count, room.count - 1)] = UInt8(ascii: " ")
                count = min(count + 1, room.count)
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: room[count...])
                count += unsafe path.copy(into: rest)
                unsafe places.note(UnsafeRawBufferPointer(rebasing: room[..<count]), at: place)
            }
        }
    }

    /// Nobody listens behind the claimed place, since the supervisor is gone or the process is just
    /// being replaced. Nothing was run: the exchange waits for another one.
    mutating func returnToQueue() -> Bool {
        guard let place, times.admitted != nil else { return false }
        let isReturned = shared.use { shared in
            guard case .application(let places) = shared.admission else { return false }
            places.doubt(place)
            return true
        }
        guard isReturned == true, MonotonicTime.now < queueDeadline else {
            if isReturned == true { hasLeftPlace = true }
            return false
        }
        self.place = nil
        times.admitted = nil
        enterQueue()
        return true
    }

    mutating func noteConnected() {
        endpoint.use { $0.counters.madeConnection() }
        guard let place else { return }
        shared.use { $0.admission.connected(place) }
    }

    mutating func noteRefused() {
        _ = moveToOtherEndpoint(isWanted: false)
    }

    /// An endpoint refused the connection, so that nothing was run: another one may take it.
    mutating func moveToOtherEndpoint(isWanted: Bool = true) -> Bool {
        guard let refused = place else { return false }
        if refused < 64 { triedPlaces |= 1 << UInt64(refused) }
        let tried = isWanted ? triedPlaces : .max
        let other = shared.use { $0.admission.refused(refused, tried: tried, now: .now) } ?? nil
        guard let other else { return false }
        moveTo(other)
        return true
    }

    private mutating func moveTo(_ elected: Int) {
        place = elected
        shared.use { shared in
            let index = shared.admission.endpoint(of: elected)
            guard shared.endpoints.indices.contains(index) else { return }
            endpoint.take(shared.endpoints[index])
        }
        noteRequest()
    }
}
