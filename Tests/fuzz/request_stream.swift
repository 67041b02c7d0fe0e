// SPDX-License-Identifier: Apache-2.0
import FastCGI

/// Whatever the host offers and the socket takes: what leaves is the head, the body in whole STDIN
/// records, and one end of STDIN; or, when the exchange is given up before, whole records and an
/// ABORT_REQUEST.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequestStream(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = FuzzInput(bytes, count)
    let flags = input.byte()
    let size = input.number()
    // Long bodies are slow to check, and seldom tell more.
    let body = pattern(flags & 31 == 0 ? 65_500 + size : size & 1023)
    var sending = Sending(requestID: UInt16(flags) + 1)
    var offered = 0
    while !sending.isDone {
        let command = input.byte()
        // When the input is used up, everything that is left is offered and taken.
        let isOver = input.isEmpty
        offered = isOver ? body.count : min(body.count, offered + input.number())
        let isLast = offered == body.count && (isOver || command & 1 == 0)
        switch command & 6 {
        case 2 where !sending.isEnded: sending.absorb(body[..<offered], isLast: isLast)
        case 4 where command & 0xF8 == 0xF8: sending.abandon(body[..<offered])
        default:
            sending.write(body[..<offered], isLast: isLast, most: isOver ? .max : input.number())
        }
    }
    if let farewell = sending.farewell, farewell.isCutShort {
        sending.checkCutShort(body)
        return 0
    }
    require(sending.content == body, "another body than was offered")
    return 0
}

/// A stream, and what has left through it.
private struct Sending: ~Copyable {
    private static let headCount = 24

    var stream = RequestStream()
    var wire: [UInt8] = []
    var consumed = 0
    var isEnded = false
    var farewell: Farewell?
    let requestID: UInt16
    var head = RequestHead(limit: 100)

    init(requestID: UInt16) {
        self.requestID = requestID
        head.finish(requestID: requestID, role: .responder, keepConnection: true)
        require(head.count == Self.headCount, "another head than expected")
        stream.begin(requestID: requestID, headCount: Self.headCount)
    }

    var isDone: Bool { farewell != nil || stream.isDone }

    /// The body as it left.
    var content: [UInt8] {
        guard let records = WireRecord.decode(wire) else { fatalError("no records") }
        require(records.prefix(2).map(\.type) == [1, 4], "no head")
        let stdin = records.dropFirst(2)
        require(stdin.allSatisfy { $0.type == 5 && $0.requestID == requestID }, "not STDIN")
        require(stdin.last?.content == [], "no end of STDIN")
        require(stdin.dropLast().allSatisfy { !$0.content.isEmpty }, "an end before the end")
        require(stdin.allSatisfy { $0.content.count <= 65_528 }, "a record that is too long")
        require(
            stdin.allSatisfy { ($0.content.count + $0.padding) % 8 == 0 && $0.padding < 8 },
            "a record without padding")
        return stdin.flatMap(\.content)
    }

    mutating func write(_ offered: ArraySlice<UInt8>, isLast: Bool, most: Int) {
        let window = offered.dropFirst(consumed)
        stream.planWrite(window: window.count, isLast: isLast)
        let bytes = stream.plannedBytes(head: head.address, window: window)
        require(bytes.count == stream.plan.size, "a plan of another size than its parts")
        let count = min(most, bytes.count)
        wire += bytes[..<count]
        consumed += stream.sent(count)
    }

    mutating func absorb(_ offered: ArraySlice<UInt8>, isLast: Bool) {
        let piece = Array(offered.dropFirst(consumed))
        stream.absorb(piece.span.bytes, isLast: isLast)
        consumed = offered.count
        isEnded = isLast
    }

    mutating func abandon(_ offered: ArraySlice<UInt8>) {
        let piece = Array(offered.dropFirst(consumed))
        let said = stream.abandon(head: head, piece: piece.span.bytes)
        wire += said.bytes
        farewell = said
    }

    /// What an application sees of a body that is not whole.
    func checkCutShort(_ body: [UInt8]) {
        guard !wire.isEmpty else { return }
        guard let records = WireRecord.decode(wire) else { fatalError("no records") }
        let types = records.map(\.type)
        require(types.last == 2 && types.first == 1, "no ABORT_REQUEST")
        let stdin = records.filter { $0.type == 5 }
        require(stdin.allSatisfy { !$0.content.isEmpty }, "a body that did not end was ended")
        require(body.starts(with: stdin.flatMap(\.content)), "another body than was offered")
    }
}
