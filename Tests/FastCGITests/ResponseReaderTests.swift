// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

/// What single responses come to is in Transcripts; here is what they cannot say.
@Suite("The response reader")
struct ResponseReaderTests {
    private static let head = WireRecord.stdout("A: 1\n\n")

    private func trace(
        _ records: [WireRecord], closed: Bool = false, behind: [UInt8] = [],
        request: ResponseTrace.Request = ResponseTrace.Request()
    ) -> ResponseTrace {
        ResponseTrace([records.flatMap(\.bytes) + behind], closed: closed, request: request)
    }

    @Test("knows what each type of record means", arguments: UInt8.min...UInt8.max)
    func types(type: UInt8) {
        let result = trace([Self.head, WireRecord(type: type, content: pattern(8)), .end()])
        switch type {
        case 1, 2, 4, 5, 8...11: #expect(result.end == "protocol-error badType")
        case 3: #expect(result.end == "protocol-error unknownProtocolStatus")
        case 6: #expect(result.body == pattern(8) && result.end == "complete")
        case 7: #expect(result.events.contains(.stderr(pattern(8))) && result.end == "complete")
        default: #expect(result.body.isEmpty && result.end == "complete" && result.isReusable)
        }
    }

    @Test("skips each type of record with id 0", arguments: UInt8.min...UInt8.max)
    func managementRecords(type: UInt8) {
        let record = WireRecord(type: type, requestID: 0, content: pattern(9), padding: 3)
        let result = trace([record, Self.head, record, .end()])
        #expect(result.end == "complete" && result.body.isEmpty && result.isReusable)
    }

    @Test("counts each type of late record, and takes nothing from it", arguments: UInt8.min...255)
    func lateRecords(type: UInt8) {
        let late = WireRecord(type: type, requestID: 1, content: pattern(8))
        let records = [late, Self.head.with(id: 2), late, WireRecord.end().with(id: 2)]
        let result = trace(records, request: .init(id: 2, previousID: 1))
        #expect(result.end == "complete" && result.events.count == 2)
        #expect(result.lateRecords == 2 && !result.isReusable)
    }

    @Test("takes only END_REQUEST of eight bytes", arguments: 0...40)
    func endRequestLength(length: Int) {
        let end = WireRecord(type: 3, content: Array(repeating: 0, count: length))
        let expected = length == 8 ? "complete" : "protocol-error badLength"
        #expect(trace([Self.head, end]).end == expected)
    }

    @Test(
        "passes records of every size",
        arguments: [1, 8, 65_528, 65_535], [0, 7, 255])
    func sizes(content: Int, padding: Int) {
        let record = WireRecord(type: 6, content: pattern(content), padding: padding)
        let result = trace([Self.head, record, record, .end()])
        #expect(result.body == pattern(content) + pattern(content))
        #expect(result.end == "complete" && result.isReusable)
    }

    @Test("stops behind END_REQUEST and its padding", arguments: 0...8)
    func stops(padding: Int) {
        let bytes = [Self.head, .end(padding: padding)].flatMap(\.bytes) + [1, 6, 0, 1]
        var reader = ResponseReader(limits: ExchangeLimits())
        reader.begin(requestID: 1, previousID: 0, isHeadRequest: false)
        var position = 0
        _ = reader.next(bytes.span.bytes, at: &position)
        guard case .end(.complete) = reader.next(bytes.span.bytes, at: &position) else {
            Issue.record("The response did not end.")
            return
        }
        #expect(position == bytes.count - 4)
        #expect(reader.isReusable(unread: 0) == true)
        #expect(reader.isReusable(unread: 4) == false)
    }

    @Test("says the same end again, whatever follows", arguments: [0, 1, 2, 3, 9] as [UInt8])
    func endIsFinal(status: UInt8) {
        let bytes = [Self.head, .end(status)].flatMap(\.bytes)
        var reader = ResponseReader(limits: ExchangeLimits())
        reader.begin(requestID: 1, previousID: 0, isHeadRequest: false)
        var position = 0
        var ends: [String] = []
        for _ in 0..<4 {
            if case .end(let how) = reader.next(bytes.span.bytes, at: &position) {
                ends.append("\(how)")
            }
        }
        if case .end(let how) = reader.inputEnded() { ends.append("\(how)") }
        #expect(ends.count == 4)
        #expect(Set(ends).count == 1)
    }

    @Test("does not move without input")
    func noInput() {
        var reader = ResponseReader(limits: ExchangeLimits())
        reader.begin(requestID: 1, previousID: 0, isHeadRequest: false)
        var position = 0
        for _ in 0..<3 {
            guard case .needsInput = reader.next([UInt8]().span.bytes, at: &position) else {
                Issue.record("Something came of nothing.")
                return
            }
        }
        #expect(reader.hasBegunHead == false)
        #expect(position == 0)
    }

