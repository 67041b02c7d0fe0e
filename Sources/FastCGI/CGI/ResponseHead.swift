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
        /// Two that differ: nobody can tell which one holds. RFC 9110 §8.6.
        case twoContentLengths
    }

    /// What the fields make of the response. RFC 3875 §6.2.
    package enum Kind: Sendable {
        case document
        /// Location is a path of this server and no Status was given: with no body, the server
        /// answers with that path instead.
        case mayBeLocalRedirect
    }

    private enum State { case reading, interim, complete }

    /// Bytes that are copied at once: most heads in one go.
    private static let blockSize = 512

    private let maxSize: Int
    private let maxFields: Int
    private var buffer = ByteBuffer(capacity: 1024)
    private var lineStart = 0
    /// Of the line that is read: something was found before its end.
    private var mayHoldControl = false
    private var state = State.reading
    /// Interim heads are told, one by one, instead of skipped.
    private var tellsInterim = false
    private var givenStatus: UInt16?
    /// What follows the number in Status; empty where nothing does.
    package private(set) var reason = 0..<0
    private var location: HeaderField?
    /// The values of Connection, which name fields of that connection.
    private var connectionOptions: [Range<Int>] = []
    package private(set) var fields: [HeaderField] = []
    package private(set) var status: UInt16 = 200
    package private(set) var contentLength: UInt64?
    /// Where Content-Length is among the fields.
    private var lengthIndex: Int?
    /// A Content-Length that is no number was left out of the fields.
    package private(set) var isLengthDropped = false
    /// The Content-Length that the application sent, where it was corrected.
    package private(set) var wrongLength: UInt64?
    package private(set) var kind = Kind.document

    package init(maxSize: Int, maxFields: Int) {
        self.maxSize = maxSize
        self.maxFields = maxFields
    }

    package var isComplete: Bool { state == .complete }
    /// Whether what is told now is an interim head: the next one follows when it is read on.
    package var isInterim: Bool { state == .interim }
    /// Whether nothing has arrived, of interim heads neither.
    package var isEmpty: Bool { buffer.isEmpty }
    /// Whether the application sent Status, be it 200.
    package var isStatusGiven: Bool { givenStatus != nil }

    /// In a head that is larger than its limit the field with the longest value: the last one may
    /// not have been read to its end.
    package var oversizedField: HeaderField? {
        guard state == .reading, buffer.count > maxSize else { return nil }
        var all = fields
        let rest = lineStart..<buffer.count
        let end = buffer.bytes.firstOffset(of: ASCII.lineFeed, in: rest) ?? rest.upperBound
        let line = withoutReturn(lineStart..<end)
        let last = try? HeaderField(line: line, of: buffer.bytes, mayHoldControl: true)
        if let last { all.append(last) }
        return all.max { $0.value.count < $1.value.count }
    }

    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get { buffer.bytes }
    }

    package var address: UnsafeRawBufferPointer { unsafe buffer.address }

    package mutating func clear(tellsInterim: Bool = false) {
        buffer.removeAll()
        lineStart = 0
        mayHoldControl = false
        state = .reading
        self.tellsInterim = tellsInterim
        forgetFields()
    }

    /// Takes what of a piece of STDOUT belongs to the head, and answers how many bytes that were.
    package mutating func read(_ input: RawSpan, in range: Range<Int>) throws(Fault) -> Int {
        var position = range.lowerBound
        if state == .interim {
            forgetFields()
            state = .reading
        }
        while state == .reading, position < range.upperBound {
            // One copy for many lines; what proves to be body is dropped again.
            let block = min(range.upperBound - position, Self.blockSize)
            var unread = buffer.count
            buffer.append(input.extracting(position..<position + block))
            position += block
            while state == .reading, let lineFeed = lineFeed(from: unread) {
                unread = lineFeed + 1
                guard unread <= maxSize else { throw .tooLarge }
                try readLine(lineStart..<lineFeed)
                lineStart = unread
                mayHoldControl = false
            }
            if state != .reading {
                position -= buffer.count - unread
                buffer.truncate(to: unread)
            } else if buffer.count > maxSize {
                throw .tooLarge
            }
        }
        return position - range.lowerBound
    }

    /// With an absolute URL and no Status the client is to go there. RFC 3875 §6.2.3.
    package mutating func becomeClientRedirect() {
        status = 302
        kind = .document
    }

    /// Where the line ends whose bytes before `start` were searched before. What else than its end
    /// is a control character is found in passing.
    private mutating func lineFeed(from start: Int) -> Int? {
        guard let control = buffer.bytes.firstControl(in: start..<buffer.count) else { return nil }
        if buffer.bytes[control] == ASCII.lineFeed { return control }
        let next = control + 1
        if buffer.bytes[control] == ASCII.carriageReturn, next < buffer.count,
            buffer.bytes[next] == ASCII.lineFeed
        {
            return next
        }
        mayHoldControl = true
        return buffer.bytes.firstOffset(of: ASCII.lineFeed, in: next..<buffer.count)
    }

    /// Reads a line without its LF.
    private mutating func readLine(_ range: Range<Int>) throws(Fault) {
        let line = withoutReturn(range)
        if line.isEmpty {
            try endHead()
        } else {
            try addField(line)
        }
    }

    private func withoutReturn(_ line: Range<Int>) -> Range<Int> {
        guard let last = line.last, buffer.bytes[last] == ASCII.carriageReturn else { return line }
        return line.lowerBound..<last
    }

    private mutating func addField(_ line: Range<Int>) throws(Fault) {
        let first = buffer.bytes[line.lowerBound]
        guard first != ASCII.space, first != ASCII.tab else { throw .foldedLine }
        let field: HeaderField
        do {
            field = try HeaderField(
                line: line, of: buffer.bytes, mayHoldControl: mayHoldControl)
        } catch {
            throw .badField(error)
        }
        // The length tells most names apart from those that mean something here.
        switch field.name.count {
        case 6 where buffer.bytes.equalsIgnoringCase("status", in: field.name):
            if givenStatus == nil { givenStatus = try parseStatus(field.value) }
            return
        case 8 where buffer.bytes.equalsIgnoringCase("location", in: field.name):
            // What the first one makes of the response is sent to its target.
            guard location == nil else { return }
            location = field
        case 14 where buffer.bytes.equalsIgnoringCase("content-length", in: field.name):
            guard try takeLength(field.value) else { return }
            lengthIndex = fields.count
        default:
            if field.isHopByHop(in: buffer.bytes) {
                if buffer.bytes.equalsIgnoringCase("connection", in: field.name) {
                    connectionOptions.append(field.value)
                }
                return
            }
        }
        guard fields.count < maxFields else { throw .tooManyFields }
        if fields.capacity == 0 { fields.reserveCapacity(min(maxFields, 32)) }
        fields.append(field)
    }

    /// Whether the field is to be kept: one that cannot be read says nothing, and the same length
    /// once more says nothing new.
    private mutating func takeLength(_ value: Range<Int>) throws(Fault) -> Bool {
        guard let length = parseLength(value) else {
            isLengthDropped = true
            return false
        }
        guard let known = contentLength else {
            contentLength = length
            return true
        }
        guard known == length else { throw .twoContentLengths }
        return false
    }

    /// Sets Content-Length to what the body has, which was seen before the head was told.
    mutating func correctLength(to length: UInt64) {
        guard let index = lengthIndex, fields.indices.contains(index) else { return }
        wrongLength = contentLength
        contentLength = length
        let start = buffer.count
        buffer.append(decimal: length)
        fields[index].value = start..<buffer.count
    }

    private mutating func endHead() throws(Fault) {
        if let given = givenStatus {
            if given == 101 { throw .switchingProtocols }
            if given < 200 {
                // An interim response: the final one follows. Its bytes stay, and count against
                // the limit.
                if tellsInterim { tellInterim(given) } else { forgetFields() }
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
        if !connectionOptions.isEmpty { dropFieldsOfConnection() }
        state = .complete
    }

    private mutating func tellInterim(_ given: UInt16) {
        status = given
        if !connectionOptions.isEmpty { dropFieldsOfConnection() }
        state = .interim
    }

    /// RFC 9110 §7.6.1: what Connection names goes no further than it.
    private mutating func dropFieldsOfConnection() {
        var kept: [HeaderField] = []
        var keptLength: Int?
        for (index, field) in fields.enumerated() where !isNamedByConnection(field.name) {
            if index == lengthIndex { keptLength = kept.count }
            kept.append(field)
        }
        fields = kept
        lengthIndex = keptLength
    }

    private func isNamedByConnection(_ name: Range<Int>) -> Bool {
        let bytes = buffer.bytes
        for options in connectionOptions {
            var start = options.lowerBound
            while start < options.upperBound {
                let rest = start..<options.upperBound
                let end = bytes.firstOffset(of: ASCII.comma, in: rest) ?? rest.upperBound
                let option = HeaderField.trim(start..<end, of: bytes)
                if bytes.equalsIgnoringCase(name, in: option) { return true }
                start = end + 1
            }
        }
        return false
    }

    private mutating func forgetFields() {
        givenStatus = nil
        connectionOptions.removeAll(keepingCapacity: true)
        reason = 0..<0
        location = nil
        fields.removeAll(keepingCapacity: true)
        status = 200
        contentLength = nil
        lengthIndex = nil
        isLengthDropped = false
        wrongLength = nil
        kind = .document
    }

    /// Three digits, then nothing or a space and a phrase. RFC 3875 §6.3.3.
    private mutating func parseStatus(_ value: Range<Int>) throws(Fault) -> UInt16 {
        guard value.count >= 3 else { throw .badStatus }
        if value.count > 3, buffer.bytes[value.lowerBound + 3] != ASCII.space { throw .badStatus }
        var status: UInt16 = 0
        for offset in value.lowerBound..<value.lowerBound + 3 {
            let byte = buffer.bytes[offset]
            guard byte >= ASCII.zero, byte <= ASCII.nine else { throw .badStatus }
            status = status * 10 + UInt16(byte - ASCII.zero)
        }
        // What httpd takes, although RFC 9110 §15 ends at 599.
        guard status >= 100 else { throw .badStatus }
        reason = min(value.lowerBound + 4, value.upperBound)..<value.upperBound
        return status
    }

    /// Nil where it is no number, or one that no body reaches.
    private func parseLength(_ value: Range<Int>) -> UInt64? {
        let bytes = buffer.bytes
        guard !value.isEmpty, value.count <= 18 else { return nil }
        var length: UInt64 = 0
        for offset in value {
            let byte = bytes[offset]
            guard byte >= ASCII.zero, byte <= ASCII.nine else { return nil }
            length = length * 10 + UInt64(byte - ASCII.zero)
        }
        return length
    }
}
