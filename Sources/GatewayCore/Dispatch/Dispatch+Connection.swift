// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform
internal import Transport

/// The way to a connection and back.
extension Dispatch {
    /// What applications read of a request whether they want it or not.
    private static let readAheadSize = 8_192

    mutating func beginConnecting() {
        shared.use { $0.closing.serveUnlessMaintained() }
        times.connectBegan = .now
        if let supplied = options.supplied {
            connection = Connection(
                supplied: supplied.descriptor, isNonblocking: supplied.isNonblocking,
                timeout: supplied.timeout, isTCP: supplied.isTCP)
            connection.record.lastRequestID = supplied.previousRequestID
            isReused = supplied.previousRequestID != 0
            beginExchange(
                requestID: supplied.requestID, isKept: supplied.keepsConnection,
                now: times.connectBegan)
            return
        }
        if let kept = takeIdle() {
            connection = kept
            isReused = true
            beginExchange(
                requestID: nextRequestID,
                isKept: keepsConnections, now: times.connectBegan)
            return
        }
        beginFresh()
    }

    /// Connects anew, whatever is idle.
    mutating func beginFresh() {
        guard let backend, let endpointIndex, endpointIndex < backend.endpointCount else {
            return fail(Failure(.connectFailed, .connect, "the backend has no address"))
        }
        shared.use { $0.makeRoomForConnection() }
        connector = Connector(backend.endpoint(endpointIndex))
        pendingConnect = nil
        state = .connecting
    }

    /// Goes on connecting, and waits for it where the exchange may wait.
    mutating func connect() -> Step? {
        let due = deadline
        switch connectStep() {
        case .connected(let fresh):
            connector = nil
            connection = fresh
            noteConnected()
            beginExchange(requestID: 1, isKept: keepsConnections, now: .now)
            return nil
        case .failed(let error):
            connector = nil
            if (error.isOutOfDescriptors && shedIdle()) || moveToOtherEndpoint() {
                beginFresh()
            } else if error.isNobodyListening, returnToQueue() {
                return nil
            } else {
                fail(Failure(.connectFailed, .connect, "connecting failed", system: error))
            }
            return nil
        case .pending(let pending):
            guard MonotonicTime.now < due.time else {
                connector = nil
                noteRefused()
                fail(Failure(.timedOut, due.stage, "connecting took too long"))
                return nil
            }
            pendingConnect = pending
            if options.isNonblocking { return .again }
            let until = min(due.time, pending.retryAt)
            _ = pending.interest.wait(on: pending.descriptor, until: until)
            return nil
        }
    }

    /// An idle connection of any backend gives its descriptor up.
    func shedIdle() -> Bool {
        backend?.gateway.shedIdle() ?? false
    }

    private mutating func connectStep() -> Connector.Step {
        connector?.step() ?? .failed(.badDescriptor)
    }

    /// Another one than the last on the connection, and none that the application guesses: what it
    /// sends before it is asked is no answer then. The clock will do for that.
    private var nextRequestID: UInt16 {
        mutating get {
            let mixed = UInt64(bitPattern: times.connectBegan.nanoseconds) &* 0x9E37_79B9_7F4A_7C15
            let number = UInt16(truncatingIfNeeded: mixed >> 49)
            // From 3 to 32770, since 1 and 2 are what others use in turns; beyond that up to 65535.
            let identifier = number &+ 3
            let isTaken = identifier == connection.record.lastRequestID
            return isTaken ? identifier &+ 32_765 : identifier
        }
    }

    /// A kept connection; one that the request could not be sent again on is looked at first.
    private mutating func takeIdle() -> Connection? {
        guard keepsConnections else { return nil }
        let isRepeatable = mayBeSentTwice
        let now = times.connectBegan
        let kept: Connection.Record?? = endpoint.use { endpoint in
            while let kept = endpoint.pool.acquire(now: now, isRepeatable: isRepeatable) {
                if isRepeatable || kept.isAliveAndEmpty() { return kept.keep() }
                endpoint.pool.foundClosed(kept.record, now: now)
            }
            return nil
        }
        guard let kept, let kept else { return nil }
        return Connection(kept)
    }

    private mutating func beginExchange(
        requestID: UInt16, isKept: Bool, now: MonotonicTime
    ) {
        guard let content = unsafe content else { return }
        times.connected = now
        times.sendProgress = now
        let role = unsafe content.pointee.role
        unsafe content.pointee.head.finish(
            requestID: requestID, role: role, keepConnection: isKept)
        stream.begin(
            requestID: requestID, headCount: unsafe content.pointee.head.count,
            hasStdin: role != .authorizer)
        reader.begin(
            requestID: requestID, previousID: connection.record.lastRequestID,
            isHeadRequest: unsafe content.pointee.isHeadRequest,
            tellsInterim: options.tellsInterim, takesAnyLength: options.takesAnyLength)
        connection.record.lastRequestID = requestID
        input.removeAll()
        lookahead = nil
        bodyBuffer.removeAll()
        bodyOffset = 0
        bodyPosition = 0
        isSendOver = false
        isSendBlocked = false
        isReceiveDue = false
        lastChance = .distantFuture
        sendError = nil
        hasReceived = false
        state = .exchanging
    }

    /// The exchange is complete: the connection is kept if it can serve another one.
    mutating func releaseConnection() {
        guard isReusable, !connection.record.isSupplied, keepsConnections else {
            return dropConnection()
        }
        var kept = Connection.none
        swap(&kept, &connection)
        kept.record.servedCount &+= 1
        kept.record.hadLargeBody = counts.sent > UInt64(Self.readAheadSize)
        let record = kept.keep()
        let now = times.ended ?? .now
        endpoint.use { $0.pool.release(record, now: now) }
        shared.use { $0.noteIdle(now: now) }
    }

    mutating func dropConnection() {
        connector = nil
        connection = .none
    }

    /// Promise 5: complete, nothing unread, nothing unsent.
    package var isReusable: Bool {
        mutating get {
            failure == nil && stream.isDone && !isSendOver
                && reader.isReusable(unread: input.unread)
        }
    }
}
