// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

/// Bytes that leave when a body is sent through a stream, and what the stream did meanwhile.
struct Sending: ~Copyable {
    static let head = pattern(24)

    var stream = RequestStream()
    var wire: [UInt8] = []
    var writes = 0
    var consumed = 0
    let body: [UInt8]

    init(body: [UInt8], requestID: UInt16 = 1) {
        self.body = body
        stream.begin(requestID: requestID, headCount: Sending.head.count)
    }

    /// Plans a write of the body up to `windowEnd`, and lets at most `most` bytes of it out.
    mutating func write(windowEnd: Int, isLast: Bool, most: Int) {
        guard writes < 100_000 else { fatalError("The stream does not come to its end.") }
        let window = body[consumed..<windowEnd]
        stream.planWrite(window: window.count, isLast: isLast)
        let bytes = stream.plannedBytes(head: Sending.head, window: window)
        #expect(bytes.count == stream.plan.size)
        let count = min(most, bytes.count)
        wire += bytes[..<count]
        consumed += stream.sent(count)
        writes += 1
    }

    var state: String {
        [
            stream.hasBegun ? "begun" : nil, stream.hasUnsent ? "unsent" : nil,
            stream.isDone ? "done" : nil,
        ].compactMap { $0 }.joined(separator: " ")
    }

    mutating func absorb(to end: Int, isLast: Bool) {
        let piece = Array(body[consumed..<end])
        stream.absorb(piece.span.bytes, isLast: isLast)
        consumed = end
    }
}
