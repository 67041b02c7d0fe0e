// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Glibc
import Testing

@Suite("A host that takes its time")
struct BackPressureTests {
    @Test("gets the rest that came meanwhile, though a deadline is over")
    func slow() throws {
        let isSent = Counter()
        let application = ScriptedApplication { connection in
            guard let request = connection.readRequest() else { return }
            let id = request[0].requestID
            connection.send(Record.stdout("Status: 200 OK\r\n\r\nfirst", id: id))
            isSent.add()
            while isSent.value < 2 { usleep(1_000) }
            connection.send(Record.stdout("second", id: id) + Record.end(id: id))
            isSent.add()
            connection.waitForEnd()
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) { $0.read_timeout_ms = 30 }
        let exchange = try Queued(backend)
        while exchange.received.isEmpty { exchange.advance() }
        isSent.add()
        while isSent.value < 3 { usleep(1_000) }
        usleep(60_000)
        for _ in 0..<1_000 where !exchange.hasEnded { exchange.advance() }
        #expect(exchange.outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(String(decoding: exchange.received, as: UTF8.self) == "firstsecond")
    }

    @Test("sees in one call what came and that nothing follows")
    func edge() throws {
        let isClosed = Counter()
        let application = ScriptedApplication { connection in
            guard let request = connection.readRequest() else { return }
            connection.send(Record.stdout("Status: 2", id: request[0].requestID))
            shutdown(connection.descriptor, Int32(SHUT_RDWR))
            isClosed.add()
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address)
        let exchange = try Queued(backend)
        // Connects, sends, and has nothing to receive yet.
        exchange.advance()
        while isClosed.value < 1 { usleep(1_000) }
        exchange.advance()
        #expect(exchange.hasEnded)
        #expect(exchange.outcome == .GATEWAY_OUTCOME_TRUNCATED)
    }

    @Test("goes on with its other exchanges while an application sends what is not told")
    func yields() throws {
        var options = gateway_backend_options()
        options.size = MemoryLayout<gateway_backend_options>.size
        options.io_buffer_size = 8_192
        let application = try FakeApplication(options)
        let exchange = try application.begin()
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        func timeAfterCall() -> UInt32 {
            var wait = gateway_wait()
            wait.size = MemoryLayout<gateway_wait>.size
            #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_AGAIN)
            #expect(gateway_exchange_wait(exchange, &wait) == .GATEWAY_OK)
            return wait.timeout_ms
        }
        #expect(timeAfterCall() > 0)
        let nothing = Record(type: 7, requestID: 1, content: []).bytes
        application.send([[UInt8]](repeating: nothing, count: 20_000).flatMap(\.self))
        #expect(timeAfterCall() == 0)
        // What was left is received by the next, and then there is something to wait for.
        #expect(timeAfterCall() > 0)
        application.send(Record.stdout("A: b\n\n") + Record.end())
        #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_OK)
        #expect(event.type == .GATEWAY_EVENT_HEAD)
    }
}
