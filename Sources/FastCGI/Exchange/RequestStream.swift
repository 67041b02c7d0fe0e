// SPDX-License-Identifier: Apache-2.0

/// The gateway's side of an exchange: in which order head, STDIN records and STDIN's end leave.
///
/// The body stays where it is; the stream only says which of its bytes go where, and remembers how
/// far a write came. A write may end anywhere, within a record header too.
package struct RequestStream: ~Copyable {
    private var requestID: UInt16 = 1
    private var headCount = 0
    private var headSent = 0
    /// Bytes that have to leave before anything else, after the head.
    private var pending = ByteBuffer()
    private var pendingSent = 0
    /// Record headers and padding of the plan that was made last.
    private var framing = ByteBuffer(capacity: 512)
    /// Content that a header already sent has announced, and the padding behind it.
    private var openContent = 0
    private var openPadding = 0
    private var isEndWritten = false
    /// The write that is to be tried next.
    package private(set) var plan = SendPlan()

    package init() {}

    /// Starts over for another request, whose head is so many bytes.
    ///
    /// An authorizer has no STDIN, so that it has no end either. FastCGI 1.0 §6.3.
    package mutating func begin(requestID: UInt16, headCount: Int, hasStdin: Bool = true) {
        self.requestID = requestID
        self.headCount = headCount
        headSent = 0
        pending.removeAll()
        pendingSent = 0
        openContent = 0
        openPadding = 0
        isEndWritten = !hasStdin
    }

    /// Whether everything is sent, STDIN's end included.
    package var isDone: Bool { isEndWritten && !hasUnsent }

    /// Whether something is to be sent before a next piece of the body.
    package var hasUnsent: Bool { headSent < headCount || pendingSent < pending.count }

    /// Whether the params were sent to their end.
    package var isHeadSent: Bool { headSent == headCount }

    /// Whether a byte was sent.
    package var hasBegun: Bool { headSent > 0 }

    package var pendingAddress: UnsafeRawBufferPointer { unsafe pending.address }
    package var framingAddress: UnsafeRawBufferPointer { unsafe framing.address }

    /// Plans one write of what is unsent and of a piece of the body.
    ///
    /// - Parameters:
    ///   - window: bytes of the body that are at hand; the first is the first not sent yet
    ///   - isLast: the body ends behind them, so that the end of STDIN follows in the same write
    package mutating func planWrite(window: Int, isLast: Bool) {
        plan.removeAll()
        framing.removeAll()
        plan.add(.head, headSent..<headCount, .head)
        plan.add(.pending, pendingSent..<pending.count, .pending)
        guard !isEndWritten else { return }

        var offset = 0
        if openContent > 0 {
            offset = min(openContent, window)
            plan.add(.body, 0..<offset, .content(padding: openPadding))
            guard offset == openContent else { return }
            addPadding(openPadding)
        }
        while offset < window, plan.hasRoomForRecord {
            let content = min(window - offset, RecordHeader.maxContent)
            let padding = addHeader(content: content)
            plan.add(.body, offset..<offset + content, .content(padding: padding))
            addPadding(padding)
            offset += content
        }
        if isLast, offset == window {
            let start = framing.count
            RecordHeader(.stdin, requestID: requestID, contentLength: 0).encode(into: &framing)
            plan.add(.framing, start..<framing.count, .end)
        }
    }

    /// Notes that the first `count` bytes of the plan are sent; answers how many bytes of its piece
    /// of the body these hold.
    package mutating func sent(_ count: Int) -> Int {
        var left = count
        var consumed = 0
        for index in 0..<plan.count where left > 0 {
            let part = plan.parts[index]
            let taken = min(left, part.range.count)
            left -= taken
            let rest = part.range.lowerBound + taken..<part.range.upperBound
            switch part.meaning {
            case .head: headSent += taken
            case .pending:
                pendingSent += taken
                // Before anything is added: otherwise it would grow with the body.
                if pendingSent == pending.count {
                    pending.removeAll()
                    pendingSent = 0
                }
            case .recordHeader(let content, let padding):
                openContent = content
                openPadding = padding
                keep(rest)
            case .content(let padding):
                consumed += taken
                // A whole part may end before its record does: the window was used up.
                openContent -= taken
                openPadding = padding
                if openContent == 0, padding > 0, left == 0 {
                    pending.append(zeros: padding)
                }
            case .padding: keep(rest)
            case .end:
                isEndWritten = true
                keep(rest)
            }
        }
        return consumed
    }

    /// Copies a piece of the body, so that it leaves before anything else.
    package mutating func absorb(_ piece: RawSpan, isLast: Bool) {
        guard !isEndWritten else { return }
        var offset = 0
        while offset < piece.byteCount {
            if openContent == 0 {
                let header = RecordHeader(
                    .stdin, requestID: requestID,
                    contentLength: min(piece.byteCount - offset, RecordHeader.maxContent))
                header.encode(into: &pending)
                openContent = Int(header.contentLength)
                openPadding = Int(header.paddingLength)
            }
            let taken = min(openContent, piece.byteCount - offset)
            pending.append(piece.extracting(offset..<offset + taken))
            offset += taken
            openContent -= taken
            if openContent == 0 { pending.append(zeros: openPadding) }
        }
        if isLast {
            RecordHeader(.stdin, requestID: requestID, contentLength: 0).encode(into: &pending)
            isEndWritten = true
        }
    }

    /// Ends an exchange that is given up.
    ///
    /// A body that is not whole is never ended, since a truncated upload would look whole: the
    /// record at hand is completed, ABORT_REQUEST follows (FastCGI 1.0 §5.4), and the connection is
    /// to be half-closed. Params that are not whole are not completed either, so that the
    /// application does not run the request. Once STDIN's end was written the request is whole, and
    /// its last bytes are sent.
    ///
    /// - Parameters:
    ///   - head: of the request
    ///   - piece: the bytes of the body that follow those sent
    /// - Returns: what is still to be sent.
    package mutating func abandon(head: borrowing RequestHead, piece: RawSpan) -> Farewell {
        guard hasBegun else { return Farewell(bytes: [], isCutShort: true) }
        guard isHeadSent else {
            pending.removeAll()
            pendingSent = 0
            pending.append(head.bytes.extracting(headSent..<head.recordEnd(behind: headSent)))
            return cutShort()
        }
        if isEndWritten { return Farewell(bytes: unsent, isCutShort: false) }
        let taken = min(openContent, piece.byteCount)
        pending.append(piece.extracting(0..<taken))
        // Content that nobody has is not made up: the half-close within the record says that it is
        // missing, where ABORT_REQUEST would be read as part of it.
        guard taken == openContent else { return Farewell(bytes: unsent, isCutShort: true) }
        if openContent > 0 { pending.append(zeros: openPadding) }
        openContent = 0
        return cutShort()
    }

    private mutating func cutShort() -> Farewell {
        RecordHeader(.abortRequest, requestID: requestID, contentLength: 0).encode(into: &pending)
        return Farewell(bytes: unsent, isCutShort: true)
    }

    private var unsent: [UInt8] {
        [UInt8](pending.bytes.extracting(pendingSent..<pending.count))
    }

    private mutating func addHeader(content: Int) -> Int {
        let start = framing.count
        let header = RecordHeader(.stdin, requestID: requestID, contentLength: content)
        header.encode(into: &framing)
        let padding = Int(header.paddingLength)
        plan.add(
            .framing, start..<framing.count, .recordHeader(content: content, padding: padding))
        return padding
    }

    private mutating func addPadding(_ padding: Int) {
        let start = framing.count
        framing.append(zeros: padding)
        plan.add(.framing, start..<framing.count, .padding)
    }

    /// Keeps what of a part of the framing was not sent.
    private mutating func keep(_ rest: Range<Int>) {
        guard !rest.isEmpty else { return }
        pending.append(rest, of: framing)
    }
}
