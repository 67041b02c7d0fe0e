// SPDX-License-Identifier: Apache-2.0
import FastCGI

/// Whatever host, socket and application do, and in whichever order, over exchanges that follow
/// each other on one connection: what leaves is well-formed, complete means that the application
/// said so, nothing of an exchange shows up in the next, no connection is used again in doubt.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzExchange(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = FuzzInput(bytes, count)
    var connection = Connection()
    var serial = 0
    var isReusable = true
    while isReusable, !input.isEmpty, serial < 8 {
        serial += 1
        connection.begin(serial: serial, bodyCount: input.number() & 4_095)
        while !connection.isOver, !input.isEmpty {
            connection.act(input.byte(), input.number())
        }
        isReusable = connection.isReusable
        connection.check(isReusable: isReusable)
    }
    return 0
}

/// A connection with the exchange that runs on it: the gateway's two state machines, and what a
/// socket holds.
private struct Connection: ~Copyable {
    private var stream = RequestStream()
    private var reader = ResponseReader(limits: ExchangeLimits())
    private var head = RequestHead(limit: 100)
    private var requestID: UInt16 = 0
    private var previousID: UInt16 = 0
    private var serial = 0
    private var body: [UInt8] = []
    private var offered = 0
    private var consumed = 0
    /// What has left in this exchange, and what the gateway has received in it.
    private var sent: [UInt8] = []
    private var received: [UInt8] = []
    /// What the application has sent and nobody received yet.
    private var inSocket: [UInt8] = []
    private var isEndSent = false
    /// The application sent single bytes between its records, which may come to anything.
    private var isForged = false
    private var isClosed = false
    private var isBodyEnded = false
    private var isAbandoned = false
    private var isCutShort = false
    private var unread = 0
    private var isHeadTold = false
    private var told: [UInt8] = []
    private var end: ResponseEnd?

    var isOver: Bool { (end != nil && stream.isDone) || isAbandoned || (end != nil && isClosed) }

    /// As the core decides it.
    var isReusable: Bool {
        mutating get { !isAbandoned && stream.isDone && reader.isReusable(unread: unread) }
    }

    mutating func begin(serial: Int, bodyCount: Int) {
        previousID = requestID
        requestID = requestID == 1 ? 2 : 1
        self.serial = serial
        body = pattern(bodyCount)
        offered = 0
        consumed = 0
        sent = []
        received = []
        isEndSent = false
        isBodyEnded = false
        unread = 0
        isHeadTold = false
        told = []
        end = nil
        head.clear()
        head.finish(requestID: requestID, role: .responder, keepConnection: true)
        stream.begin(requestID: requestID, headCount: head.count)
        reader.begin(requestID: requestID, previousID: previousID, isHeadRequest: false)
    }

    mutating func act(_ command: UInt8, _ number: Int) {
        switch command & 15 {
        case 0, 1: offered = min(body.count, offered + number)
        case 2, 3, 4: write(most: number)
        case 5 where !isBodyEnded && !stream.hasUnsent: absorb()
        case 6, 7: receive(most: 1 + number)
        case 8: answer("Content-Type: text/plain\r\n\r\n")
        case 9: answer("Content-Length: \(number & 63)\r\n\r\n")
        case 10: inSocket += record(6, content: number & 127)
        case 11: inSocket += record(number & 1 == 0 ? 3 : 6, content: 0, to: requestID)
        case 12: inSocket += end(status: UInt8(number & 3 == 3 ? number >> 4 & 7 : 0))
        // Of the exchange before, or of none; or what is no record that an application sends.
        case 13 where number & 16 != 0: inSocket += record(6, content: number & 15, to: 7)
        // Two exchanges late, it could not be told from the answer.
        case 13 where !isEndSent: inSocket += record(6, content: number & 15, to: previousID)
        case 14: inSocket += record(UInt8(number & 15), content: number >> 4 & 15)
        default: act(seldom: number)
        }
    }

    private mutating func act(seldom number: Int) {
        switch number & 7 {
        case 0: isClosed = true
        case 1 where number & 0xF000 == 0xF000: abandon()
        case 2:
            inSocket += [UInt8(number >> 8)]
            isForged = true
        case 3: inSocket += end(status: 0, padding: UInt8(number >> 8))
        default: break
        }
    }

    // MARK: The host and the socket

    private mutating func write(most: Int) {
        let window = body[consumed..<offered]
        stream.planWrite(window: window.count, isLast: offered == body.count)
        let bytes = stream.plannedBytes(head: head.address, window: window)
        let count = min(most, bytes.count)
        sent += bytes[..<count]
        consumed += stream.sent(count)
    }

    private mutating func absorb() {
        let piece = Array(body[consumed..<offered])
        isBodyEnded = offered == body.count
        stream.absorb(piece.span.bytes, isLast: isBodyEnded)
        consumed = offered
    }

    private mutating func abandon() {
        let farewell = stream.abandon(
            head: head, piece: Array(body[consumed..<offered]).span.bytes)
        sent += farewell.bytes
        isAbandoned = true
        isCutShort = farewell.isCutShort
    }

