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
}
