// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("The request stream")
struct RequestStreamTests {
    /// Whether these bytes are the head, the body in well-formed STDIN records, and STDIN's end.
    private func expect(_ wire: [UInt8], carries body: [UInt8], requestID: UInt16 = 1) throws {
        #expect(Array(wire.prefix(24)) == Sending.head)
        let records = try #require(WireRecord.decode(Array(wire.dropFirst(24))))
        #expect(records.allSatisfy { $0.type == 5 && $0.requestID == requestID })
        #expect(records.allSatisfy { $0.content.count <= 65_528 })
        #expect(records.allSatisfy { ($0.content.count + $0.padding) % 8 == 0 && $0.padding < 8 })
        #expect(records.dropLast().allSatisfy { !$0.content.isEmpty })
        #expect(records.last?.content == [])
        #expect(records.flatMap(\.content) == body)
    }

    private static let sizes = [
        0, 1, 7, 8, 9, 255, 65_527, 65_528, 65_529, 65_536, 131_056, 131_057, 786_336, 786_337,
        1_048_576,
    ]

    @Test("carries head, body and end of STDIN in one write, up to a mebibyte", arguments: sizes)
    func oneWrite(size: Int) throws {
        var sending = Sending(body: pattern(size), requestID: 2)
        while !sending.stream.isDone {
            sending.write(windowEnd: size, isLast: true, most: .max)
        }
        try expect(sending.wire, carries: sending.body, requestID: 2)
        #expect(sending.writes == 1)
    }

    @Test("leaves in more writes than one only beyond that", arguments: [1_300_000, 1_600_001])
    func moreWrites(size: Int) throws {
        var sending = Sending(body: pattern(size))
        while !sending.stream.isDone {
            sending.write(windowEnd: size, isLast: true, most: .max)
        }
        try expect(sending.wire, carries: sending.body)
        #expect(sending.writes > 1)
    }

    @Test("waits for what a header has announced", arguments: 1..<100)
    func fewerAtHand(count: Int) throws {
        var sending = Sending(body: pattern(101))
        sending.write(windowEnd: 100, isLast: false, most: 24 + 8)
        sending.write(windowEnd: count, isLast: true, most: .max)
        #expect(sending.wire.count == 24 + 8 + count && sending.consumed == count)
        sending.write(windowEnd: 101, isLast: true, most: .max)
        try expect(sending.wire, carries: sending.body)
    }

    @Test(
        "goes on where a write ended, for every size of write",
        arguments: [0, 1, 5, 8, 100, 300], 1...48)
    func everyWriteSize(size: Int, most: Int) throws {
        var sending = Sending(body: pattern(size))
        while !sending.stream.isDone {
            #expect(sending.writes < 1000)
            sending.write(windowEnd: size, isLast: true, most: most)
        }
        try expect(sending.wire, carries: sending.body)
        #expect(sending.consumed == size)
    }

    @Test(
        "goes on where a write ended, in and around full records",
        arguments: [65_528, 65_529, 131_057], [1, 7, 8, 9, 4096, 65_527, 65_535, 65_536, 65_537])
    func fullRecords(size: Int, most: Int) throws {
        // Byte by byte only where records meet: the rest says nothing new.
        var sending = Sending(body: pattern(size))
        while !sending.stream.isDone {
            let toEdge = (65_528 - 40) - sending.consumed % 65_528
            sending.write(windowEnd: size, isLast: true, most: max(most, toEdge))
        }
        try expect(sending.wire, carries: sending.body)
    }

    @Test("sends windows that grow while writes end anywhere", arguments: 0..<300)
    func randomWindows(seed: UInt64) throws {
        var random = RepeatableGenerator(seed: seed)
        let size = Int.random(in: 0...[40, 400, 200_000][Int(seed % 3)], using: &random)
        let longest = max(2, size / Int.random(in: 1...20, using: &random))
        var sending = Sending(body: pattern(size))
        var windowEnd = 0
        while !sending.stream.isDone {
            windowEnd = min(size, windowEnd + Int.random(in: 0...longest, using: &random))
            let isLast = windowEnd == size && Bool.random(using: &random)
            sending.write(
                windowEnd: windowEnd, isLast: isLast,
                most: Int.random(in: 0...longest + 30, using: &random))
        }
        try expect(sending.wire, carries: sending.body)
        #expect(sending.consumed == size)
    }

