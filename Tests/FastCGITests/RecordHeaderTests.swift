// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("A record header")
struct RecordHeaderTests {
    @Test(
        "pads content to a multiple of eight",
        arguments: [
            (0, 0), (1, 7), (7, 1), (8, 0), (9, 7), (65_521, 7), (65_527, 1), (65_528, 0),
        ])
    func pads(content: Int, padding: UInt8) {
        let header = RecordHeader(.stdin, requestID: 1, contentLength: content)
        #expect(header.contentLength == content)
        #expect(header.paddingLength == padding)
    }

    @Test("holds at most 65,528 bytes", arguments: [65_529, 65_535, 65_536, Int.max])
    func isBounded(content: Int) {
        let header = RecordHeader(.stdin, requestID: 1, contentLength: content)
        #expect(header.contentLength == 65_528)
        #expect(header.paddingLength == 0)
    }

    @Test("is written in network byte order")
    func encodes() {
        var buffer = ByteBuffer()
        RecordHeader(.stdin, requestID: 0x0102, contentLength: 0x0305).encode(into: &buffer)
        #expect(buffer.bytes.array == [1, 5, 1, 2, 3, 5, 3, 0])
    }

    @Test("reads what was written, whatever the type", arguments: UInt8.min...UInt8.max)
    func decodes(type: UInt8) throws {
        let word: UInt64 = 0x0100_FEDC_FFFF_0900 | UInt64(type) << 48
        let header = try #require(RecordHeader(decoding: word))
        #expect(header.type == type)
        #expect(header.requestID == 0xFEDC)
        #expect(header.contentLength == 65_535)
        #expect(header.paddingLength == 9)
    }

    @Test("refuses every version but 1", arguments: UInt8.min...UInt8.max)
    func checksVersion(version: UInt8) {
        let header = RecordHeader(decoding: UInt64(version) << 56 | 0x0006_0001_0000_0000)
        #expect((header != nil) == (version == 1))
    }

    @Test(
        "names the types of the specification",
        arguments: [
            (.beginRequest, 1), (.abortRequest, 2), (.endRequest, 3), (.params, 4), (.stdin, 5),
            (.stdout, 6), (.stderr, 7), (.data, 8), (.getValues, 9), (.getValuesResult, 10),
            (.unknownType, 11),
        ] as [(RecordType, UInt8)])
    func types(type: RecordType, number: UInt8) {
        #expect(type.rawValue == number)
    }
}