    @Test("knows whether the head has begun, also by an interim one")
    func hasBegunHead() {
        for text in ["A", "Status: 100\n\n"] {
            let bytes = WireRecord.stdout(text).bytes
            var reader = ResponseReader(limits: ExchangeLimits())
            reader.begin(requestID: 1, previousID: 0, isHeadRequest: false)
            var position = 0
            _ = reader.next(bytes.span.bytes, at: &position)
            #expect(reader.hasBegunHead == true)
        }
    }

    @Test("counts STDERR for each request anew")
    func stderrLimit() {
        var limits = ExchangeLimits()
        limits.maxStderrSize = 4
        var reader = ResponseReader(limits: limits)
        for _ in 0..<3 {
            let bytes = [WireRecord.stderr("123456"), Self.head, .end()].flatMap(\.bytes)
            let result = ResponseTrace([bytes], closed: false, reader: &reader)
            #expect(result.events.first == .stderr(Array("1234".utf8)))
            #expect(result.stderrDropped == 2)
        }
    }

    /// A response, and whether its connection may be used again.
    struct Reuse: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var records: [WireRecord] = [head, .end()]
        var closed = false
        var behind: [UInt8] = []
        var request = ResponseTrace.Request()
        var isReusable = false
    }

    @Test(
        "lets a connection be used again only behind a complete response",
        arguments: [
            Reuse(testDescription: "complete", isReusable: true),
            Reuse(testDescription: "complete, then closed", closed: true, isReusable: true),
            Reuse(
                testDescription: "a body without declared length",
                records: [head, .stdout("x"), .stdout(""), .end()], isReusable: true),
            Reuse(
                testDescription: "HEAD with a body", records: [head, .stdout("x"), .end()],
                request: .init(isHead: true), isReusable: true),
            Reuse(
                testDescription: "204 with a body",
                records: [.stdout("Status: 204\n\nxyz"), .end()], isReusable: true),
            Reuse(
                testDescription: "304", records: [.stdout("Status: 304\n\n"), .end()],
                isReusable: true),
            Reuse(
                testDescription: "local redirect", records: [.stdout("Location: /\n\n"), .end()],
                isReusable: true),
            Reuse(
                testDescription: "application status", records: [head, .end(application: 9)],
                isReusable: true),
            Reuse(
                testDescription: "padding behind END_REQUEST",
                records: [head, .end(padding: 255)], isReusable: true),
            Reuse(
                testDescription: "padding that has not come",
                records: [head], behind: Array(WireRecord.end(padding: 2).bytes.dropLast())),
            Reuse(testDescription: "a byte too much", behind: [1]),
            Reuse(testDescription: "a record too much", behind: WireRecord.stderr("x").bytes),
            Reuse(testDescription: "nothing yet", records: []),
            Reuse(testDescription: "a head only", records: [head]),
            Reuse(testDescription: "closed without END_REQUEST", records: [head], closed: true),
            Reuse(
                testDescription: "closed behind the empty STDOUT",
                records: [head, .stdout("")], closed: true),
            Reuse(
                testDescription: "closed behind the declared length",
                records: [.stdout("Content-Length: 1\n\nx")], closed: true),
            Reuse(testDescription: "no head", records: [.end()]),
            Reuse(
                testDescription: "a body too short",
                records: [.stdout("Content-Length: 2\n\nx"), .end()]),
            Reuse(
                testDescription: "a body too long",
                records: [.stdout("Content-Length: 2\n\nxyz"), .end()]),
            Reuse(testDescription: "overloaded", records: [.end(2)]),
            Reuse(testDescription: "not multiplexed", records: [.end(1)]),
            Reuse(testDescription: "unknown role", records: [.end(3)]),
            Reuse(testDescription: "a bad head", records: [.stdout("\0\n\n"), .end()]),
            Reuse(
                testDescription: "a late record",
                records: [.stderr("x"), head.with(id: 2), WireRecord.end().with(id: 2)],
                request: .init(id: 2, previousID: 1)),
            Reuse(testDescription: "a wrong id", records: [head, WireRecord.end().with(id: 7)]),
        ])
    func reuse(reuse: Reuse) {
        let result = trace(
            reuse.records, closed: reuse.closed, behind: reuse.behind, request: reuse.request)
        #expect(result.isReusable == reuse.isReusable)
    }

    @Test("gives the same events for damaged responses however they are split", arguments: 0..<200)
    func damaged(seed: UInt64) throws {
        var random = RepeatableGenerator(seed: seed)
        let transcript = try #require(try Transcript.all().randomElement(using: &random))
        var bytes = transcript.bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &random)
            switch UInt8.random(in: 0...2, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            default: bytes.insert(bytes[place], at: place)
            }
        }
        let whole = ResponseTrace([bytes], closed: true, request: transcript.request)
        #expect(whole.end != nil)
        for split in bytes.allSplits {
            var trace = ResponseTrace(split, closed: true, request: transcript.request)
            // Padding of END_REQUEST that arrives later is not waited for.
            trace.isReusable = whole.isReusable
            #expect(trace == whole)
        }
    }
}
