// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("The variable of a header field")
struct FieldVariableTests {
    private func variable(_ name: String) -> FieldVariable {
        let bytes = Array(name.utf8)
        return FieldVariable(name: bytes.span.bytes)
    }

    @Test(
        "depends on the field's name, without regard to case",
        arguments: [
            ("Host", .http), ("X-A", .http), ("Accept-Language", .http), ("TF", .http),
            ("Proxy-Foo", .http), ("X-Proxy", .http), ("Cookie2", .http), ("a", .http),
            ("Content-Type", .contentType), ("CONTENT-TYPE", .contentType),
            ("content-length", .contentLength), ("Cookie", .cookie),
            ("Authorization", .authorization),
            ("Proxy", .none), ("pRoXy", .none), ("Connection", .none), ("Keep-Alive", .none),
            ("TE", .none), ("Trailer", .none), ("Upgrade", .none), ("Transfer-Encoding", .none),
            ("Proxy-Connection", .none), ("Proxy-Authorization", .none), ("", .none),
        ] as [(String, FieldVariable)])
    func kinds(name: String, expected: FieldVariable) {
        #expect(variable(name) == expected)
        #expect(variable(name.uppercased()) == expected)
        #expect(variable(name.lowercased()) == expected)
    }

    @Test("is none for a name that another field's variable could have")
    func plainNames() {
        for byte in UInt8.min...UInt8.max {
            let isPlain =
                UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || byte == UInt8(ascii: "-")
            let name = [UInt8(ascii: "X"), byte, UInt8(ascii: "A")]
            #expect(FieldVariable(name: name.span.bytes) == (isPlain ? .http : .none), "\(byte)")
        }
    }

    @Test(
        "is named in capitals with underscores",
        arguments: [
            ("Host", "HTTP_HOST"), ("accept-language", "HTTP_ACCEPT_LANGUAGE"),
            ("X-1-z", "HTTP_X_1_Z"),
        ])
    func names(field: String, expected: String) {
        let bytes = Array(field.utf8)
        var buffer = ByteBuffer()
        FieldVariable.appendName(of: bytes.span.bytes, to: &buffer)
        #expect(buffer.bytes.array == Array(expected.utf8))
    }

    @Test("joins cookies as cookies, others as lists")
    func separators() {
        #expect("\(FieldVariable.cookie.separator)" == "; ")
        #expect("\(FieldVariable.http.separator)" == ", ")
    }

    @Test("has a value without the white space around it, or none")
    func values() {
        for (text, expected) in [("a", 0..<1), (" a\t", 1..<2), ("", 0..<0), ("a\nb", nil)] {
            let bytes = Array(text.utf8)
            #expect(HeaderField.trimmedValue(of: bytes.span.bytes) == expected)
        }
    }
}
