// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("A name-value pair")
struct NameValuePairTests {
    @Test(
        "tells its lengths in one byte up to 127, in four from there",
        arguments: [
            (0, [0]), (1, [1]), (127, [127]), (128, [0x80, 0, 0, 128]), (255, [0x80, 0, 0, 255]),
            (256, [0x80, 0, 1, 0]), (65_535, [0x80, 0, 0xFF, 0xFF]),
            (0x0102_0304, [0x81, 2, 3, 4]), (0x7FFF_FFFF, [0xFF, 0xFF, 0xFF, 0xFF]),
        ] as [(Int, [UInt8])])
    func encodesLength(length: Int, expected: [UInt8]) {
        var buffer = ByteBuffer()
        NameValuePair.encodeLength(length, into: &buffer)
        #expect(buffer.bytes.array == expected)
        #expect(NameValuePair.lengthSize(length) == expected.count)
    }

    @Test(
        "counts lengths, name and value",
        arguments: [(1, 0, 3), (127, 127, 256), (128, 127, 260), (127, 128, 260), (128, 128, 264)])
    func countsSize(name: Int, value: Int, expected: Int) {
        #expect(NameValuePair.encodedSize(nameLength: name, valueLength: value) == expected)
    }
}
