// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("The request head")
struct RequestHeadTests {
    private static let limit = 1_048_576

    private func encode(
        _ pairs: [WirePair], requestID: UInt16 = 1, keep: Bool = false
    ) throws -> [WireRecord] {
        var head = RequestHead(limit: Self.limit)
        for pair in pairs {
            try head.append(pair)
        }
        head.finish(requestID: requestID, role: .responder, keepConnection: keep)
        return try #require(WireRecord.decode(head.bytes.array))
    }

    /// Whether these are BEGIN_REQUEST, PARAMS with the pairs, and one empty PARAMS.
    private func expect(_ records: [WireRecord], hold pairs: [WirePair]) {
        #expect(records.first == .begin())
        #expect(records.dropFirst().allSatisfy { $0.type == 4 && $0.requestID == 1 })
        #expect(records.dropFirst().dropLast().allSatisfy { !$0.content.isEmpty })
        #expect(records.last?.content == [])
        #expect(records.allSatisfy { $0.content.count <= 65_528 })
        #expect(records.allSatisfy { ($0.content.count + $0.padding) % 8 == 0 && $0.padding < 8 })
        #expect(WirePair.decode(records.dropFirst().flatMap(\.content)) == pairs)
    }

    /// A pair that takes so many bytes, with a name of one.
    private func pair(ofSize size: Int, name: UInt8 = 65) -> WirePair {
        let value = size - 3 <= 127 ? size - 3 : size - 6
        return WirePair([name], Array(repeating: 66, count: value))
    }

    @Test("without params is BEGIN_REQUEST and the empty PARAMS")
    func empty() throws {
        let records = try encode([])
        #expect(records == [.begin(), WireRecord(type: 4)])
    }

    @Test(
        "carries names and values of every length",
        arguments: [1, 2, 126, 127, 128, 129, 255, 256, 65_535],
        [0, 1, 127, 128, 255, 256, 65_519, 65_535, 65_536, 200_000])
    func lengths(name: Int, value: Int) throws {
        let pairs = [
            WirePair("BEFORE", "1"),
            WirePair(
                Array(repeating: 78, count: name), pattern(value).map { $0 == 0 ? 1 : $0 }),
            WirePair("AFTER", "2"),
        ]
        expect(try encode(pairs), hold: pairs)
    }

