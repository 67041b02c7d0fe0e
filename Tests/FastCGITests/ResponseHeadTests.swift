// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("A response head")
struct ResponseHeadTests {
    /// Reads a head whole; in all splits it has to be the same.
    private func read(_ text: String, maxSize: Int = 65_536, maxFields: Int = 200) -> HeadReading {
        let bytes = Array(text.utf8)
        let whole = HeadReading([bytes], maxSize: maxSize, maxFields: maxFields)
        for split in bytes.allSplits {
            var reading = HeadReading(split, maxSize: maxSize, maxFields: maxFields)
            // How much of a head at fault was taken does not matter.
            if whole.fault != nil { reading.used = whole.used }
            #expect(reading == whole)
        }
        return whole
    }

    @Test(
        "ends with an empty line, whatever the line ends",
        arguments: ["\n", "\r\n"], ["\n", "\r\n"])
    func lineEnds(first: String, second: String) {
        for third in ["\n", "\r\n"] {
            let text = "A: 1\(first)B: 2\(second)\(third)"
            let reading = read(text + "body\n\n")
            #expect(reading.fault == nil)
            #expect(reading.isComplete)
            #expect(reading.used == text.utf8.count)
            #expect(reading.size == text.utf8.count)
            #expect(reading.fields == ["A=1", "B=2"])
        }
    }

    @Test("is not complete before its last byte", arguments: ["A: 1\n\n", "A: 1\r\n\r\n"])
    func incomplete(text: String) {
        for count in 0..<text.utf8.count {
            let reading = HeadReading([Array(text.utf8.prefix(count))])
            #expect(!reading.isComplete && reading.fault == nil && reading.used == count)
        }
    }

    @Test(
        "gives the status anywhere among the fields",
        arguments: [
            ("A: 1\n", 200), ("Status: 404\n", 404), ("A: 1\nstatus: 404 Not Found\n", 404),
            ("STATUS:200\nA: 1\n", 200), ("Status: 500 \n", 500), ("Status: 200  OK\n", 200),
            ("Status: 404\nStatus: 200\n", 404), ("Status: 404\nStatus: nonsense\n", 404),
            ("Status: 599\n", 599), ("Status: 999\n", 999), ("Status: 200 caf\u{E9}\n", 200),
        ])
    func status(lines: String, expected: UInt16) {
        let reading = read(lines + "\n")
        #expect(reading.isComplete)
        #expect(reading.status == expected)
        #expect(reading.fields.allSatisfy { !$0.lowercased().hasPrefix("status") })
    }

    @Test(
        "refuses a status that is none",
        arguments: [
            "", "2", "20", "20x", "x200", "200x", "2000", "200OK", "099", "000", "-200", "+200",
            "OK", "HTTP/1.1 200 OK", "200/", "２００",
        ])
    func badStatus(value: String) {
        #expect(read("Status: \(value)\n\n").fault == "badStatus")
    }

    @Test("keeps repeated fields apart and in order")
    func repeatedFields() {
        let reading = read("Set-Cookie: a=1\nX: y\nset-cookie: b=2\nSet-Cookie: a=1\n\n")
        #expect(reading.fields == ["Set-Cookie=a=1", "X=y", "set-cookie=b=2", "Set-Cookie=a=1"])
    }

    @Test("drops fields that speak of one connection")
    func hopByHop() {
        let reading = read(
            "Connection: close\nA: 1\nTransfer-Encoding: chunked\nKeep-Alive: x\nTE: x\n\n")
        #expect(reading.fields == ["A=1"])
    }

    @Test("drops fields that Connection names, before it and after")
    func namedByConnection() {
        let reading = read(
            "A: 1\nX-Mine: 1\nConnection: close , x-MINE\nX-Min: 2\nY: 3\nConnection: ,y\n\n")
        #expect(reading.fields == ["A=1", "X-Min=2"])
    }

    @Test(
        "refuses lines that are no fields",
        arguments: [
            ("A: 1\n B: 2\n\n", "foldedLine"), ("A: 1\n\t2\n\n", "foldedLine"),
            (" A: 1\n\n", "foldedLine"), ("A: 1\n \n\n", "foldedLine"),
            ("A\n\n", "noColon"), ("HTTP/1.1 200 OK\n\n", "noColon"), ("A: 1\n\r\r\n", "noColon"),
            (": 1\n\n", "badName"), ("A : 1\n\n", "badName"), ("A(: 1\n\n", "badName"),
            ("\rA: 1\n\n", "badName"), ("A\r: 1\n\n", "badName"), ("A\0: 1\n\n", "badName"),
            ("A: 1\r2\n\n", "controlCharacter"), ("A: 1\r\r\n\n", "controlCharacter"),
            ("A: \0\n\n", "controlCharacter"), ("A: 1\u{7F}\n\n", "controlCharacter"),
            ("Status: 200\u{1}\n\n", "controlCharacter"),
            ("Connection: \0\n\n", "controlCharacter"),
        ])
    func faults(text: String, fault: String) {
        #expect(read(text).fault == fault)
    }

    @Test(
        "is a redirect by its Location",
        arguments: [
            ("Location: http://a/b\n", 302, .document),
            ("Location: //a/b\n", 200, .mayBeLocalRedirect),
            ("Location: /a?b=c\n", 200, .mayBeLocalRedirect), ("location: x:y\n", 302, .document),
            ("Location: http://a/\nStatus: 301\n", 301, .document),
            ("Status: 302\nLocation: /a\n", 302, .document),
            ("Status: 200\nLocation: /a\n", 200, .document), ("Location:\n", 200, .document),
            ("Location: /a\nLocation: http://b/\n", 200, .mayBeLocalRedirect),
        ] as [(String, UInt16, ResponseHead.Kind)])
    func redirects(lines: String, status: UInt16, kind: ResponseHead.Kind) {
        let reading = read(lines + "\n")
        #expect(reading.status == status)
        #expect(reading.kind == kind)
        #expect(reading.fields.count(where: { $0.lowercased().hasPrefix("location=") }) > 0)
    }

