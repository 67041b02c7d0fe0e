// SPDX-License-Identifier: Apache-2.0

package import FastCGI
internal import Platform
package import Transport

/// One exchange from top to bottom: takes a connection, sends the request, receives the response,
/// gives the connection back.
///
/// Blocking and event-driven hosts use the same steps; only waiting differs. One thread at a time.
/// Getters that each request uses are `mutating`, since the compiler copies the whole exchange for
/// others. `Dispatch+Connection` has the way to a connection and back, `Dispatch+Body` where the
/// request's body comes from, `Dispatch+Spool` how a body of unknown length is gathered first,
/// `Dispatch+Transfer` sending, receiving and deadlines.
@safe
package struct Dispatch: ~Copyable {
    /// What a call to `next` comes back with. Bytes are valid until more has to be received.
    package enum Step {
        /// Wait as `wait` says, then call again.
        case again
        case interim
        case head(isLocalRedirect: Bool)
        case body(BorrowedBytes)
        case stderr(BorrowedBytes)
        case wantsBody
        case end
    }

    enum State { case resting, opened, spooling, queued, connecting, exchanging, ending, ended }

    /// The fields of the response as C reads them. Kept here, so that a request allocates nothing.
    package var fieldMemory = ByteBuffer()

    var state = State.resting
    /// Keeps what `content` points to.
    private var request: Request?
    var content: UnsafeMutablePointer<RequestContent>?
    /// Of the request, once it is ready to be sent.
    var body = RequestBody.none
    /// Holds the body from `spooling` on, where it had to be gathered.
    var spool: SpooledBody?
    var isIdempotent = false
    private(set) var backend: Backend?
    /// What the backend has in this process.
    var shared = Kept<BackendState>()
    /// What the backend has for the endpoint that the exchange runs at.
    var endpoint = Kept<EndpointState>()
    var isSIGPIPEIgnored = false
    var keepsConnections = false
    var options: DispatchOptions
    var forkGeneration: UInt32 = 0

    var waiter: Waiter?
    /// The endpoint that the exchange runs at.
    var place: Int?
    /// Endpoints that refused it, as bits.
    var triedPlaces: UInt64 = 0
    /// The place was given back, or is given back by whoever closes the connection.
    var hasLeftPlace = false
    /// The place that the host's connection holds is given back by whoever closes the connection.
    var hasTakenSharedPlace = false
    var drainOptions: (timeout: UInt32?, size: Int) = (nil, 0)

    var connection = Connection.none
    var connector: Connector?
    var pendingConnect: Connector.Pending?
    /// Whether the connection served an exchange before this one.
    var isReused = false
    var isRetried = false

    package internal(set) var reader: ResponseReader
    var stream = RequestStream()
    var vector = GatherVector()
    var input: InputBuffer
    /// An event that was read ahead, to tell the host whether more is at hand.
    var lookahead: ResponseEvent?
    var isHeadTold = false
    var hasReceived = false

    /// A piece of a body that a callback supplied.
    var bodyBuffer = ByteBuffer()
    /// What of it, or of a body in memory, is sent.
    var bodyOffset = 0
    /// How much of the body its source has given.
    var bodyPosition: UInt64 = 0
    var isBodyAtEnd = false
    var wantsBody = WantsBody.no

    /// The application takes nothing more; its answer is what counts.
    var isSendOver = false
    var isSendBlocked = false
    /// After a request was sent there is nothing to receive yet: a first attempt would be wasted.
    var isReceiveDue = false
    /// The deadline at which something was received once more.
    var lastChance = MonotonicTime.distantFuture
    /// `sendProgress` is the time of this turn.
    var hasJustSent = false
    /// The host was given the turn though nothing has to be waited for.
    var hasYielded = false
    /// The error that ended sending.
    var sendError: SystemError?

    var times = Times()
    var counts = Counts()
    var failure: Failure?

    /// Whether the host was asked for a piece of the body that it writes.
    enum WantsBody { case no, told, declined }

    struct Times {
        var opened = MonotonicTime(nanoseconds: 0)
        /// When the whole request was at hand that has to be before it is sent.
        var ready = MonotonicTime(nanoseconds: 0)
        var queued: MonotonicTime?
        var admitted: MonotonicTime?
        var connectBegan = MonotonicTime(nanoseconds: 0)
        var connected: MonotonicTime?
        var sendProgress = MonotonicTime(nanoseconds: 0)
        var sent: MonotonicTime?
        var firstByte: MonotonicTime?
        var received = MonotonicTime(nanoseconds: 0)
        var bodyProgress = MonotonicTime(nanoseconds: 0)
        var ended: MonotonicTime?
    }

    struct Counts {
        var sent: UInt64 = 0
        var received: UInt64 = 0
        var body: UInt64 = 0
    }

    package init(options: BackendOptions) {
        self.options = DispatchOptions(timeouts: options.timeouts)
        reader = ResponseReader(limits: options.limits)
        input = InputBuffer(capacity: options.ioBufferSize)
    }

    /// Begins an exchange; `next` does the work.
    mutating func open(
        _ request: Request, on backend: Backend, state shared: BackendState,
        options: DispatchOptions
    ) {
        self.request = request
        self.backend = backend
        self.shared.take(shared)
        self.options = options
        isSIGPIPEIgnored = backend.gateway.isSIGPIPEIgnored
        keepsConnections = backend.options.keepsConnections
        drainOptions = (backend.options.drainTimeout, backend.options.drainSize)
        hasTakenSharedPlace = false
        unsafe content = request.content
        unsafe request.content.pointee.beginUse()
        body = unsafe request.content.pointee.body
        forkGeneration = ForkGeneration.current
        state = .opened
        isReused = false
        isRetried = false
        isHeadTold = false
        times = Times()
        times.opened = .now
        times.ready = times.opened
        counts = Counts()
        failure = nil
        place = nil
        triedPlaces = 0
        bodyPosition = 0
        isBodyAtEnd = false
        wantsBody = .no
    }

    /// Ends the exchange and lets go of everything that is not memory to be used again.
    package mutating func close() {
        // What a parent process began is the parent's to end.
        if !isInherited { cancel() }
        waiter = nil
        dropConnection()
        unsafe content?.pointee.endUse()
        unsafe content = nil
        request = nil
        body = .none
        spool = nil
        options.traffic = nil
        lookahead = nil
        state = .resting
        endpoint.drop()
        shared.drop()
        backend = nil
    }

    package var isInherited: Bool { mutating get { forkGeneration != ForkGeneration.current } }
    package var isNonblocking: Bool { mutating get { options.isNonblocking } }
    package var isBodyWritten: Bool {
        mutating get { if case .written = body { true } else { false } }
    }
    package var hasEnded: Bool { mutating get { state == .ended } }

    /// Whether the next call answers at once from what was received, so that the bytes of the last
    /// step stay valid until the call after that.
    package var hasMore: Bool {
        mutating get {
            if case .ending = state { return true }
            if case nil = lookahead { return false }
            return true
        }
    }

    /// How often one call of an event-driven host sends and receives without anything to tell: its
    /// other exchanges wait meanwhile.
    private static let maxTurns = 16

    /// What happens next.
    package mutating func next() -> Step {
        hasYielded = false
        var turns = 0
        while true {
            switch state {
            case .opened: begin()
            case .spooling:
                if let step = gatherBody() { return step }
                turns += 1
            case .queued:
                if let step = waitInQueue() { return step }
            case .connecting:
                if let step = connect() { return step }
            case .exchanging:
                if let step = exchange() { return step }
                turns += 1
            case .ending:
                state = .ended
                return .end
            case .ended, .resting: return .end
            }
            if turns == Self.maxTurns, options.isNonblocking {
                hasYielded = true
                return .again
            }
        }
    }

    /// The host gives up.
    package mutating func cancel() {
        guard state != .resting, state != .ending, state != .ended else { return }
        fail(Failure(.cancelled, stage, "the host gave up"))
    }

    var stage: Stage {
        mutating get {
            switch state {
            case .resting, .opened, .connecting: .connect
            case .spooling: .send
            case .queued: .queue
            case .exchanging: isHeadTold ? .body : times.sent == nil ? .send : .head
            case .ending, .ended: .end
            }
        }
    }

    mutating func begin() {
        guard let content = unsafe content else { return }
        if let flaw = unsafe content.pointee.flaw { return fail(flaw.failure) }
        body = unsafe content.pointee.body
        isIdempotent = unsafe content.pointee.isIdempotent
        if let spool = unsafe content.pointee.makeSpool() { return beginSpooling(into: spool) }
        enterQueueWithLength()
    }

    /// The length of the body is known, if it is ever told: the exchange may have its turn.
    mutating func enterQueueWithLength() {
        do {
            try unsafe content?.pointee.addLength(of: body)
        } catch {
            return fail(error.failure)
        }
        enterQueue()
    }

    /// One turn of the exchange: what was received is read before anything is waited for.
    private mutating func exchange() -> Step? {
        switch nextEvent() {
        case .needsInput: break
        case .interim: return .interim
        case .head(let isLocalRedirect):
            isHeadTold = true
            if !isLocalRedirect { input.correctLength(of: &reader) }
            times.bodyProgress = times.received
            return .head(isLocalRedirect: isLocalRedirect)
        case .body(let range):
            counts.body += UInt64(range.count)
            times.bodyProgress = times.received
            lookAhead()
            return .body(input.part(range))
        case .stderr(let range):
            lookAhead()
            return .stderr(input.part(range))
        case .end(let end):
            conclude(end)
            return nil
        }
        if let step = askForBody() { return step }
        return transfer()
    }

    private mutating func nextEvent() -> ResponseEvent {
        if let event = lookahead {
            lookahead = nil
            return event
        }
        return input.next(of: &reader)
    }

    private mutating func lookAhead() {
        let event = input.next(of: &reader)
        if case .needsInput = event { return }
        lookahead = event
    }

    /// The response has ended, well or not.
    mutating func conclude(_ end: ResponseEnd) {
        if case .cannotMultiplex = end, retryOnConnectionOfItsOwn() { return }
        if case .protocolError(let fault) = end, retryAfterStrayBytes(fault) { return }
        if let failure = Failure(end, stage: stage) {
            fail(failure)
        } else {
            times.ended = times.received
            releaseConnection()
            finish()
        }
    }

    mutating func fail(_ failure: Failure) {
        self.failure = failure
        times.ended = .now
        leaveQueue()
        switch failure.outcome {
        case .timedOut where isClaimOverdue: leaveOverdue()
        case .cancelled, .timedOut: abandonConnection()
        default: dropConnection()
        }
        lookahead = nil
        finish()
    }

    private mutating func finish() {
        state = .ending
        leavePlace()
        let ended = BackendCounters.Ended(
            outcome: failure?.outcome ?? .complete, isReused: isReused, isRetried: isRetried,
            lateRecords: times.connected == nil ? 0 : UInt64(reader.lateRecords),
            bytesSent: counts.sent, bytesReceived: counts.received)
        if endpoint.use({ $0.counters.count(ended) }) == nil {
            shared.use { $0.counters.count(ended) }
        }
    }
}

extension RequestHead.Refusal {
    fileprivate var failure: Failure {
        var failure = Failure(.badRequest, .send, reason)
        if case .overLimit = self { failure.httpStatus = 431 }
        return failure
    }

    fileprivate var reason: StaticString {
        switch self {
        case .emptyName: "a parameter has no name"
        case .holdsNUL: "a parameter holds a NUL byte"
        case .overLimit: "the params are larger than max_params_size"
        }
    }
}