    @Test("carries the role, the request id in every record, and FCGI_KEEP_CONN")
    func identity() throws {
        for role in [Role.responder, .authorizer, .filter] {
            var head = RequestHead(limit: Self.limit)
            try head.append(pair(ofSize: 70_000))
            head.finish(requestID: 0xFEDC, role: role, keepConnection: true)
            let records = try #require(WireRecord.decode(head.bytes.array))
            #expect(
                records.first == .begin(UInt8(role.rawValue), flags: 1).with(id: 0xFEDC))
            #expect(records.count == 4)
            #expect(records.allSatisfy { $0.requestID == 0xFEDC })
        }
    }

    @Test("never splits a pair that fits one record", arguments: [3, 100, 1000, 30_000, 40_000])
    func keepsPairsWhole(size: Int) throws {
        let pairs = (0..<(200_000 / size)).map { pair(ofSize: size, name: UInt8(65 + $0 % 26)) }
        let records = try encode(pairs)
        expect(records, hold: pairs)
        for record in records.dropFirst() {
            #expect(WirePair.decode(record.content) != nil)
        }
    }

    @Test(
        "fills a record to its last byte, and no further",
        arguments: [(65_528 - 20, 1), (65_528 - 19, 2)])
    func fillsRecord(second: Int, records expected: Int) throws {
        let pairs = [pair(ofSize: 20), pair(ofSize: second)]
        let records = try encode(pairs)
        expect(records, hold: pairs)
        #expect(records.count == expected + 2)
    }

    @Test(
        "spans a pair over records only when it is larger than one",
        arguments: [(65_528, 1), (65_529, 2), (131_056, 2), (131_057, 3), (1_048_550, 17)])
    func spansRecords(size: Int, records expected: Int) throws {
        let pairs = [pair(ofSize: 20), pair(ofSize: size)]
        let records = try encode(pairs)
        expect(records, hold: pairs)
        #expect(records.count == 1 + 1 + expected + 1)
        #expect(WirePair.decode(records[1].content) == [pairs[0]])
    }

    @Test("puts more pairs behind one that spans records")
    func goesOnBehindSpanning() throws {
        let pairs = [pair(ofSize: 70_000), pair(ofSize: 50), pair(ofSize: 65_528)]
        let records = try encode(pairs)
        expect(records, hold: pairs)
        #expect(records.count == 5)
    }

    @Test("takes pairs up to its limit and refuses the next", arguments: [3, 4, 1024, 1_048_576])
    func limit(limit: Int) throws {
        var head = RequestHead(limit: limit)
        let most = pair(ofSize: limit)
        try head.append(most)
        #expect(head.paramsSize == limit)
        #expect(throws: RequestHead.Refusal.overLimit) {
            try head.append(WirePair("A", ""))
        }
        head.clear()
        #expect(throws: RequestHead.Refusal.overLimit) {
            try head.append(WirePair(most.name, most.value + [66]))
        }
    }

    @Test("takes short pairs up to its limit, and refuses NUL and one byte too many behind others")
    func shortPairs() throws {
        var head = RequestHead(limit: 1_000)
        for _ in 0..<9 { try head.append(pair(ofSize: 100)) }
        #expect(throws: RequestHead.Refusal.holdsNUL) { try head.append(WirePair("A\0", "B")) }
        #expect(throws: RequestHead.Refusal.holdsNUL) { try head.append(WirePair("A", "\0B")) }
        #expect(throws: RequestHead.Refusal.emptyName) { try head.append(WirePair("", "B")) }
        #expect(throws: RequestHead.Refusal.overLimit) { try head.append(pair(ofSize: 101)) }
        try head.append(pair(ofSize: 100))
        #expect(head.paramsSize == 1_000)
        #expect(throws: RequestHead.Refusal.overLimit) { try head.append(pair(ofSize: 3)) }
    }

    @Test("refuses an empty name, also with a value", arguments: ["", "x"])
    func emptyName(value: String) {
        var head = RequestHead(limit: Self.limit)
        #expect(throws: RequestHead.Refusal.emptyName) {
            try head.append(WirePair("", value))
        }
    }

    @Test("refuses NUL anywhere in a name or a value", arguments: 1...40)
    func nul(length: Int) throws {
        // 1 and 128 beside NUL look like it to those who look at eight bytes at once.
        for other in [1, 65, 128, 255] as [UInt8] {
            let clean = Array(repeating: other, count: length)
            for place in clean.indices {
                var bad = clean
                bad[place] = 0
                var head = RequestHead(limit: Self.limit)
                #expect(throws: RequestHead.Refusal.holdsNUL) {
                    try head.append(WirePair(bad, clean))
                }
                #expect(throws: RequestHead.Refusal.holdsNUL) {
                    try head.append(WirePair(clean, bad))
                }
            }
            expect(try encode([WirePair(clean, clean)]), hold: [WirePair(clean, clean)])
        }
    }

    @Test("refuses NUL in a pair that begins a record, or spans some", arguments: [65_520, 70_000])
    func nulBeyond(length: Int) throws {
        var head = RequestHead(limit: Self.limit)
        try head.append(pair(ofSize: 100))
        let bad = Array(repeating: 65, count: length - 1) + [0] as [UInt8]
        #expect(throws: RequestHead.Refusal.holdsNUL) { try head.append(WirePair([65], bad)) }
        #expect(throws: RequestHead.Refusal.holdsNUL) { try head.append(WirePair(bad, [])) }
    }

    @Test("is as before when a pair was refused")
    func unchangedByRefusal() throws {
        var head = RequestHead(limit: 100)
        try head.append(WirePair("A", "B"))
        try? head.append(WirePair("\0", "B"))
        try? head.append(WirePair("", "B"))
        try? head.append(pair(ofSize: 200))
        try head.append(WirePair("D", "E"))
        head.finish(requestID: 1, role: .responder, keepConnection: false)
        let records = try #require(WireRecord.decode(head.bytes.array))
        expect(records, hold: [WirePair("A", "B"), WirePair("D", "E")])
    }

    @Test("can be finished again for another request, and go on taking pairs")
    func finishAgain() throws {
        var head = RequestHead(limit: Self.limit)
        var pairs: [WirePair] = []
        for size in [10, 65_000, 600, 70_000, 3, 65_528] {
            pairs.append(pair(ofSize: size))
            try head.append(pair(ofSize: size))
            head.finish(requestID: 2, role: .responder, keepConnection: true)
            head.finish(requestID: 1, role: .responder, keepConnection: false)
            let records = try #require(WireRecord.decode(head.bytes.array))
            expect(records, hold: pairs)
            #expect(records == (try encode(pairs)))
        }
    }

    @Test("starts over when cleared, in the memory it has")
    func clears() throws {
        var head = RequestHead(limit: Self.limit)
        try head.append(WirePair("A", "B"))
        head.finish(requestID: 9, role: .filter, keepConnection: true)
        head.clear()
        #expect(head.paramsSize == 0)
        try head.append(WirePair("C", "D"))
        head.finish(requestID: 1, role: .responder, keepConnection: false)
        #expect(head.bytes.array == head.address.map { $0 })
        expect(
            try #require(WireRecord.decode(head.bytes.array)), hold: [WirePair("C", "D")])
    }
}
