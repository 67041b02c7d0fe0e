// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("A header field")
struct HeaderFieldTests {
    /// Reads a line that stands between other bytes.
    private func read(_ line: [UInt8]) throws -> (name: [UInt8], value: [UInt8]) {
        let bytes = Array(":a ".utf8) + line + Array(" b:".utf8)
        let field = try HeaderField(
            line: 3..<3 + line.count, of: bytes.span.bytes, mayHoldControl: true)
        return (Array(bytes[field.name]), Array(bytes[field.value]))
    }

    @Test(
        "is a name, a colon and a value without the white space around it",
        arguments: [
            ("A:b", "A", "b"), ("A: b", "A", "b"), ("A: \t b \t", "A", "b"), ("A:", "A", ""),
            ("A: \t ", "A", ""), ("A: b c", "A", "b c"), ("A: b\tc", "A", "b\tc"),
            ("A: b: c", "A", "b: c"), ("A::", "A", ":"), ("x-A_b: é", "x-A_b", "é"),
        ])
    func reads(line: String, name: String, value: String) throws {
        let field = try read(Array(line.utf8))
        #expect(field.name == Array(name.utf8))
        #expect(field.value == Array(value.utf8))
    }

    @Test("needs a colon", arguments: ["a", "HTTP/1.1 200 OK", "<?php"])
    func needsColon(line: String) {
        #expect(throws: HeaderField.Fault.noColon) { try read(Array(line.utf8)) }
    }

    @Test("needs a name without white space", arguments: [":", ": b", "A : b", "A b: c", "\tA: b"])
    func needsName(line: String) {
        #expect(throws: HeaderField.Fault.badName) { try read(Array(line.utf8)) }
    }

    private static let tokens = Set(
        "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    @Test("has only token characters in its name", arguments: 1...20)
    func tokenCharacters(length: Int) {
        for byte in UInt8.min...UInt8.max where byte != UInt8(ascii: ":") {
            for place in 0..<length {
                var name = Array("Content-Disposition-X".utf8.prefix(length))
                name[place] = byte
                let read = try? read(name + Array(": text".utf8)).name
                #expect(read == (Self.tokens.contains(byte) ? name : nil), "\(byte) at \(place)")
            }
        }
    }

    @Test("has no control characters but tab in its value", arguments: 3...20)
    func controlCharacters(length: Int) {
        for byte in UInt8.min...UInt8.max {
            for place in 1..<length - 1 {
                var value = Array(repeating: UInt8(ascii: " ") + 1, count: length)
                value[place] = byte
                let read = try? read([65, 58] + value).value
                let isAllowed = byte >= 32 && byte != 127 || byte == 9
                #expect(read == (isAllowed ? value : nil), "\(byte) at \(place)")
            }
        }
    }

    @Test("has no control characters at the ends of its value", arguments: [0, 13, 11, 12, 127])
    func controlCharactersAtEnds(byte: UInt8) {
        #expect(throws: HeaderField.Fault.controlCharacter) { try read([65, 58, byte, 121]) }
        #expect(throws: HeaderField.Fault.controlCharacter) { try read([65, 58, 121, byte]) }
        #expect(throws: HeaderField.Fault.controlCharacter) { try read([65, 58, 32, byte, 32]) }
    }

    @Test(
        "belongs to one connection only, by its name",
        arguments: [
            ("Connection", true), ("keep-alive", true), ("TE", true), ("Trailer", true),
            ("Transfer-Encoding", true), ("UPGRADE", true), ("Proxy-Connection", true),
            ("Content-Length", false), ("Content-Type", false), ("ETag", false), ("TF", false),
            ("Warning", false), ("Set-Cookie", false), ("Connectiom", false), ("Server", false),
            ("Content-Encoding", false), ("If-Modified-Since", false), ("X-Connection", false),
        ])
    func hopByHop(name: String, expected: Bool) throws {
        let bytes = Array("\(name): x".utf8)
        let field = try HeaderField(
            line: 0..<bytes.count, of: bytes.span.bytes, mayHoldControl: true)
        #expect(field.isHopByHop(in: bytes.span.bytes) == expected)
    }
}