    @Test("absorbs pieces between writes that end anywhere", arguments: 0..<300)
    func randomAbsorbs(seed: UInt64) throws {
        var random = RepeatableGenerator(seed: seed &+ 1000)
        let size = Int.random(in: 0...[40, 400, 200_000][Int(seed % 3)], using: &random)
        let longest = max(2, size / Int.random(in: 1...20, using: &random))
        var sending = Sending(body: pattern(size))
        var windowEnd = 0
        var isEnded = false
        while !sending.stream.isDone {
            windowEnd = min(size, windowEnd + Int.random(in: 0...longest, using: &random))
            let isLast = windowEnd == size && Bool.random(using: &random)
            if Bool.random(using: &random), !isEnded {
                sending.absorb(to: windowEnd, isLast: isLast)
                #expect(sending.consumed == windowEnd)
                isEnded = isLast
            }
            let most = Int.random(in: 0...longest + 30, using: &random)
            sending.write(windowEnd: windowEnd, isLast: isLast, most: most)
        }
        try expect(sending.wire, carries: sending.body)
        #expect(sending.consumed == size)
    }

    @Test("absorbs a whole body before anything is sent", arguments: sizes)
    func absorbsWhole(size: Int) throws {
        var sending = Sending(body: pattern(size))
        sending.absorb(to: size, isLast: true)
        while !sending.stream.isDone {
            sending.write(windowEnd: size, isLast: true, most: 100_000)
        }
        try expect(sending.wire, carries: sending.body)
    }

    @Test("absorbs what a write left of its window, wherever it ended", arguments: 0...200)
    func absorbsRest(most: Int) throws {
        var sending = Sending(body: pattern(120))
        sending.write(windowEnd: 100, isLast: false, most: most)
        sending.absorb(to: 100, isLast: false)
        sending.absorb(to: 120, isLast: true)
        while !sending.stream.isDone {
            sending.write(windowEnd: 120, isLast: true, most: 3)
        }
        try expect(sending.wire, carries: sending.body)
    }

    @Test(
        "completes the record at hand and aborts when given up, and never ends STDIN",
        arguments: 0...160)
    func abandons(most: Int) throws {
        var head = RequestHead(limit: 100)
        head.finish(requestID: 1, role: .responder, keepConnection: false)
        let body = pattern(100)
        for atHand in [0, 3, 100] {
            var stream = RequestStream()
            stream.begin(requestID: 1, headCount: head.count)
            stream.planWrite(window: 100, isLast: false)
            let sent = stream.plannedBytes(head: head.address, window: body[...]).prefix(most)
            let consumed = stream.sent(sent.count)
            let piece = body[consumed...].prefix(atHand)
            let farewell = stream.abandon(head: head, piece: Array(piece).span.bytes)
            let wire = Array(sent + farewell.bytes)
            #expect(farewell.isCutShort)
            guard most <= 24 || consumed + piece.count == 100 else {
                // Content that nobody has: the half-close comes within its record.
                #expect(wire.count == 32 + consumed + piece.count)
                continue
            }
            let records = try #require(WireRecord.decode(wire))
            let begun = most == 0 ? 0 : most <= 16 ? 1 : most <= 24 ? 2 : 3
            #expect(records.map(\.type) == [1, 4, 5].prefix(begun) + (most == 0 ? [] : [2]))
            #expect(begun < 3 || records[2].content == body)
        }
    }

