// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Testing

@Suite("An exchange that is asked for")
struct ExchangeOptionTests {
    @Test("an authorizer sends the role and no STDIN, on a connection that is used again")
    func authorizer() throws {
        let application = try FakeApplication()
        #expect(
            gateway_request_role(application.request, .GATEWAY_ROLE_AUTHORIZER) == .GATEWAY_OK)
        for id: UInt16 in [1, 2] {
            let exchange = try application.begin(requestID: UInt32(id))
            #expect(
                gateway_request_role(application.request, .GATEWAY_ROLE_RESPONDER)
                    == .GATEWAY_ERR_STATE)
            var event = gateway_event()
            event.size = MemoryLayout<gateway_event>.size
            #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_AGAIN)
            let sent = Record.all(in: application.received())
            #expect(sent.map(\.type) == [1, 4])
            #expect(sent.first?.content.prefix(3) == [0, 2, 1])
            application.send(Record.stdout("Variable-A: 1\n\n", id: id) + Record.end(id: id))
            #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_OK)
            #expect(event.type == .GATEWAY_EVENT_HEAD)
            #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_OK)
            var result = gateway_result()
            result.size = MemoryLayout<gateway_result>.size
            #expect(gateway_exchange_result(exchange, &result) == .GATEWAY_OK)
            #expect(result.outcome == .GATEWAY_OUTCOME_COMPLETE)
            #expect(result.flags & GATEWAY_RESULT_REUSABLE != 0)
        }
    }

    @Test("of another role is refused", arguments: [UInt32(0), 3, 4])
    func otherRole(_ number: UInt32) throws {
        let application = try FakeApplication()
        let role = try #require(gateway_role(rawValue: number))
        #expect(gateway_request_role(application.request, role) == .GATEWAY_ERR_INVALID)
    }

    @Test("interim heads are events with their fields, and skipped unless asked for")
    func interim() throws {
        let application = try FakeApplication()
        let heads = "Status: 103 Early Hints\nLink: </a>\nLink: </b>\n\nStatus: 102\n\nA: 1\n\n"
        for (flag, expected) in [
            (GATEWAY_EXCHANGE_INTERIM, ["103 Early Hints </a></b>", "102  ", "200  1"]),
            (0, ["200  1"]),
        ] {
            let exchange = try application.begin { $0.flags |= flag }
            var event = gateway_event()
            event.size = MemoryLayout<gateway_event>.size
            #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_AGAIN)
            application.send(Record.stdout(heads) + Record.end())
            var seen: [String] = []
            while gateway_exchange_next(exchange, &event) == .GATEWAY_OK,
                event.type != .GATEWAY_EVENT_END
            {
                let isInterim = event.type == .GATEWAY_EVENT_INTERIM
                #expect(isInterim == (event.http_status < 200))
                #expect(!isInterim || event.flags & GATEWAY_EVENT_MORE == 0)
                let values = (0..<event.field_count).map { text(event.fields[$0].value) }.joined()
                seen.append("\(event.http_status) \(text(event.reason)) \(values)")
            }
            #expect(seen == expected)
        }
    }

    @Test("tells its traffic, byte by byte as it is on the wire")
    func traffic() throws {
        final class Seen {
            var sent: [UInt8] = []
            var received: [UInt8] = []
        }
        let seen = Seen()
        let application = try FakeApplication()
        let exchange = try application.begin { options in
            options.traffic_context = Unmanaged.passUnretained(seen).toOpaque()
            options.traffic = { context, direction, bytes, length in
                guard let context else { return }
                let seen = Unmanaged<Seen>.fromOpaque(context).takeUnretainedValue()
                let piece = UnsafeRawBufferPointer(start: bytes, count: length)
                if direction == .GATEWAY_DIRECTION_SENT {
                    seen.sent += piece
                } else {
                    seen.received += piece
                }
            }
        }
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_AGAIN)
        #expect(!seen.sent.isEmpty && seen.sent == application.received())
        let answer = Record.stdout("A: 1\n\nbody") + Record.end()
        application.send(Array(answer.prefix(20)))
        while gateway_exchange_next(exchange, &event) == .GATEWAY_OK {}
        application.send(Array(answer.dropFirst(20)))
        while gateway_exchange_next(exchange, &event) == .GATEWAY_OK {}
        #expect(seen.received == answer)
    }

    private func text(_ bytes: gateway_bytes) -> String {
        String(
            decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.length),
            as: UTF8.self)
    }
}
