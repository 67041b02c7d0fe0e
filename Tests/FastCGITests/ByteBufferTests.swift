// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("A byte buffer")
struct ByteBufferTests {
    @Test("grows and keeps what it holds", arguments: [0, 1, 16, 255, 256, 4096])
    func grows(capacity: Int) {
        var buffer = ByteBuffer(capacity: capacity)
        let expected = pattern(5000)
        for byte in expected[..<600] { buffer.append(byte) }
        buffer.append(expected.span.bytes.extracting(600..<5000))
        #expect(buffer.count == 5000)
        #expect(buffer.bytes.array == expected)
        #expect(Array(buffer.address) == expected)
    }

    @Test("writes numbers in network byte order")
    func bigEndian() {
        var buffer = ByteBuffer()
        buffer.append(bigEndian: 0x0102_0304_0506_0708 as UInt64)
        buffer.append(bigEndian: 0x090A_0B0C as UInt32)
        #expect(buffer.bytes.array == Array(1...12))
    }

    @Test(
        "writes numbers in decimal digits",
        arguments: [
            (0, "0"), (9, "9"), (10, "10"), (12_345, "12345"), (.max, "18446744073709551615"),
        ] as [(UInt64, String)])
    func decimal(number: UInt64, expected: String) {
        var buffer = ByteBuffer()
        buffer.append(decimal: number)
        #expect(buffer.bytes.array == Array(expected.utf8))
    }

    @Test("takes a literal")
    func literal() {
        var buffer = ByteBuffer()
        buffer.append("")
        buffer.append("HTTP_")
        #expect(buffer.bytes.array == Array("HTTP_".utf8))
    }

    @Test("is filled by a source, or empty when it fails", arguments: [0, 1, 10])
    func fills(count: Int) {
        var buffer = ByteBuffer()
        buffer.append(9)
        let isFilled = buffer.fill(upTo: 10) { room in
            for index in 0..<count { room[index] = 7 }
            return count
        }
        #expect(isFilled)
        #expect(buffer.bytes.array == Array(repeating: 7, count: count))
        #expect(buffer.fill(upTo: 10) { _ in nil } == false)
        #expect(buffer.count == 0)
        #expect(buffer.fill(upTo: 10) { _ in 11 } == false)
        #expect(buffer.count == 0)
    }

    @Test("keeps its memory when it is cleared")
    func keepsMemory() {
        var buffer = ByteBuffer()
        buffer.append(zeros: 10_000)
        let capacity = buffer.capacity
        buffer.removeAll()
        #expect(buffer.isEmpty == true)
        #expect(buffer.capacity == capacity)
    }

    @Test("makes room that doubles, so that appending stays linear")
    func doubles() {
        var buffer = ByteBuffer()
        var sizes: Set<Int> = []
        for _ in 0..<100_000 {
            buffer.append(1)
            sizes.insert(buffer.capacity)
        }
        #expect(sizes.count < 12)
    }

    @Test("writes zeros over what was there before")
    func zeros() {
        var buffer = ByteBuffer()
        for _ in 0..<40 { buffer.append(0xFF) }
        buffer.removeAll()
        buffer.append(zeros: 7)
        buffer.append(zeros: 0)
        buffer.append(zeros: -1)
        #expect(buffer.bytes.array == Array(repeating: 0, count: 7))
    }

    @Test("copies a part of another one")
    func copiesPart() {
        var source = ByteBuffer()
        source.append(([1, 2, 3, 4, 5] as [UInt8]).span.bytes)
        var buffer = ByteBuffer()
        buffer.append(1..<4, of: source)
        buffer.append(2..<2, of: source)
        #expect(buffer.bytes.array == [2, 3, 4])
    }

    @Test("reads and replaces only bytes that are there")
    func staysInside() {
        var buffer = ByteBuffer(capacity: 64)
        buffer.append(([1, 2, 3] as [UInt8]).span.bytes)
        buffer.replace(at: -1, with: 9)
        buffer.replace(at: 3, with: 9)
        buffer.replace(at: 1, with: 9)
        #expect(buffer.bytes.array == [1, 9, 3])
        #expect(buffer.byte(at: 1) == 9)
        #expect(buffer.byte(at: -1) == 0)
        #expect(buffer.byte(at: 3) == 0)
    }

    @Test("drops its end", arguments: [(-1, 0), (0, 0), (2, 2), (3, 3), (4, 3)])
    func truncates(to count: Int, leaves expected: Int) {
        var buffer = ByteBuffer()
        buffer.append(([1, 2, 3] as [UInt8]).span.bytes)
        buffer.truncate(to: count)
        #expect(buffer.count == expected)
    }
}
