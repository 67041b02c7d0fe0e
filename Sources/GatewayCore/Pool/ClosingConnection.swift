// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform
internal import Transport

/// A connection whose exchange was given up.
///
/// Closed at once, some applications would keep a thread that waits for the rest of the request
/// for ever. So the application is told that nothing more comes (see `RequestStream.abandon`), and
/// what it still sends is read and dropped, up to END_REQUEST or a limit.
struct ClosingConnection: Sendable {
    enum State {
        /// Nothing came for now.
        case waits
        /// More is there than one call reads.
        case hasMore
        /// The application has ended its answer, or the connection.
        case finished
        case givenUp

        /// The connection is to be closed now.
        var isOver: Bool { self == .finished || self == .givenUp }
    }

    private static let timeLimit: UInt32 = 5_000
    private static let sizeLimit = 1_048_576
    /// What one call reads: who serves a connection has something else to do.
    private static let sizeOfTurn = 65_536

    var record: Connection.Record
    /// At an endpoint, given back when the connection is closed.
    let place: Int?
    private let deadline: MonotonicTime
    private let sizeLimit: Int
    private let farewell: Farewell
    private var sentCount = 0
    private var isHalfClosed = false
    private var records: RecordReader
    private let requestID: UInt16
    private var drainedCount = 0

    /// - Parameters:
    ///   - record: of the connection
    ///   - place: to be given back
    ///   - until: how long a supervised process may take, without a limit of bytes; nil elsewhere
    ///   - farewell: what is still to be sent
    ///   - records: where in the answer the exchange was
    init(
        _ record: Connection.Record, place: Int?, until: MonotonicTime?, farewell: Farewell,
        records: RecordReader
    ) {
        self.record = record
        self.place = place
        requestID = record.lastRequestID
        self.farewell = farewell
        self.records = records
        deadline = until ?? MonotonicTime.now.advanced(byMilliseconds: Self.timeLimit)
        sizeLimit = until == nil ? Self.sizeLimit : .max
    }

    /// Goes on as far as nothing has to be waited for, and not for long.
    mutating func serve(now: MonotonicTime) -> State {
        let connection = Connection(record)
        let isBroken = send(on: connection)
        let state = now >= deadline ? .givenUp : isBroken ? .finished : drain(connection)
        _ = connection.keep()
        return state
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
            while drainedCount < sizeLimit {
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
            return .givenUp
        }
    }
}
