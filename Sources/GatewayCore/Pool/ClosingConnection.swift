// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform
internal import Transport

/// A connection whose exchange was given up.
///
/// Closed at once, some applications would keep a thread that waits for the rest of the request
/// for ever. So the application is told that nothing more comes (see `RequestStream.abandon`), and
/// what it still sends is read and dropped, up to END_REQUEST or a limit.
///
///     draining ──END_REQUEST, end of the connection──▶ finished
///        │ limit, somebody waits, event stream
///        ├──▶ overdue: closed
///        └──▶ hurried, where a supervised process is claimed: its writes fail, until it has closed
///             the connection, or has had its claim for too long
struct ClosingConnection: Sendable {
    enum State {
        /// Nothing came for now.
        case waits
        /// More is there than one call reads.
        case hasMore
        /// The application has ended its answer, or the connection.
        case finished
        /// A limit is reached, and the connection is to be closed.
        case overdue

        var isOver: Bool { self == .finished || self == .overdue }
    }

    /// What the connection counts as until it is closed.
    enum Place: Sendable {
        case none
        /// Of the backend's admission.
        case admitted(Int)
        /// Of those that processes share.
        case shared(SharedPlace)
    }

    struct Limits: Sendable {
        var until: MonotonicTime
        var size: Int
        /// How long a supervised process may keep its claim; nil elsewhere.
        var claim: MonotonicTime?
    }

    /// What one call reads: who serves a connection has something else to do.
    private static let sizeOfTurn = 65_536

    var record: Connection.Record
    let place: Place
    private var limits: Limits
    private let farewell: Farewell
    private var sentCount = 0
    private var isHalfClosed = false
    /// Others wait for the process to be done; the end of its response no longer matters.
    private(set) var isHurried = false
    private var refusesMore = false
    private var records: RecordReader
    private let requestID: UInt16
    private var drainedCount = 0

    /// - Parameters:
    ///   - record: of the connection
    ///   - place: to be given back
    ///   - limits: of draining
    ///   - farewell: what is still to be sent
    ///   - records: where in the answer the exchange was
    init(
        _ record: Connection.Record, place: Place, limits: Limits, farewell: Farewell,
        records: RecordReader
    ) {
        self.record = record
        self.place = place
        self.limits = limits
        self.farewell = farewell
        self.records = records
        requestID = record.lastRequestID
    }

    /// A supervised process runs the exchange, and may not be given another one before.
    var isClaimed: Bool { limits.claim != nil }

    /// What is to be waited for before it is served again, beside the end of the connection.
    var watch: Interest.Watch {
        var interest: Interest = refusesMore ? [] : .read
        if sentCount < farewell.bytes.count { interest.insert(.write) }
        return Interest.Watch(record.descriptor, interest)
    }

    /// When it has to be served whatever comes.
    var deadline: MonotonicTime { limits.until }

    /// Goes on as far as nothing has to be waited for, and not for long.
    mutating func serve(now: MonotonicTime) -> State {
        let connection = Connection(record)
        var state = step(on: connection, now: now)
        if state == .overdue, isClaimed, !isHurried {
            hurry(connection)
            state = now >= limits.until ? .overdue : .waits
        }
        _ = connection.keep()
        return state
    }

    /// Draining delays somebody: a claimed process is to be done soon. It sees that as soon as it
    /// writes, unless it was told already that its request is cut short.
    mutating func hurry() {
        let connection = Connection(record)
        hurry(connection)
        _ = connection.keep()
    }

    private mutating func hurry(_ connection: borrowing Connection) {
        guard let claim = limits.claim, !isHurried else { return }
        isHurried = true
        limits.until = claim
        limits.size = .max
        // With both ways shut, nothing would show that the process has closed its side.
        guard !farewell.isCutShort else { return }
        refusesMore = true
        connection.refuseMore()
    }

    private mutating func step(on connection: borrowing Connection, now: MonotonicTime) -> State {
        let isBroken = send(on: connection)
        if now >= limits.until { return .overdue }
        if isBroken { return .finished }
        if refusesMore { return connection.hasHungUp ? .finished : .waits }
        return drain(connection)
    }

    /// Answers whether the connection is broken.
    private mutating func send(on connection: borrowing Connection) -> Bool {
        if sentCount < farewell.bytes.count {
            var vector = GatherVector()
            let result = unsafe farewell.bytes.withUnsafeBytes { bytes in
                unsafe vector.append(BorrowedBytes(bytes).dropping(sentCount))
                return connection.send(vector, isImmediate: true, isSIGPIPEIgnored: false)
            }
            switch result {
            case .done(let count): sentCount += count
            case .wouldBlock: return false
            case .ended, .failed: return true
            }
        }
        if farewell.isCutShort, !isHalfClosed, sentCount == farewell.bytes.count {
            isHalfClosed = true
            connection.halfClose()
        }
        return false
    }

    private mutating func drain(_ connection: borrowing Connection) -> State {
        let before = drainedCount
        return unsafe withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { room in
            while drainedCount < limits.size {
                guard drainedCount - before < Self.sizeOfTurn else { return .hasMore }
                switch unsafe connection.receive(into: room, isImmediate: true) {
                case .wouldBlock: return .waits
                case .ended, .failed: return .finished
                case .done(let count):
                    drainedCount += count
                    let received = unsafe UnsafeRawBufferPointer(rebasing: room[..<count])
                    let input = unsafe RawSpan(_unsafeBytes: received)
                    if records.skipsToEnd(of: requestID, in: input) { return .finished }
                }
            }
            return .overdue
        }
    }
}
