// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Testing

@Suite("A Content-Length that the body does not have")
struct LengthTests {
    /// What a host was told of a response whose pieces arrived one by one.
    private struct Told {
        var flags: UInt32 = 0
        var length: String?
        var body = ""
        var result = gateway_result()
    }

    private func told(_ pieces: [[UInt8]], flags: UInt32 = 0) throws -> Told {
        let fake = try FakeApplication()
        let exchange = try fake.begin { $0.flags |= flags }
        var told = Told()
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_AGAIN)
        for piece in pieces {
            fake.send(piece)
            while gateway_exchange_next(exchange, &event) == .GATEWAY_OK {
                switch event.type {
                case .GATEWAY_EVENT_HEAD:
                    told.flags = event.flags
                    told.length = UnsafeBufferPointer(start: event.fields, count: event.field_count)
                        .first { text($0.name) == "Content-Length" }.map { text($0.value) }
                case .GATEWAY_EVENT_BODY: told.body += text(event.data)
                default: break
                }
            }
        }
        told.result.size = MemoryLayout<gateway_result>.size
        #expect(gateway_exchange_result(exchange, &told.result) == .GATEWAY_OK)
        return told
    }

    private func text(_ bytes: gateway_bytes) -> String {
        String(
            decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.length),
            as: UTF8.self)
    }

    @Test("is set right where all of the body is at hand", arguments: [2, 9])
    func corrected(declared: Int) throws {
        let told = try told([
            Record.stdout("Content-Length: \(declared)\n\nHello", id: 1) + Record.end(id: 1)
        ])
        #expect(told.flags & GATEWAY_EVENT_LENGTH_CORRECTED != 0)
        #expect(told.length == "5")
        #expect(told.body == "Hello")
        #expect(told.result.outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(told.result.flags & GATEWAY_RESULT_LENGTH_WRONG != 0)
        #expect(told.result.declared_length == UInt64(declared))
        #expect(told.result.body_length == 5)
    }

    @Test("ends a body that is too long, once the head was told")
    func cut() throws {
        let told = try told([
            Record.stdout("Content-Length: 2\n\n", id: 1), Record.stdout("Hello", id: 1),
            Record.end(id: 1),
        ])
        #expect(told.flags & GATEWAY_EVENT_LENGTH_CORRECTED == 0)
        #expect(told.length == "2")
        #expect(told.body == "He")
        #expect(told.result.outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(told.result.flags & GATEWAY_RESULT_BODY_CUT != 0)
        #expect(told.result.flags & GATEWAY_RESULT_REUSABLE == 0)
        #expect(told.result.declared_length == 2)
        #expect(told.result.body_length == 5)
    }

    @Test("breaks off a body that is too short, and says both numbers")
    func short() throws {
        let told = try told([
            Record.stdout("Content-Length: 9\n\n", id: 1), Record.stdout("Hello", id: 1),
            Record.end(id: 1),
        ])
        #expect(told.result.outcome == .GATEWAY_OUTCOME_TRUNCATED)
        #expect(told.result.flags & GATEWAY_RESULT_REUSABLE == 0)
        let message = withUnsafeBytes(of: told.result.message) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        #expect(message.contains("Content-Length was 9, 5 came"))
    }

    @Test("is left to a host that asks for any length", arguments: [2, 9])
    func anyLength(declared: Int) throws {
        let told = try told(
            [
                Record.stdout("Content-Length: \(declared)\n\n", id: 1),
                Record.stdout("Hello", id: 1), Record.end(id: 1),
            ], flags: GATEWAY_EXCHANGE_ANY_LENGTH)
        #expect(told.body == "Hello")
        #expect(told.result.outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(told.result.flags & GATEWAY_RESULT_REUSABLE == 0)
        #expect(told.result.flags & GATEWAY_RESULT_LENGTH_WRONG != 0)
    }

    @Test("is left out where it is no number")
    func dropped() throws {
        let told = try told([
            Record.stdout("Content-Length: 19.5\n\nHello", id: 1) + Record.end(id: 1)
        ])
        #expect(told.flags & GATEWAY_EVENT_LENGTH_DROPPED != 0)
        #expect(told.length == nil)
        #expect(told.body == "Hello")
        #expect(told.result.flags & GATEWAY_RESULT_REUSABLE != 0)
    }
}
