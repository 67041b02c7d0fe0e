// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("The record reader")
struct RecordReaderTests {
    /// What the reader tells of bytes that arrive in pieces; content in one for each record.
    private struct Reading: Equatable {
        var headers: [RecordHeader] = []
        var contents: [[UInt8]] = []
        var isBadVersion = false
        var isBetweenRecords = false

        init(_ pieces: [[UInt8]]) {
            var reader = RecordReader()
            reading: for piece in pieces {
                var position = 0
                while true {
                    switch reader.next(piece.span.bytes, at: &position) {
                    case .needsInput:
                        #expect(position == piece.count)
                        continue reading
                    case .header(let header):
                        headers.append(header)
                        contents.append([])
                        #expect(reader.contentRemaining == Int(header.contentLength))
                    case .content(let range):
                        #expect(!range.isEmpty)
                        contents[contents.count - 1] += piece[range]
                    case .badVersion:
                        isBadVersion = true
                        return
                    }
                }
            }
            isBetweenRecords = reader.isBetweenRecords
        }
    }

    @Test(
        "finds a record with any content and padding",
        arguments: [0, 1, 8, 255, 65_535], [0, 1, 7, 8, 255])
    func findsRecord(content: Int, padding: Int) {
        let records = [
            WireRecord(type: 6, requestID: 7, content: pattern(content), padding: padding),
            WireRecord(type: 3, requestID: 7, content: pattern(8)),
        ]
        let reading = Reading([records.flatMap(\.bytes)])
        #expect(reading.headers.map(\.type) == [6, 3])
        #expect(reading.headers.map(\.paddingLength) == [UInt8(padding), 0])
        #expect(reading.contents == records.map(\.content))
        #expect(reading.isBetweenRecords)
    }

    @Test("finds the same records however the bytes are split")
    func everySplit() {
        let bytes = [
            WireRecord.stdout("one", padding: 5), .stdout(""), .stderr("two"),
            WireRecord(type: 99, requestID: 300, content: pattern(40), padding: 255),
            WireRecord(type: 6, requestID: 0, padding: 3), .end(padding: 1),
        ].flatMap(\.bytes)
        let whole = Reading([bytes])
        #expect(whole.headers.count == 6)
        #expect(whole.isBetweenRecords)
        for split in bytes.allSplits {
            #expect(Reading(split) == whole)
        }
    }

    @Test("is between records only behind padding")
    func betweenRecords() {
        let bytes = WireRecord.stdout("abc", padding: 2).bytes
        for count in 1..<bytes.count {
            #expect(!Reading([Array(bytes[..<count])]).isBetweenRecords)
        }
        #expect(Reading([bytes]).isBetweenRecords)
        #expect(Reading([]).isBetweenRecords)
    }

    @Test("stops at another version", arguments: [0, 2, 255] as [UInt8])
    func badVersion(version: UInt8) {
        var bytes = WireRecord.stdout("abc").bytes + WireRecord.stdout("def").bytes
        bytes[11] = version
        let reading = Reading([bytes])
        #expect(reading.isBadVersion)
        #expect(reading.contents == [Array("abc".utf8)])
    }

    @Test("tells content again that was given back")
    func givesBack() {
        let bytes = WireRecord.stdout("abcdef", padding: 2).bytes
        var reader = RecordReader()
        var position = 0
        _ = reader.next(bytes.span.bytes, at: &position)
        #expect(reader.next(bytes.span.bytes, at: &position) == .content(8..<14))
        reader.giveBack(4, at: &position)
        #expect(reader.contentRemaining == 4)
        #expect(reader.next(bytes.span.bytes, at: &position) == .content(10..<14))
        #expect(reader.next(bytes.span.bytes, at: &position) == .needsInput)
        #expect(reader.isBetweenRecords)
    }

    @Test("skips to the end of one request's END_REQUEST")
    func skipsToEnd() {
        let before = [WireRecord.stdout("abc"), .end().with(id: 2), .stderr("x")].flatMap(\.bytes)
        let end = WireRecord.end().bytes
        let bytes = before + end
        for split in 0...bytes.count {
            var reader = RecordReader()
            let (first, second) = (Array(bytes[..<split]), Array(bytes[split...]))
            let isFirst = reader.skipsToEnd(of: 1, in: first.span.bytes)
            let isSecond = reader.skipsToEnd(of: 1, in: second.span.bytes)
            #expect(isFirst == (split == bytes.count))
            #expect(isSecond)
        }
        var reader = RecordReader()
        let other = [2] + Array(end.dropFirst())
        #expect(reader.skipsToEnd(of: 1, in: other.span.bytes) == true)
    }

    @Test("skips padding and nothing behind it", arguments: 0...4)
    func skipsPadding(arrived: Int) {
        let bytes =
            Array(WireRecord.stdout("a", padding: 3).bytes[..<(9 + arrived.clamped(to: 3))])
            + (arrived > 3 ? [1] : [])
        var reader = RecordReader()
        var position = 0
        _ = reader.next(bytes.span.bytes, at: &position)
        reader.skipPadding(bytes.span.bytes, at: &position)
        #expect(position == 8, "content stands before the padding")
        _ = reader.next(bytes.span.bytes, at: &position)
        reader.skipPadding(bytes.span.bytes, at: &position)
        #expect(position == 9 + min(arrived, 3))
        #expect(reader.isBetweenRecords == (arrived >= 3))
    }
}

extension Int {
    fileprivate func clamped(to most: Int) -> Int { Swift.min(self, most) }
}
