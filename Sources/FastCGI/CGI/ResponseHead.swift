// SPDX-License-Identifier: Apache-2.0

/// The head of a CGI response: lines up to an empty one, however they arrive. RFC 3875 §6.
///
/// Lines end with LF or CRLF. Repeated fields stay apart and in order; Status and hop-by-hop fields
/// are not among them. Belongs to one exchange; clearing keeps its memory.
package struct ResponseHead: ~Copyable {
    package enum Fault: Error, Sendable {
        case tooLarge
        case tooManyFields
        case foldedLine
        case badField(HeaderField.Fault)
        case badStatus
        case switchingProtocols
        case badContentLength
        case repeatedContentLength
    }

    /// What the fields make of the response. RFC 3875 §6.2.
    package enum Kind: Sendable {
        case document
        /// Location is a path of this server and no Status was given: with no body, the server
        /// answers with that path instead.
        case mayBeLocalRedirect
    }

    private enum State { case reading, complete }

    private let maxSize: Int
    private let maxFields: Int
    private var buffer = ByteBuffer(capacity: 1024)
    private var lineStart = 0
    /// Bytes of interim heads that were skipped: they count against the limit too.
    private var skipped = 0
    private var state = State.reading
    private var givenStatus: UInt16?
    private var location: HeaderField?
    package private(set) var fields: [HeaderField] = []
    package private(set) var status: UInt16 = 200
    package private(set) var contentLength: UInt64?
    package private(set) var kind = Kind.document

    package init(maxSize: Int, maxFields: Int) {
        self.maxSize = maxSize
        self.maxFields = maxFields
        fields.reserveCapacity(min(maxFields, 32))
    }

    package var isComplete: Bool { state == .complete }
    /// Whether nothing has arrived, of interim heads neither.
    package var isEmpty: Bool { buffer.isEmpty && skipped == 0 }

    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get { buffer.bytes }
    }

    package var address: UnsafeRawBufferPointer { unsafe buffer.address }

    package mutating func clear() {
        skipped = 0
        clearHead()
    }

    /// Takes what of a piece of STDOUT belongs to the head, and answers how many bytes that were.
    package mutating func read(_ input: RawSpan, in range: Range<Int>) throws(Fault) -> Int {
        var position = range.lowerBound
        while state == .reading, position < range.upperBound {
            let rest = position..<range.upperBound
            let lineFeed = input.firstOffset(of: ASCII.lineFeed, in: rest)
            let end = lineFeed.map { $0 + 1 } ?? range.upperBound
            guard skipped + buffer.count + (end - position) <= maxSize else { throw .tooLarge }
            buffer.append(input.extracting(position..<end))
            position = end
            guard lineFeed != nil else { break }
            try endLine()
        }
        return position - range.lowerBound
    }

    /// With an absolute URL and no Status the client is to go there. RFC 3875 §6.2.3.
    package mutating func becomeClientRedirect() {
        status = 302
        kind = .document
    }

    private mutating func endLine() throws(Fault) {
        var end = buffer.count - 1
        if end > lineStart, buffer.bytes[end - 1] == ASCII.carriageReturn { end -= 1 }
        let line = lineStart..<end
        lineStart = buffer.count
        if line.isEmpty {
            try endHead()
        } else {
            try addField(line)
        }
    }

    private mutating func addField(_ line: Range<Int>) throws(Fault) {
        let first = buffer.bytes[line.lowerBound]
        guard first != ASCII.space, first != ASCII.tab else { throw .foldedLine }
        let field: HeaderField
        do {
            field = try HeaderField(line: line, of: buffer.bytes)
        } catch {
            throw .badField(error)
        }
        if buffer.bytes.equalsIgnoringCase("status", in: field.name) {
            guard givenStatus == nil else { return }
            givenStatus = try parseStatus(field.value)
            return
        }
        if field.isHopByHop(in: buffer.bytes) { return }
        if buffer.bytes.equalsIgnoringCase("content-length", in: field.name) {
            guard contentLength == nil else { throw .repeatedContentLength }
            contentLength = try parseLength(field.value)
        } else if buffer.bytes.equalsIgnoringCase("location", in: field.name) {
            location = location ?? field
        }
        guard fields.count < maxFields else { throw .tooManyFields }
        fields.append(field)
    }

    private mutating func endHead() throws(Fault) {
        if let given = givenStatus {
            if given == 101 { throw .switchingProtocols }
            if given < 200 {
                // An interim response: the final one follows.
                skipped += buffer.count
                clearHead()
                return
            }
            status = given
        } else if let location, !location.value.isEmpty {
            if buffer.bytes[location.value.lowerBound] == ASCII.slash {
                kind = .mayBeLocalRedirect
            } else {
                becomeClientRedirect()
            }
        }
        state = .complete
    }

    private mutating func clearHead() {
        buffer.removeAll()
        lineStart = 0
        state = .reading
        givenStatus = nil
        location = nil
        fields.removeAll(keepingCapacity: true)
        status = 200
        contentLength = nil
        kind = .document
    }

    /// Three digits, then nothing or a space and a phrase. RFC 3875 §6.3.3.
    private func parseStatus(_ value: Range<Int>) throws(Fault) -> UInt16 {
        let bytes = buffer.bytes
        guard value.count >= 3 else { throw .badStatus }
        if value.count > 3, bytes[value.lowerBound + 3] != ASCII.space { throw .badStatus }
        var status: UInt16 = 0
        for offset in value.lowerBound..<value.lowerBound + 3 {
            let byte = bytes[offset]
            guard byte >= ASCII.zero, byte <= ASCII.nine else { throw .badStatus }
            status = status * 10 + UInt16(byte - ASCII.zero)
        }
        guard (100...599).contains(status) else { throw .badStatus }
        return status
    }

    private func parseLength(_ value: Range<Int>) throws(Fault) -> UInt64 {
        let bytes = buffer.bytes
        guard !value.isEmpty, value.count <= 18 else { throw .badContentLength }
        var length: UInt64 = 0
        for offset in value {
            let byte = bytes[offset]
            guard byte >= ASCII.zero, byte <= ASCII.nine else { throw .badContentLength }
            length = length * 10 + UInt64(byte - ASCII.zero)
        }
        return length
    }
}
