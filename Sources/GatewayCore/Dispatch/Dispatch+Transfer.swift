// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform
package import Transport

/// Sending and receiving, at the same time, and how long each may take.
extension Dispatch {
    /// What a blocking write may hold: it fits the buffer of an empty socket.
    private static let maxBlockingWrite = 32_768

    private var isSending: Bool { !stream.isDone && !isSendOver }

    /// Sends and receives once; waits only in a blocking exchange.
    mutating func transfer() -> Step? {
        if isSending, !isSendBlocked {
            guard sendAtHand() else { return nil }
            // More may be at hand than one write takes, or be had from the host now.
            if isSending, !isSendBlocked, stream.plan.size > 0 { return nil }
        }
        return options.isNonblocking ? receiveOrLeave() : waitAndReceive()
    }

    // MARK: Sending

    /// Sends as much as one write takes; false when the exchange ended over it.
    private mutating func sendAtHand() -> Bool {
        guard let atHand = nextPiece() else {
            fail(Failure(.cancelled, .send, "the request's body cannot be had"))
            return false
        }
        stream.planWrite(window: atHand.bytes.count, isLast: atHand.isLast)
        guard stream.plan.size > 0 else { return true }
        connection.setBlocking(!options.isNonblocking)
        connection.armSend(options.timeouts.send)
        let pieces: [1 of BorrowedBytes] = [atHand.bytes]
        bodyOffset += send(pieces.span, isLast: atHand.isLast)
        noteSent()
        return true
    }

    /// Whether the write holds the whole request, and will not have to wait: who waits in it does
    /// not receive, and an application that answers before it reads would wait as well.
    private func mayWait(isLast: Bool) -> Bool {
        isLast && !stream.hasBegun && stream.plan.size <= Self.maxBlockingWrite
    }

    /// Sends the plan; answers how many bytes of the body were taken.
    mutating func send(_ pieces: Span<BorrowedBytes>, isLast: Bool) -> Int {
        fillVector(pieces)
        switch connection.send(
            vector, isImmediate: !mayWait(isLast: isLast), isSIGPIPEIgnored: isSIGPIPEIgnored)
        {
        case .done(let count):
            counts.sent += UInt64(count)
            times.sendProgress = .now
            hasJustSent = true
            isSendBlocked = count < stream.plan.size
            if let tell = options.traffic { vector.forFirst(count) { tell(true, $0) } }
            return stream.sent(count)
        case .wouldBlock:
            isSendBlocked = true
        case .failed(let error):
            // Not yet a failed request: the answer may be there to be read.
            isSendOver = true
            times.sendProgress = .now
            sendError = error
        case .ended:
            isSendOver = true
        }
        return 0
    }

    mutating func noteSent() {
        if times.sent == nil, !isSending { times.sent = times.sendProgress }
    }

    private mutating func fillVector(_ pieces: Span<BorrowedBytes>) {
        vector.removeAll()
        for index in 0..<stream.plan.count {
            let range = stream.plan.range(at: index)
            switch stream.plan.source(at: index) {
            case .head:
                if let content = unsafe content {
                    let head = unsafe BorrowedBytes(content.pointee.head.address)
                    vector.append(head.part(range))
                }
            case .pending: vector.append(unsafe .init(stream.pendingAddress).part(range))
            case .framing: vector.append(unsafe .init(stream.framingAddress).part(range))
            case .body: addBody(range, of: pieces)
            }
        }
    }

    /// A range of the body may lie over several of its pieces.
    private mutating func addBody(_ range: Range<Int>, of pieces: Span<BorrowedBytes>) {
        var start = 0
        for index in pieces.indices {
            let end = start + pieces[index].count
            let part = range.clamped(to: start..<end)
            vector.append(pieces[index].part(part.lowerBound - start..<part.upperBound - start))
            start = end
        }
    }

    // MARK: Receiving

    private mutating func waitAndReceive() -> Step? {
        let due = deadline
        // The clock was read a moment ago if something was sent just now.
        let now = hasJustSent ? times.sendProgress : .now
        hasJustSent = false
        if now >= due.time { return takeLastChance(due) }
        if isSending {
            var interest: Interest = .read
            if isSendBlocked { interest.insert(.write) }
            let ready = interest.wait(on: connection.descriptor, until: due.time)
            if ready.contains(.write) { isSendBlocked = false }
            if ready.contains(.read) { receive(isImmediate: true) }
            return nil
        }
        let left = due.time.milliseconds(from: now)
        connection.setBlocking(true)
        connection.armReceive(left)
        if connection.receivesWithin(left) {
            acknowledgeAtOnce()
            receive(isImmediate: false)
        } else if Interest.read.wait(on: connection.descriptor, until: due.time) != [] {
            receive(isImmediate: true)
        }
        return nil
    }

    /// What came is no whole answer, and the rest may wait for it to be acknowledged. On a fresh
    /// connection the kernel does so by itself; it forgets it with each receive.
    private mutating func acknowledgeAtOnce() {
        guard hasReceived, isReused || connection.record.isSupplied else { return }
        connection.acknowledgeAtOnce()
    }

    private mutating func receiveOrLeave() -> Step? {
        let due = deadline
        if MonotonicTime.now >= due.time { return takeLastChance(due) }
        // To the last byte and the end of the connection, of which nothing tells a second time.
        if isReceiveDue, receive(isImmediate: true) { return nil }
        if !isSending { acknowledgeAtOnce() }
        isReceiveDue = true
        isSendBlocked = false
        return .again
    }

