// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("The search for bytes")
struct ByteSearchTests {
    @Test("finds the first place at every offset and alignment", arguments: 0..<20)
    func findsFirst(start: Int) {
        for end in start...40 {
            for place in 0..<40 {
                var bytes = [UInt8](repeating: 0x0B, count: 40)
                bytes[place] = 0x0A
                let found = bytes.span.bytes.firstOffset(of: 0x0A, in: start..<end)
                #expect(found == (start..<end).first { bytes[$0] == 0x0A })
            }
        }
    }

    @Test(
        "is not misled by neighbours of the byte", arguments: [0x00, 0x01, 0x0A, 0x7F, 0x80, 0xFF])
    func everyPair(byte: UInt8) {
        for first in UInt8.min...UInt8.max {
            for second in [byte, byte &- 1, byte &+ 1, byte ^ 0x80] {
                let bytes = [first, second, first, byte, first, first, first, first, second]
                let found = bytes.span.bytes.firstOffset(of: byte, in: 0..<bytes.count)
                #expect(found == bytes.firstIndex(of: byte))
            }
        }
    }

    @Test("stays inside the bytes whatever range it is given")
    func staysInside() {
        let bytes: [UInt8] = [1, 2, 3]
        #expect(bytes.span.bytes.firstOffset(of: 3, in: -5..<50) == 2)
        #expect(bytes.span.bytes.firstOffset(of: 4, in: -5..<50) == nil)
        #expect(bytes.span.bytes.firstOffset(of: 1, in: 7..<9) == nil)
    }

    @Test(
        "compares without regard to case",
        arguments: [
            ("status", true), ("STATUS", true), ("sTaTuS", true), ("statu", false),
            ("statuss", false), ("statu5", false), ("STATU\u{13}", false), ("\u{13}TATUS", false),
            ("", false),
        ])
    func comparesNames(text: String, isEqual: Bool) {
        let bytes = Array("x\(text)x".utf8)
        let range = 1..<bytes.count - 1
        #expect(bytes.span.bytes.equalsIgnoringCase("status", in: range) == isEqual)
    }

    @Test("compares letters only, not what lies beside them")
    func comparesLettersOnly() {
        for byte in UInt8.min...UInt8.max {
            let isLetter = byte == UInt8(ascii: "k") || byte == UInt8(ascii: "K")
            #expect([byte].span.bytes.equalsIgnoringCase("k", in: 0..<1) == isLetter)
            #expect([byte].span.bytes.equalsIgnoringCase("[", in: 0..<1) == (byte == 0x5B))
        }
    }
}
