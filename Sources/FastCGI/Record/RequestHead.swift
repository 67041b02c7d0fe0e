// SPDX-License-Identifier: Apache-2.0

/// BEGIN_REQUEST, all PARAMS records and the empty one, ready to be sent. FastCGI 1.0 §5.1, §5.2.
///
/// A pair is never split over two records while it fits one: php-fpm, uWSGI and flup parse each
/// record alone. A pair larger than a record spans records, as §3.4 allows.
package struct RequestHead: ~Copyable {
    package enum Refusal: Error {
        case emptyName
        case holdsNUL
        case overLimit
    }

    /// 2^31 - 1: the longest name or value that four bytes can tell.
    private static let maxLength = 0x7FFF_FFFF
    private static let beginSize = 16

    /// For the usual variables of a web server.
    private var buffer = ByteBuffer(capacity: 2_048)
    /// Where the header of the PARAMS record that takes more pairs is.
    private var openRecord = 0
    /// Where the pairs end: behind it only `finish` writes.
    private var pairsEnd = 0
    private var isFinished = false
    private let limit: Int
    /// What pairs can be appended as they are: 0 until the first, and behind a finished head.
    private var room = 0
    package private(set) var paramsSize = 0

    /// - Parameter limit: bytes that all encoded pairs together may take.
    package init(limit: Int) {
        self.limit = min(limit, Self.maxLength)
        clear()
    }

    package mutating func clear() {
        buffer.removeAll()
        RecordHeader(.beginRequest, requestID: 1, contentLength: 8).encode(into: &buffer)
        buffer.append(zeros: 8)
        openRecord = buffer.count
        RecordHeader(.params, requestID: 1, contentLength: 0).encode(into: &buffer)
        pairsEnd = buffer.count
        isFinished = false
        paramsSize = 0
        room = 0
    }

    /// How far the params have come, so that those added since can be taken back.
    package struct Mark {
        fileprivate var openRecord: Int
        fileprivate var pairsEnd: Int
        fileprivate var paramsSize: Int
    }

    package var mark: Mark {
        Mark(openRecord: openRecord, pairsEnd: pairsEnd, paramsSize: paramsSize)
    }

    package mutating func restore(_ mark: Mark) {
        openRecord = mark.openRecord
        pairsEnd = mark.pairsEnd
        paramsSize = mark.paramsSize
        buffer.truncate(to: pairsEnd)
        isFinished = false
        room = max(min(limit &- paramsSize, RecordHeader.maxContent &- openContent), 0)
    }

    /// Where the value is that was added last; nothing where it lies over several records.
    package func lastValueRange(of value: RawSpan) -> Range<Int> {
        guard value.byteCount <= openContent else { return 0..<0 }
        return pairsEnd &- value.byteCount..<pairsEnd
    }

    package mutating func append(name: RawSpan, value: RawSpan) throws(Refusal) {
        let size = name.byteCount &+ value.byteCount &+ 2
        // Nearly all pairs: both lengths take one byte, and nothing is in the way.
        guard name.byteCount > 0, name.byteCount | value.byteCount <= 127, size <= room else {
            return try appendAny(name: name, value: value)
        }
        try encode(name: name, value: value, size: size)
    }

    private mutating func appendAny(name: RawSpan, value: RawSpan) throws(Refusal) {
        guard name.byteCount > 0 else { throw .emptyName }
        let size = NameValuePair.encodedSize(
            nameLength: name.byteCount, valueLength: value.byteCount)
        // The sum of lengths that no memory has would wrap around.
        guard name.byteCount <= limit, value.byteCount <= limit, size <= limit &- paramsSize else {
            throw .overLimit
        }
        reopen()
        if openContent &+ size <= RecordHeader.maxContent {
            try encode(name: name, value: value, size: size)
        } else {
            try appendBeyond(name: name, value: value)
            paramsSize &+= size
            pairsEnd = buffer.count
        }
        room = min(limit &- paramsSize, RecordHeader.maxContent &- openContent)
    }

    /// Appends a pair that the open record has room for.
    @inline(__always)
    private mutating func encode(name: RawSpan, value: RawSpan, size: Int) throws(Refusal) {
        let isEncoded = NameValuePair.encode(name: name, value: value, size: size, into: &buffer)
        guard isEncoded else { throw .holdsNUL }
        room &-= size
        paramsSize &+= size
        pairsEnd = buffer.count
    }

    /// Makes the head ready to be sent for a request; may be called again for the next one.
    package mutating func finish(requestID: UInt16, role: Role, keepConnection: Bool) {
        if !isFinished {
            closeRecord()
            if pairsEnd > openRecord + RecordHeader.size {
                RecordHeader(.params, requestID: 1, contentLength: 0).encode(into: &buffer)
            }
            isFinished = true
            room = 0
        }
        buffer.replace(at: 8, with: UInt8(truncatingIfNeeded: role.rawValue >> 8))
        buffer.replace(at: 9, with: UInt8(truncatingIfNeeded: role.rawValue))
        buffer.replace(at: 10, with: keepConnection ? 1 : 0)
        setRequestID(requestID)
    }

    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get { buffer.bytes }
    }

    /// The address of the bytes, for the gather write.
    package var address: UnsafeRawBufferPointer { unsafe buffer.address }

    package var count: Int { buffer.count }

    /// Bytes of memory that it has for them.
    package var capacity: Int { buffer.capacity }

    private var openContent: Int { pairsEnd &- openRecord &- RecordHeader.size }

    /// Takes back what `finish` wrote, so that another pair can follow.
    private mutating func reopen() {
        guard isFinished else { return }
        buffer.truncate(to: pairsEnd)
        isFinished = false
    }

    /// Writes the length and the padding of the open record.
    private mutating func closeRecord() {
        let content = openContent
        let header = RecordHeader(.params, requestID: 1, contentLength: content)
        buffer.replace(at: openRecord + 4, with: UInt8(truncatingIfNeeded: content >> 8))
        buffer.replace(at: openRecord + 5, with: UInt8(truncatingIfNeeded: content))
        buffer.replace(at: openRecord + 6, with: header.paddingLength)
        buffer.append(zeros: Int(header.paddingLength))
    }

    private mutating func beginRecord() {
        closeRecord()
        openRecord = buffer.count
        RecordHeader(.params, requestID: 1, contentLength: 0).encode(into: &buffer)
        pairsEnd = buffer.count
    }

    /// Appends a pair that the open record has no room for: to a record of its own, or to more.
    private mutating func appendBeyond(name: RawSpan, value: RawSpan) throws(Refusal) {
        guard name.firstOffset(of: 0, in: 0..<name.byteCount) == nil,
            value.firstOffset(of: 0, in: 0..<value.byteCount) == nil
        else { throw .holdsNUL }
        if openContent > 0 { beginRecord() }
        var lengths = ByteBuffer(capacity: 8)
        NameValuePair.encodeLength(name.byteCount, into: &lengths)
        NameValuePair.encodeLength(value.byteCount, into: &lengths)
        appendSpanning(lengths.bytes)
        appendSpanning(name)
        appendSpanning(value)
    }

    private mutating func appendSpanning(_ bytes: RawSpan) {
        var offset = 0
        while offset < bytes.byteCount {
            if openContent == RecordHeader.maxContent {
                beginRecord()
            }
            let taken = min(bytes.byteCount - offset, RecordHeader.maxContent - openContent)
            buffer.append(bytes.extracting(offset..<offset + taken))
            pairsEnd = buffer.count
            offset += taken
        }
    }

    /// Where the record ends that a write of the first `count` bytes has begun.
    func recordEnd(behind count: Int) -> Int {
        var record = 0
        while record < count, record + RecordHeader.size <= buffer.count {
            record += size(ofRecordAt: record)
        }
        return min(record, buffer.count)
    }

    private func size(ofRecordAt start: Int) -> Int {
        let content = Int(buffer.byte(at: start + 4)) << 8 | Int(buffer.byte(at: start + 5))
        return RecordHeader.size + content + Int(buffer.byte(at: start + 6))
    }

    private mutating func setRequestID(_ requestID: UInt16) {
        var record = 0
        while record + RecordHeader.size <= buffer.count {
            buffer.replace(at: record + 2, with: UInt8(truncatingIfNeeded: requestID >> 8))
            buffer.replace(at: record + 3, with: UInt8(truncatingIfNeeded: requestID))
            record += size(ofRecordAt: record)
        }
    }
}