    /// Receives once; answers whether something came, be it the end.
    @discardableResult
    private mutating func receive(isImmediate: Bool) -> Bool {
        switch unsafe connection.receive(into: input.room, isImmediate: isImmediate) {
        case .done(let count):
            input.received(count)
            counts.received += UInt64(count)
            if let tell = options.traffic { tell(false, input.part(0..<count)) }
            times.received = .now
            if !hasReceived {
                hasReceived = true
                times.firstByte = times.received
            }
            return true
        case .wouldBlock: return false
        case .ended: inputEnded(nil)
        case .failed(let error): inputEnded(error)
        }
        return true
    }

    /// What a kept connection that ends before a byte came says of its application.
    private mutating func noteClosed() {
        guard isReused, !hasReceived, !connection.record.isSupplied else { return }
        endpoint.use { $0.pool.foundClosed(connection.record, now: times.connectBegan) }
    }

    /// The application has closed the connection, or it broke.
    private mutating func inputEnded(_ error: SystemError?) {
        input.removeAll()
        noteClosed()
        if retryOnFreshConnection() { return }
        let event = reader.inputEnded()
        guard case .end(let end) = event else {
            lookahead = event
            return
        }
        conclude(end)
        if failure != nil {
            failure?.system = error ?? sendError
            if !hasReceived { failure?.reason = "the application closed without an answer" }
        }
    }

    // MARK: Deadlines

    /// What came in time counts, though the host did not ask for it before: it is received once.
    private mutating func takeLastChance(_ due: (time: MonotonicTime, stage: Stage)) -> Step? {
        let isFirst = lastChance != due.time
        lastChance = due.time
        if isFirst, receive(isImmediate: true) { return nil }
        fail(Failure(.timedOut, due.stage, "the application took too long"))
        return nil
    }

    /// The next deadline, and what it is that takes too long then.
    var deadline: (time: MonotonicTime, stage: Stage) {
        mutating get {
            var due = stageDeadline
            if options.timeouts.total > 0 {
                let total = times.opened.advanced(byMilliseconds: options.timeouts.total)
                if total < due.time { due = (total, .total) }
            }
            if let runDeadline, runDeadline < due.time { due = (runDeadline, .total) }
            return due
        }
    }

    var queueDeadline: MonotonicTime {
        mutating get { times.ready.advanced(byMilliseconds: options.timeouts.queue) }
    }

    /// When a supervised process has had the exchange for too long.
    var runDeadline: MonotonicTime? {
        mutating get {
            guard options.timeouts.run > 0 else { return nil }
            return times.admitted?.advanced(byMilliseconds: options.timeouts.run)
        }
    }

    private var stageDeadline: (time: MonotonicTime, stage: Stage) {
        mutating get {
            let timeouts = options.timeouts
            if state == .spooling { return (.distantFuture, .send) }
            if state == .queued {
                return (queueDeadline, .queue)
            }
            if state == .connecting {
                return (times.connectBegan.advanced(byMilliseconds: timeouts.connect), .connect)
            }
            let read = times.bodyProgress.advanced(byMilliseconds: timeouts.read)
            guard isSending else {
                if isHeadTold { return (read, .body) }
                let sent = times.sent ?? times.sendProgress
                return (sent.advanced(byMilliseconds: timeouts.head), .head)
            }
            if waitsForHost, options.isNonblocking { return (.distantFuture, .send) }
            let send = times.sendProgress.advanced(byMilliseconds: timeouts.send)
            // An application that answers while it takes nothing is at work all the same.
            return isHeadTold ? (max(send, read), .body) : (send, .send)
        }
    }

    // MARK: Waiting, for event-driven hosts

    package struct Wait {
        package var descriptor: Int32
        package var interest: Interest
        /// Nil: no deadline.
        package var milliseconds: UInt32?
    }

    package var wait: Wait {
        mutating get {
            var until = deadline.time
            var interest: Interest = .read
            var descriptor = connection.descriptor
            if state == .spooling {
                interest = []
            } else if state == .queued, let waiter {
                descriptor = waiter.descriptor
                let next = shared.use { $0.closing.nextDeadlineOfWaiter } ?? .distantFuture
                until = min(until, next)
            } else if state == .connecting, let pendingConnect {
                until = min(until, pendingConnect.retryAt)
                interest = pendingConnect.interest
                descriptor = pendingConnect.descriptor
            } else if state == .exchanging, isSending, !waitsForHost {
                interest.insert(.write)
            }
            if hasYielded { until = .now }
            let isBounded = until < .distantFuture
            return Wait(
                descriptor: descriptor, interest: interest,
                milliseconds: isBounded ? until.milliseconds(from: .now) : nil)
        }
    }

    /// Waits for that on this thread, at most so many milliseconds; answers whether `next` has
    /// something to do.
    package mutating func block(_ most: UInt32) -> Bool {
        if state == .spooling, wantsBody != .no { return blockForHost(most) }
        let due = wait
        let left = due.milliseconds ?? .max
        let isSimple = state == .exchanging && due.interest == .read && left <= most
        if isSimple, connection.receivesWithin(left) {
            // What is to come then is waited for again: a first look would be wasted.
            isReceiveDue = !receive(isImmediate: false)
            return true
        }
        let time = min(left, most)
        let until = MonotonicTime.now.advanced(byMilliseconds: time)
        return due.interest.wait(on: due.descriptor, until: until) != [] || left <= most
    }
}