    @Test("does not complete params that nobody wants any more", arguments: 1...200)
    func abandonsParams(most: Int) throws {
        var head = RequestHead(limit: 1_000)
        try head.append(WirePair("NAME", "value"))
        head.finish(requestID: 7, role: .responder, keepConnection: false)
        var stream = RequestStream()
        stream.begin(requestID: 7, headCount: head.count)
        stream.absorb(pattern(10).span.bytes, isLast: true)
        stream.planWrite(window: 0, isLast: true)
        let plan = stream.plannedBytes(head: head.address, window: [])
        _ = stream.sent(min(most, plan.count))
        let farewell = stream.abandon(head: head, piece: RawSpan())
        let wire = plan[..<min(most, plan.count)] + farewell.bytes
        let types = try #require(WireRecord.decode(Array(wire))).map(\.type)
        // A request that is there to its last parameter is whole, since its body is.
        let isWhole = most >= head.count
        let begun = most <= 16 ? 1 : most <= head.count - 8 ? 2 : 3
        #expect(farewell.isCutShort == !isWhole)
        #expect(types == [1, 4, 4].prefix(begun) + (isWhole ? [5, 5] : [2]))
    }

    @Test("sends the rest of a whole body when given up", arguments: 24...170)
    func abandonsWhole(most: Int) throws {
        var head = RequestHead(limit: 100)
        head.finish(requestID: 1, role: .responder, keepConnection: false)
        var sending = Sending(body: pattern(100))
        sending.absorb(to: 100, isLast: true)
        sending.write(windowEnd: 100, isLast: true, most: most)
        let farewell = sending.stream.abandon(head: head, piece: RawSpan())
        #expect(!farewell.isCutShort)
        try expect(sending.wire + farewell.bytes, carries: sending.body)
    }

    @Test("has no STDIN for an authorizer, and no end of it")
    func authorizer() {
        var stream = RequestStream()
        stream.begin(requestID: 1, headCount: 24, hasStdin: false)
        stream.planWrite(window: 5, isLast: true)
        #expect(stream.plan.size == 24 && !stream.isDone && !stream.isHeadSent)
        #expect(stream.sent(24) == 0)
        #expect(stream.isDone && stream.isHeadSent)
    }

    @Test("says what is left to do")
    func progress() {
        var sending = Sending(body: pattern(10))
        #expect(sending.state == "unsent")
        sending.write(windowEnd: 0, isLast: false, most: 0)
        #expect(sending.state == "unsent")
        sending.write(windowEnd: 0, isLast: false, most: 24)
        #expect(sending.state == "begun")
        sending.write(windowEnd: 0, isLast: false, most: .max)
        #expect(sending.wire.count == 24, "nothing to send is no empty record")
        sending.write(windowEnd: 10, isLast: false, most: .max)
        #expect(sending.consumed == 10)
        #expect(sending.state == "begun")
        sending.write(windowEnd: 10, isLast: true, most: 7)
        #expect(sending.state == "begun unsent")
        sending.write(windowEnd: 10, isLast: true, most: 1)
        #expect(sending.state == "begun done")
        sending.write(windowEnd: 10, isLast: true, most: .max)
        #expect(sending.wire.count == 24 + 8 + 10 + 6 + 8)
    }

    @Test("keeps no more memory the longer a body is sent, wherever writes end")
    func boundedMemory() throws {
        var sending = Sending(body: pattern(40_000))
        sending.write(windowEnd: 16, isLast: false, most: 24 + 8 + 8)
        var longest = 0
        while sending.consumed + 32 < sending.body.count {
            // The open record's content, and half of the header of the next one.
            let open = sending.consumed % 16 == 0 ? 16 : 8
            let unsent = sending.stream.hasUnsent ? 4 : 0
            sending.write(
                windowEnd: sending.consumed + open + 16, isLast: false, most: unsent + open + 4)
            longest = max(longest, sending.stream.pendingAddress.count)
        }
        #expect(longest <= 16)
        while !sending.stream.isDone {
            sending.write(windowEnd: sending.body.count, isLast: true, most: .max)
        }
        try expect(sending.wire, carries: sending.body)
    }

    @Test("starts over for another request")
    func beginsAgain() throws {
        var sending = Sending(body: pattern(100))
        sending.write(windowEnd: 100, isLast: false, most: 40)
        sending.absorb(to: 60, isLast: false)
        sending.stream.begin(requestID: 5, headCount: 24)
        sending.wire = []
        sending.consumed = 0
        #expect(sending.state == "unsent")
        while !sending.stream.isDone {
            sending.write(windowEnd: 100, isLast: true, most: 50)
        }
        try expect(sending.wire, carries: sending.body, requestID: 5)
    }
}