    private mutating func receive(most: Int) {
        guard end == nil else { return }
        let piece = Array(inSocket.prefix(most))
        inSocket.removeFirst(piece.count)
        received += piece
        var position = 0
        while end == nil {
            switch reader.next(piece.span.bytes, at: &position) {
            case .needsInput:
                require(position == piece.count, "input is left over")
                if isClosed, inSocket.isEmpty { noteEnd(reader.inputEnded()) }
                return
            case .interim: require(false, "an interim head that nobody wants")
            case .head: noteHead()
            case .body(let range): told += piece[range]
            case .stderr: break
            case .end(let how): end = how
            }
        }
        unread = piece.count - position
    }

    private mutating func noteEnd(_ event: ResponseEvent) {
        switch event {
        case .head:
            noteHead()
            noteEnd(reader.inputEnded())
        case .end(let how): end = how
        default: fatalError("an ended connection is no end")
        }
    }

    private mutating func noteHead() {
        require(!isHeadTold, "two heads")
        isHeadTold = true
    }

    // MARK: The application

    /// Content that tells which exchange it is of.
    private func record(_ type: UInt8, content count: Int, to id: UInt16? = nil) -> [UInt8] {
        let owner = id == nil || id == requestID ? serial : serial - 1
        return WireRecord(
            type: type, requestID: id ?? requestID,
            content: Array(repeating: 128 + UInt8(owner), count: count)
        ).bytes
    }

    private mutating func answer(_ text: String) {
        inSocket += WireRecord.stdout(text).with(id: requestID).bytes
    }

    private mutating func end(status: UInt8, padding: UInt8 = 0) -> [UInt8] {
        isEndSent = true
        return WireRecord.end(status, padding: Int(padding)).with(id: requestID).bytes
    }

    // MARK: What has to hold

    func check(isReusable: Bool) {
        checkSent(isReusable: isReusable)
        require(isHeadTold || told.isEmpty, "a body before the head")
        require(
            isForged || told.allSatisfy { $0 < 128 || $0 == 128 + UInt8(serial) },
            "bytes of another exchange")
        if case .complete? = end { checkComplete() }
        guard isReusable else { return }
        guard case .complete? = end else { fatalError("used again behind a failure") }
        guard let records = WireRecord.decode(received) else {
            fatalError("used again within a record")
        }
        require(
            records.allSatisfy { $0.requestID == requestID || $0.requestID == 0 },
            "used again behind records of others")
        require(
            records.last?.type == 3 && records.last?.requestID == requestID,
            "used again before or behind the end")
    }

    private func checkSent(isReusable: Bool) {
        let isWhole = stream.isDone || isAbandoned
        let records = wholeRecords(of: sent)
        let rest = sent.count - records.reduce(0) { $0 + 8 + $1.content.count + $1.padding }
        require(!isWhole || rest == 0, "half a record at the end")
        require(!isReusable || isWhole, "used again before all is sent")
        guard !records.isEmpty else { return }
        require(records.allSatisfy { $0.requestID == requestID }, "records of another exchange")
        let isAborted = isAbandoned && isCutShort
        require(!isAborted || records.last?.type == 2, "no ABORT_REQUEST")
        let types = records.dropLast(isAborted ? 1 : 0).map(\.type)
        require(types.starts(with: [1, 4].prefix(types.count)), "no head")
        let stdin = records.prefix(types.count).dropFirst(2)
        require(stdin.allSatisfy { $0.type == 5 }, "not STDIN")
        require(stdin.dropLast().allSatisfy { !$0.content.isEmpty }, "an end before the end")
        require(!isWhole || isAborted || stdin.last?.content == [], "no end of STDIN")
        require(!isAborted || stdin.last?.content != [], "a body that did not end was ended")
        let content = stdin.flatMap(\.content)
        require(body.starts(with: content), "another body than was offered")
        require(!stream.isDone || isAbandoned || content == body, "a body cut short")
    }

    /// Promise 3: END_REQUEST, or a connection that ended when the body's end was certain.
    private func checkComplete() {
        require(isHeadTold, "complete without a head")
        let records = wholeRecords(of: received)
        let own = records.filter { $0.requestID == requestID }
        let hasEnded = own.contains { $0.type == 3 && $0.content.count == 8 && $0.content[4] == 0 }
        // Padding of the last record may be on its way.
        let isEndHere = hasEnded || unfinishedEnd
        let isStdoutEnded = own.contains { $0.type == 6 && $0.content.isEmpty }
        let declared = reader.head.contentLength
        let isSatisfied = declared.map { UInt64(told.count) >= $0 } ?? false
        require(
            isEndHere || (isClosed && (isStdoutEnded || isSatisfied)),
            "complete before the application said so")
        // A local redirect has no body, whatever it declares.
        guard case .document = reader.head.kind else { return }
        require(declared.map { UInt64(told.count) == $0 } ?? true, "complete and short")
    }

    private var unfinishedEnd: Bool {
        let rest = Array(
            received.dropFirst(
                wholeRecords(of: received).reduce(0) { $0 + 8 + $1.content.count + $1.padding }))
        return rest.count >= 16 && rest[0] == 1 && rest[1] == 3 && rest[12] == 0
    }
}

/// The records that a run of bytes begins with, as far as they are whole.
private func wholeRecords(of bytes: [UInt8]) -> [WireRecord] {
    var records: [WireRecord] = []
    var start = 0
    while bytes.count - start >= 8 {
        let size = 8 + Int(bytes[start + 4]) * 256 + Int(bytes[start + 5]) + Int(bytes[start + 6])
        guard bytes.count - start >= size,
            let record = WireRecord.decode(Array(bytes[start..<start + size]))
        else { break }
        records += record
        start += size
    }
    return records
}
