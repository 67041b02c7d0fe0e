// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Glibc
import Testing

@Suite("Maintenance")
struct MaintenanceTests {
    private static func keeping(_ connection: ScriptedApplication.Connection) {
        while let request = connection.readRequest() {
            connection.send(wholeAnswer("x", id: request[0].requestID))
        }
    }

    private func nextDeadline(_ backend: OpenBackend) -> UInt32 {
        var timeout: UInt32 = 0
        #expect(gateway_next_deadline(backend.gateway.handle, &timeout) == .GATEWAY_OK)
        return timeout
    }

    @Test("is due when a connection was idle for as long as it may")
    func deadline() throws {
        let application = ScriptedApplication(Self.keeping)
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
            $0.idle_timeout_ms = 40
        }
        #expect(nextDeadline(backend) == GATEWAY_WAIT_FOREVER)
        #expect(try backend.handle().body == "x")
        let due = nextDeadline(backend)
        #expect(due <= 40)
        #expect(backend.stats.idle == 1)
        usleep(due * 1_000)
        #expect(gateway_maintain(backend.gateway.handle) == .GATEWAY_OK)
        #expect(backend.stats.idle == 0)
        #expect(nextDeadline(backend) == GATEWAY_WAIT_FOREVER)
    }

    @Test("notices what the application has closed, or written to, and nothing else")
    func peerClosed() throws {
        let application = ScriptedApplication(isConcurrent: true) { connection in
            guard let request = connection.readRequest() else { return }
            connection.send(wholeAnswer("x", id: request[0].requestID))
            guard connection.number > 0 else { return }
            if connection.number == 1 { connection.send([0]) }
            connection.waitForEnd()
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
        }
        let together = try (0..<3).map { _ in try Queued(backend) }
        while !together.allSatisfy(\.hasEnded) {
            for exchange in together where !exchange.hasEnded { exchange.advance() }
        }
        for exchange in together { exchange.close() }
        for _ in 0..<5_000 where backend.stats.idle > 1 {
            gateway_maintain(backend.gateway.handle)
            usleep(1_000)
        }
        for _ in 0..<10 { gateway_maintain(backend.gateway.handle) }
        #expect(backend.stats.idle == 1)
    }

    @Test("is done by a thread of its own where that is asked for")
    func thread() throws {
        let isClosed = Counter()
        let application = ScriptedApplication { connection in
            Self.keeping(connection)
            isClosed.add()
        }
        defer { application.stop() }
        let gateway = try OpenGateway(GATEWAY_MAINTENANCE_THREAD)
        let backend = try OpenBackend(application.address, on: gateway) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
            $0.idle_timeout_ms = 20
        }
        #expect(try backend.handle().body == "x")
        for _ in 0..<10_000 where isClosed.value == 0 { usleep(1_000) }
        #expect(isClosed.value == 1)
        #expect(backend.stats.idle == 0)
    }
}
