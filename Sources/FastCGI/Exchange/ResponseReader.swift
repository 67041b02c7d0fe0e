// SPDX-License-Identifier: Apache-2.0

/// The application's side of an exchange: bytes in, events out, without I/O and clock.
///
/// Everything that decides whether a response is whole is in this file.
package struct ResponseReader: ~Copyable {
    private let limits: ExchangeLimits
    package private(set) var head: ResponseHead
    private var records = RecordReader()
    private var requestID: UInt16 = 1
    private var previousID: UInt16 = 0
    private var current = Content.skipped
    private var endContent: UInt64 = 0
    private var endCount = 0
    private var isHeadTold = false
    private var isHeadRequest = false
    private var takesAnyLength = false
    private var isStdoutEnded = false
    private var pendingEnd: ResponseEnd?
    private var stderrCount = 0
    private var sawEndRequest = false
    /// Bytes of the body so far, those that are not told included.
    package private(set) var bodyCount: UInt64 = 0
    package private(set) var applicationStatus: UInt32 = 0
    package private(set) var stderrDropped: UInt64 = 0
    /// Records of the exchange before this one on the same connection.
    package private(set) var lateRecords = 0
    /// Whether bytes beyond the declared Content-Length were cut off.
    package private(set) var isBodyCut = false

    /// What the content of the current record is.
    private enum Content { case skipped, stdout, stderr, endRequest }

    package init(limits: ExchangeLimits) {
        self.limits = limits
        head = ResponseHead(maxSize: limits.maxHeadSize, maxFields: limits.maxHeadFields)
    }

    /// Starts over for another request.
    ///
    /// - Parameters:
    ///   - requestID: of this request
    ///   - previousID: of the last one on the same connection; 0 on a fresh one
    ///   - isHeadRequest: the response has no body, whatever its head says
    ///   - tellsInterim: interim heads are events instead of skipped
    ///   - takesAnyLength: the host compares the body with its Content-Length
    package mutating func begin(
        requestID: UInt16, previousID: UInt16, isHeadRequest: Bool, tellsInterim: Bool = false,
        takesAnyLength: Bool = false
    ) {
        self.requestID = requestID
        self.previousID = previousID
        self.isHeadRequest = isHeadRequest
        self.takesAnyLength = takesAnyLength
        head.clear(tellsInterim: tellsInterim)
        records = RecordReader()
        current = .skipped
        endCount = 0
        isHeadTold = false
        isStdoutEnded = false
        pendingEnd = nil
        stderrCount = 0
        sawEndRequest = false
        bodyCount = 0
        applicationStatus = 0
        stderrDropped = 0
        lateRecords = 0
        isBodyCut = false
    }

    /// Whether the response ended complete, by END_REQUEST, and nothing came that should not;
    /// `unread` bytes were received behind what was read. Mutating, since the compiler copies the
    /// whole reader for a function that is not.
    package mutating func isReusable(unread: Int) -> Bool {
        guard case .complete = pendingEnd, sawEndRequest else { return false }
        return records.isBetweenRecords && unread == 0 && lateRecords == 0 && !isLengthWrong
    }

    /// Whether a byte of the head was read.
    package var hasBegunHead: Bool { !head.isEmpty }

    /// Where in the records the reader is, to go on without telling events.
    package var recordReader: RecordReader { records }

    /// Goes on at `position` of the input and moves it over what was used.
    package mutating func next(_ input: RawSpan, at position: inout Int) -> ResponseEvent {
        if let pendingEnd { return .end(pendingEnd) }
        do throws(ResponseEnd) {
            while true {
                switch records.next(input, at: &position) {
                case .needsInput: return .needsInput
                case .badVersion: throw ResponseEnd.protocolError(.badVersion)
                case .header(let header):
                    try begin(header)
                case .content(let range):
                    if let event = try take(range, of: input, at: &position) { return event }
                }
                if sawEndRequest { return endOfResponse() }
            }
        } catch {
            pendingEnd = error
            return .end(error)
        }
    }

    /// The connection has ended: there will be no more input.
    package mutating func inputEnded() -> ResponseEvent {
        if let pendingEnd { return .end(pendingEnd) }
        let isBodySatisfied = head.contentLength.map { bodyCount >= $0 } ?? false
        guard head.isComplete, isStdoutEnded || isBodySatisfied else { return end(.truncated) }
        return end(isBodyShort ? .shortBody : .complete)
    }

    // MARK: Records

    private mutating func begin(_ header: RecordHeader) throws(ResponseEnd) {
        current = .skipped
        guard header.requestID != 0 else { return }
        guard header.requestID == requestID else {
            guard header.requestID == previousID else { throw .protocolError(.wrongRequestID) }
            lateRecords += 1
            return
        }
        switch RecordType(rawValue: header.type) {
        case .stdout:
            // The end of the stream may come more than once.
            guard !isStdoutEnded || header.contentLength == 0 else {
                throw .protocolError(.stdoutAfterEnd)
            }
            current = .stdout
            isStdoutEnded = header.contentLength == 0
        case .stderr:
            current = .stderr
        case .endRequest:
            guard header.contentLength == EndRequest.size else { throw .protocolError(.badLength) }
            current = .endRequest
        case .beginRequest, .abortRequest, .params, .stdin, .data, .getValues, .getValuesResult,
            .unknownType:
            throw .protocolError(.badType)
        case nil:
            break
        }
    }

    private mutating func take(
        _ range: Range<Int>, of input: RawSpan, at position: inout Int
    ) throws(ResponseEnd) -> ResponseEvent? {
        switch current {
        case .skipped: return nil
        case .stdout: return try takeStdout(range, of: input, at: &position)
        case .stderr: return takeStderr(range)
        case .endRequest:
            for offset in range {
                endContent = endContent << 8 | UInt64(input[offset])
                endCount += 1
            }
            guard endCount == EndRequest.size else { return nil }
            try finish(EndRequest(decoding: endContent))
            // Read at once what padding came with it, so that the connection can be used again.
            records.skipPadding(input, at: &position)
            return nil
        }
    }

    private mutating func takeStderr(_ range: Range<Int>) -> ResponseEvent? {
        let told = min(range.count, limits.maxStderrSize - stderrCount)
        stderrCount += told
        stderrDropped += UInt64(range.count - told)
        return told > 0 ? .stderr(range.lowerBound..<range.lowerBound + told) : nil
    }

    // MARK: Head and body

    private mutating func takeStdout(
        _ range: Range<Int>, of input: RawSpan, at position: inout Int
    ) throws(ResponseEnd) -> ResponseEvent? {
        var body = range
        if !head.isComplete {
            do {
                let used = try head.read(input, in: range)
                body = range.lowerBound + used..<range.upperBound
            } catch {
                throw .protocolError(.badHead(error))
            }
            if head.isInterim {
                records.giveBack(body.count, at: &position)
                return .interim
            }
            guard head.isComplete else { return nil }
        }
        if !isHeadTold {
            if case .mayBeLocalRedirect = head.kind {
                guard !body.isEmpty else { return nil }
                head.becomeClientRedirect()
            }
            isHeadTold = true
            // The body behind the head is read again, by the next call.
            records.giveBack(body.count, at: &position)
            return .head(isLocalRedirect: false)
        }
        return takeBody(body)
    }

    /// Makes Content-Length right where the whole body follows at `position` of the input. For who
    /// has just read a document's head and has not told it yet; whether all is at hand then depends
    /// on how the bytes arrived, so this is no part of `next`.
    package mutating func correctLength(_ input: RawSpan, from position: Int) {
        guard let declared = head.contentLength, !hasNoBody, bodyCount == 0,
            let size = records.stdoutSize(of: requestID, in: input, from: position),
            size != declared, !isHeadRequest || size > 0
        else { return }
        head.correctLength(to: size)
    }

    /// Tells what of a piece of the body the client is to have: all of it, unless the response has
    /// no body, or more comes than its Content-Length says.
    private mutating func takeBody(_ range: Range<Int>) -> ResponseEvent? {
        let before = bodyCount
        bodyCount += UInt64(range.count)
        if takesAnyLength { return .body(range) }
        if isHeadRequest || hasNoBody { return nil }
        guard let declared = head.contentLength else { return .body(range) }
        let allowed = declared > before ? Int(clamping: declared - before) : 0
        if range.count > allowed { isBodyCut = true }
        let told = min(range.count, allowed)
        return told > 0 ? .body(range.lowerBound..<range.lowerBound + told) : nil
    }

    /// RFC 9110 §15.3.5, §15.4.5.
    private var hasNoBody: Bool { head.status == 204 || head.status == 304 }

    private var isBodyShort: Bool {
        guard let expected = expectedLength, !takesAnyLength else { return false }
        return bodyCount < expected
    }

    /// Whether the body has another length than its head says.
    package var isLengthWrong: Bool {
        guard let expected = expectedLength else { return false }
        return bodyCount != expected
    }

    /// What the body is compared with. A local redirect has none, whatever its head says.
    private var expectedLength: UInt64? {
        guard case .document = head.kind, !isHeadRequest, !hasNoBody else { return nil }
        return head.contentLength
    }

    // MARK: End

    private mutating func finish(_ endRequest: EndRequest) throws(ResponseEnd) {
        applicationStatus = endRequest.applicationStatus
        switch endRequest.protocolStatus {
        case .requestComplete: sawEndRequest = true
        case .cannotMultiplex where head.isEmpty: throw .cannotMultiplex
        case .overloaded where head.isEmpty: throw .overloaded
        case .unknownRole: throw .protocolError(.unknownRole)
        case .cannotMultiplex, .overloaded, nil: throw .protocolError(.unknownProtocolStatus)
        }
    }

    private mutating func endOfResponse() -> ResponseEvent {
        guard head.isComplete else { return end(.protocolError(.noHead)) }
        return end(isBodyShort ? .shortBody : .complete)
    }

    /// Tells the end, after a head that was held back to see whether a body follows.
    private mutating func end(_ how: ResponseEnd) -> ResponseEvent {
        pendingEnd = how
        guard case .complete = how, !isHeadTold else { return .end(how) }
        isHeadTold = true
        return .head(isLocalRedirect: true)
    }
}
