// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Glibc
import Testing

@Suite("A backend")
struct ThreadTests {
    @Test("is used by many threads at once, and no answer reaches another's request")
    func manyThreads() throws {
        let application = ScriptedApplication(isConcurrent: true) { connection in
            while let request = connection.readRequest() {
                let body = request.filter { $0.type == 5 }.flatMap(\.content)
                let echo = String(decoding: body, as: UTF8.self)
                connection.send(wholeAnswer(echo, id: request[0].requestID))
            }
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
            $0.max_idle = 8
        }
        let threads = 16
        let rounds = 100
        let right = Counter()
        let finished = Counter()
        let shared = SharedBackend(backend)
        for thread in 0..<threads {
            Thread.run {
                for round in 0..<rounds {
                    let token = "\(thread).\(round)"
                    let answer = try? shared.handle("POST", body: Array(token.utf8))
                    if answer?.body == token { right.add() }
                }
                finished.add()
            }
        }
        while finished.value < threads { usleep(1_000) }
        #expect(right.value == threads * rounds)
        #expect(backend.stats.complete == UInt64(threads * rounds))
        #expect(backend.stats.idle <= 8)
        #expect(backend.stats.active == 0)
    }

    @Test("is closed while an exchange is open, which goes on to its end")
    func closedWhileUsed() throws {
        let application = ScriptedApplication { connection in
            guard let request = connection.readRequest() else { return }
            connection.send(wholeAnswer("whole", id: request[0].requestID))
        }
        defer { application.stop() }
        let gateway = try OpenGateway()
        var backend: OpaquePointer?
        var request: OpaquePointer?
        var exchange: OpaquePointer?
        let status = gateway_backend_open(gateway.handle, application.address, nil, &backend)
        #expect(status == .GATEWAY_OK)
        #expect(gateway_request_open(backend, &request) == .GATEWAY_OK)
        #expect(gateway_exchange_open(backend, request, nil, &exchange) == .GATEWAY_OK)
        gateway_request_close(request)
        gateway_backend_close(backend)
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        var size = 0
        repeat {
            #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_OK)
            if event.type == .GATEWAY_EVENT_BODY { size += event.data.length }
        } while event.type != .GATEWAY_EVENT_END
        #expect(size == 5)
        #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_ERR_STATE)
        gateway_exchange_close(exchange)
    }
}
