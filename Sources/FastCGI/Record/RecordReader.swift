// SPDX-License-Identifier: Apache-2.0

/// Finds records in the bytes that an application sends, however they are split.
///
/// Content is never copied: it is told as ranges of the input. Padding is skipped.
package struct RecordReader: Sendable {
    package enum Step: Equatable {
        /// The input is used up.
        case needsInput
        /// A record begins. Its content follows, unless it has none.
        case header(RecordHeader)
        /// A piece of the content of the record that began last, never empty.
        case content(Range<Int>)
        /// The record's version is not 1: nothing behind it can be understood.
        case badVersion
    }

    /// The bytes of a header that is not there whole, as the lower bytes of a number.
    private var header: UInt64 = 0
    private var headerCount = 0
    private var contentLeft = 0
    private var paddingLeft = 0
    /// `skipsToEnd` is in the record that it looks for, or behind it.
    private var isEndSkipped = false

    package init() {}

    /// Whether the last record was read to its end, its padding included.
    package var isBetweenRecords: Bool {
        headerCount == 0 && contentLeft == 0 && paddingLeft == 0
    }

    /// Content of the current record that has not been told yet, in bytes.
    package var contentRemaining: Int { contentLeft }

    /// Takes back the end of the content that was told last, to tell it again.
    package mutating func giveBack(_ count: Int, at position: inout Int) {
        contentLeft += count
        position -= count
    }

    /// Skips padding as far as it is there, and nothing else.
    package mutating func skipPadding(_ input: RawSpan, at position: inout Int) {
        guard contentLeft == 0 else { return }
        let skipped = min(paddingLeft, input.byteCount - position)
        paddingLeft -= skipped
        position += skipped
    }

    /// Reads all the input, and tells whether the END_REQUEST of a request ends in it, or nothing
    /// behind it can be understood. An application that sends that record in pieces must not be
    /// left within it.
    package mutating func skipsToEnd(of requestID: UInt16, in input: RawSpan) -> Bool {
        var position = 0
        while !isEndSkipped || !isBetweenRecords {
            switch next(input, at: &position) {
            case .needsInput: return isEndSkipped && isBetweenRecords
            case .badVersion: return true
            case .content: continue
            case .header(let header):
                isEndSkipped =
                    header.type == RecordType.endRequest.rawValue
                    && header.requestID == requestID
            }
        }
        return true
    }

    /// How many bytes of STDOUT follow in the input, within a record of it; nil unless its end is
    /// there too. Nothing is used up.
    func stdoutSize(of requestID: UInt16, in input: RawSpan, from start: Int) -> UInt64? {
        var records = self
        var position = start
        var isStdout = true
        var size: UInt64 = 0
        while true {
            switch records.next(input, at: &position) {
            case .needsInput, .badVersion: return nil
            case .content(let range): size += isStdout ? UInt64(range.count) : 0
            case .header(let header):
                let isOurs = header.requestID == requestID
                isStdout = isOurs && header.type == RecordType.stdout.rawValue
                if isStdout, header.contentLength == 0 { return size }
                if isOurs, header.type == RecordType.endRequest.rawValue { return size }
            }
        }
    }

    /// Goes on at `position` of the input and moves it over what was used.
    package mutating func next(_ input: RawSpan, at position: inout Int) -> Step {
        while position < input.byteCount {
            let available = input.byteCount - position
            if contentLeft > 0 {
                let taken = min(contentLeft, available)
                let range = position..<position + taken
                contentLeft -= taken
                position += taken
                return .content(range)
            }
            if paddingLeft > 0 {
                let skipped = min(paddingLeft, available)
                paddingLeft -= skipped
                position += skipped
                continue
            }
            if headerCount == 0, available >= RecordHeader.size {
                header = input.word(at: position).bigEndian
                position += RecordHeader.size
            } else {
                header = header << 8 | UInt64(input[position])
                headerCount += 1
                position += 1
                guard headerCount == RecordHeader.size else { continue }
                headerCount = 0
            }
            guard let decoded = RecordHeader(decoding: header) else { return .badVersion }
            contentLeft = Int(decoded.contentLength)
            paddingLeft = Int(decoded.paddingLength)
            return .header(decoded)
        }
        return .needsInput
    }
}
