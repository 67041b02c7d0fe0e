// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Glibc
import Testing

@Suite("A thread that waits for an exchange alone")
struct BlockTests {
    /// On a connection with these bounds, in milliseconds; 0: without.
    private func begin(_ application: FakeApplication, timeout: UInt32, head: UInt32 = 60_000)
        throws -> OpaquePointer
    {
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] where timeout > 0 {
            var time = timeval(tv_sec: 0, tv_usec: Int(timeout) * 1_000)
            let size = socklen_t(MemoryLayout<timeval>.size)
            let status = setsockopt(application.descriptor, SOL_SOCKET, option, &time, size)
            #expect(status == 0)
        }
        let exchange = try application.begin { options in
            options.descriptor_timeout_ms = timeout
            options.head_timeout_ms = head
            options.read_timeout_ms = head
        }
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_AGAIN)
        return exchange
    }

    /// All of the response, and the outcome.
    private func finish(_ exchange: OpaquePointer) -> (body: String, outcome: gateway_outcome) {
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        var body = ""
        repeat {
            switch gateway_exchange_next(exchange, &event) {
            case .GATEWAY_AGAIN:
                #expect(gateway_exchange_block(exchange, GATEWAY_WAIT_FOREVER) == .GATEWAY_OK)
                event.type = .GATEWAY_EVENT_HEAD
            case .GATEWAY_OK where event.type == .GATEWAY_EVENT_BODY:
                body += String(
                    decoding: UnsafeRawBufferPointer(
                        start: event.data.bytes, count: event.data.length), as: UTF8.self)
            default: break
            }
        } while event.type != .GATEWAY_EVENT_END
        var result = gateway_result()
        result.size = MemoryLayout<gateway_result>.size
        #expect(gateway_exchange_result(exchange, &result) == .GATEWAY_OK)
        return (body, result.outcome)
    }

    @Test("has the answer, piece by piece", arguments: [UInt32(0), 900])
    func answer(timeout: UInt32) throws {
        let application = try FakeApplication()
        let exchange = try begin(application, timeout: timeout, head: max(timeout, 500))
        let answer = Record.stdout("A: 1\n\none") + Record.stdout("two") + Record.end()
        application.send(Array(answer.prefix(20)))
        #expect(gateway_exchange_block(exchange, GATEWAY_WAIT_FOREVER) == .GATEWAY_OK)
        application.send(Array(answer.dropFirst(20)))
        let (body, outcome) = finish(exchange)
        #expect(body == "onetwo" && outcome == .GATEWAY_OUTCOME_COMPLETE)
    }

    @Test("waits no longer than it is to", arguments: [UInt32(0), 900])
    func most(timeout: UInt32) throws {
        let application = try FakeApplication()
        let exchange = try begin(application, timeout: timeout)
        #expect(gateway_exchange_block(exchange, 0) == .GATEWAY_AGAIN)
        #expect(gateway_exchange_block(exchange, 20) == .GATEWAY_AGAIN)
    }

    @Test("gives up at the exchange's deadline", arguments: [UInt32(0), 30, 900])
    func deadline(timeout: UInt32) throws {
        let application = try FakeApplication()
        let exchange = try begin(application, timeout: timeout, head: 30)
        #expect(finish(exchange).outcome == .GATEWAY_OUTCOME_TIMED_OUT)
    }

    @Test("sees the end of the connection", arguments: [UInt32(0), 900])
    func end(timeout: UInt32) throws {
        let application = try FakeApplication()
        let exchange = try begin(application, timeout: timeout, head: max(timeout, 500))
        application.endOutput()
        #expect(finish(exchange).outcome == .GATEWAY_OUTCOME_TRUNCATED)
    }

    @Test("is not kept by an application that reads nothing and answers")
    func unread() throws {
        let application = try FakeApplication()
        let size = 1_000_000
        #expect(gateway_request_body_written(application.request, UInt64(size)) == .GATEWAY_OK)
        let exchange = try application.begin { $0.descriptor_timeout_ms = 60_000 }
        let bytes = [UInt8](repeating: 0x61, count: size)
        let status = bytes.withUnsafeBytes { bytes in
            var piece = gateway_bytes(bytes: bytes.baseAddress, length: size)
            return gateway_exchange_write(exchange, &piece, 1, GATEWAY_WRITE_END)
        }
        #expect(status == .GATEWAY_OK)
        application.send(Record.stdout("A: 1\n\nearly") + Record.end())
        let (body, outcome) = finish(exchange)
        #expect(body == "early" && outcome == .GATEWAY_OUTCOME_COMPLETE)
    }

    @Test("is refused a bound of more than a day, and an exchange that has ended")
    func refused() throws {
        let application = try FakeApplication()
        let exchange = try begin(application, timeout: 0)
        #expect(gateway_exchange_cancel(exchange) == .GATEWAY_OK)
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_OK)
        #expect(gateway_exchange_block(exchange, 0) == .GATEWAY_ERR_STATE)
        #expect(gateway_exchange_block(nil, 0) == .GATEWAY_ERR_INVALID)
        var options = gateway_exchange_options()
        options.size = MemoryLayout<gateway_exchange_options>.size
        options.supplied = 1
        options.descriptor = application.descriptor
        options.descriptor_timeout_ms = 86_400_001
        var opened: OpaquePointer?
        #expect(
            gateway_exchange_open(application.backend, application.request, &options, &opened)
                == .GATEWAY_ERR_INVALID)
    }
}
