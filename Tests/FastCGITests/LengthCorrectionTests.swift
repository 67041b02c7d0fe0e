// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("A Content-Length that is compared before its head is told")
struct LengthCorrectionTests {
    /// A response in one piece: what its head says in the end, and what was told of its body.
    private struct Told {
        var fields: [String] = []
        var wrongLength: UInt64?
        var body = ""
        var end = ""
        var isReusable = false
    }

    private func tell(
        _ records: [WireRecord], isHead: Bool = false, takesAnyLength: Bool = false
    ) -> Told {
        let bytes = records.flatMap(\.bytes)
        var told = Told()
        var reader = ResponseReader(limits: ExchangeLimits())
        reader.begin(
            requestID: 1, previousID: 0, isHeadRequest: isHead, takesAnyLength: takesAnyLength)
        var position = 0
        while true {
            switch reader.next(bytes.span.bytes, at: &position) {
            case .head:
                reader.correctLength(bytes.span.bytes, from: position)
                let head = reader.head.bytes.array
                told.fields = reader.head.fields.map {
                    String(decoding: head[$0.name], as: UTF8.self) + "="
                        + String(decoding: head[$0.value], as: UTF8.self)
                }
                told.wrongLength = reader.head.wrongLength
            case .body(let range): told.body += String(decoding: bytes[range], as: UTF8.self)
            case .end(let how):
                told.end = "\(how)"
                told.isReusable = reader.isReusable(unread: 0)
                return told
            case .interim, .stderr: continue
            case .needsInput: return told
            }
        }
    }

    @Test(
        "is set right where the end is at hand, by whatever the body ends",
        arguments: ["3", "0", "27", "999999999999999999"], [true, false])
    func atHand(declared: String, endsStdout: Bool) {
        var records: [WireRecord] = [
            .stdout("A: 1\nContent-Length: \(declared)\nB: 2\n\nHel"), .stderr("words"),
            .stdout("lo"),
        ]
        records += endsStdout ? [.stdout(""), .end()] : [.end()]
        let told = tell(records)
        #expect(told.fields == ["A=1", "Content-Length=5", "B=2"])
        #expect(told.wrongLength == UInt64(declared))
        #expect(told.body == "Hello")
        #expect(told.end == "complete")
        #expect(told.isReusable)
    }

    @Test("stays where it is right, or the end is not at hand")
    func untouched() {
        let right = tell([.stdout("Content-Length: 5\n\nHello"), .end()])
        #expect(right.fields == ["Content-Length=5"])
        #expect(right.wrongLength == nil)
        let open = tell([.stdout("Content-Length: 4\n\nHello"), .stdout("and more")])
        #expect(open.fields == ["Content-Length=4"])
        #expect(open.body == "Hell")
    }

    @Test("of HEAD is that of GET, unless a body comes all the same")
    func head() {
        let empty = tell([.stdout("Content-Length: 500\n\n"), .end()], isHead: true)
        #expect(empty.wrongLength == nil)
        let told = tell([.stdout("Content-Length: 500\n\nHello"), .end()], isHead: true)
        #expect(told.fields == ["Content-Length=5"])
        #expect(told.body == "")
    }

    @Test("is left to the host that wants to compare it", arguments: [1, 27])
    func anyLength(declared: Int) {
        let told = tell(
            [.stdout("Content-Length: \(declared)\n\n"), .stdout("Hello")], takesAnyLength: true)
        #expect(told.body == "Hello")
    }
}