    @Test(
        "tells the declared length of the body",
        arguments: [
            ("A: 1\n", nil), ("Content-Length: 0\n", 0), ("content-length:42\n", 42),
            ("Content-Length: 007\n", 7),
            ("CONTENT-LENGTH: 999999999999999999\n", 999_999_999_999_999_999),
        ] as [(String, UInt64?)])
    func contentLength(lines: String, expected: UInt64?) {
        #expect(read(lines + "\n").contentLength == expected)
    }

    @Test(
        "leaves out a declared length that is none",
        arguments: [
            "", "x", "-1", "+1", "1x", "0x10", "1 2", "1, 1", "1.0", "1000000000000000000",
            "18446744073709551616", "٣",
        ])
    func badContentLength(value: String) {
        for lines in ["Content-Length: \(value)\nA: 1\n\n", "A: 1\nContent-Length: \(value)\n\n"] {
            let reading = read(lines)
            #expect(reading.isComplete)
            #expect(reading.fields == ["A=1"])
            #expect(reading.contentLength == nil)
        }
    }

    @Test("takes the same declared length once", arguments: ["5", "005", "x", ""])
    func repeatedContentLength(second: String) {
        let reading = read("Content-Length: 5\nA: 1\nContent-length: \(second)\n\n")
        #expect(reading.isComplete)
        #expect(reading.fields == ["Content-Length=5", "A=1"])
        #expect(reading.contentLength == 5)
    }

    @Test("refuses two declared lengths that differ", arguments: ["6", "0", "50"])
    func twoContentLengths(second: String) {
        let reading = read("Content-Length: 5\nA: 1\nContent-length: \(second)\n\n")
        #expect(reading.fault == "twoContentLengths")
    }

    @Test("takes the first Location, whatever the others are")
    func twoLocations() {
        let reading = read("Location: /a\nLocation: http://b/\nlocation: /c\n\n")
        #expect(reading.fields == ["Location=/a"])
    }

    @Test("skips interim heads and forgets what they said", arguments: [100, 102, 103, 199])
    func interim(status: Int) {
        let text = """
            Status: \(status)
            Link: </a>
            Location: http://a/
            Content-Length: 7

            Status: 103

            Content-Type: text/plain


            """
        let reading = read(text + "body")
        #expect(reading.isComplete)
        #expect(reading.used == text.utf8.count)
        #expect(reading.status == 200)
        #expect(reading.contentLength == nil)
        #expect(reading.fields == ["Content-Type=text/plain"])
    }

    @Test("refuses to switch protocols, also behind an interim head")
    func switchingProtocols() {
        #expect(read("Status: 101\nUpgrade: x\n\n").fault == "switchingProtocols")
        #expect(read("Status: 100\n\nStatus: 101 x\n\n").fault == "switchingProtocols")
    }

    @Test("is not larger than its limit, interim heads included")
    func limitOfSize() {
        let text = "Status: 103\n\nA: 1\nB: 22\n\n"
        #expect(read(text, maxSize: text.utf8.count).isComplete)
        for limit in 1..<text.utf8.count {
            #expect(read(text, maxSize: limit).fault == "tooLarge")
        }
        #expect(read("A: 1\n\n" + String(repeating: "x", count: 50), maxSize: 6).isComplete)
    }

    @Test(
        "tells which field made it too large, also before that one's end",
        arguments: [
            ("A: 1\nB: \(large)", "B"), ("B: \(large)\r\nA: 1\r\nC: 2\r\n", "B"), (large, nil),
        ])
    func oversizedField(text: String, name: String?) {
        var head = ResponseHead(maxSize: 40, maxFields: 10)
        let input = Array(text.utf8)
        #expect(throws: ResponseHead.Fault.self) {
            try head.read(input.span.bytes, in: 0..<input.count)
        }
        #expect(head.oversizedField.map { String(decoding: input[$0.name], as: UTF8.self) } == name)
    }

    private static let large = String(repeating: "x", count: 50)

    @Test("has no more fields than its limit")
    func limitOfFields() {
        let text = "A: 1\nStatus: 200\nB: 2\nConnection: close\nC: 3\n\n"
        #expect(read(text, maxFields: 3).fields.count == 3)
        #expect(read(text, maxFields: 2).fault == "tooManyFields")
    }

    @Test("knows whether anything of it has arrived, interim heads included")
    func hasBegun() throws {
        var head = ResponseHead(maxSize: 100, maxFields: 10)
        #expect(head.isEmpty == true)
        _ = try head.read(Array("Status: 100\n\n".utf8).span.bytes, in: 0..<13)
        #expect(head.isEmpty == false)
        head.clear()
        #expect(head.isEmpty == true)
    }

    @Test("starts over when cleared")
    func clears() throws {
        let first = Array("Status: 404\nContent-Length: 5\nLocation: /a\nA: 1\n\n".utf8)
        let second = Array("Location: /b\n\n".utf8)
        var head = ResponseHead(maxSize: first.count, maxFields: 10)
        for _ in 0..<3 {
            head.clear()
            #expect(try head.read(first.span.bytes, in: 0..<first.count) == first.count)
            #expect(head.status == 404)
            head.clear()
            #expect(head.isComplete == false)
            #expect(try head.read(second.span.bytes, in: 0..<second.count) == second.count)
            #expect(head.status == 200)
            #expect(head.contentLength == nil)
            #expect(head.kind == .mayBeLocalRedirect)
            #expect(head.fields.count == 1)
        }
    }
}
