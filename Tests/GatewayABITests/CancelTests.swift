// SPDX-License-Identifier: Apache-2.0

import CAPR
import CGateway
import GatewayABI
import Glibc
import Testing

@Suite("An exchange that is given up")
struct CancelTests {
    @Test("ends its record and aborts, and drains the answer, while the host goes on")
    func inTheMiddleOfARecord() throws {
        let seen = Guarded<[Record]>([])
        let isDone = Counter()
        let application = ScriptedApplication { connection in
            guard let begin = connection.readRecord() else { return }
            // The answer begins at once; the request is read when the host has given up.
            connection.send(Record.stdout("A: b\n\nsome", id: begin.requestID))
            while let record = connection.readRecord() {
                seen.withLock { $0.append(record) }
            }
            connection.send(Record.stdout("more", id: begin.requestID))
            connection.send(Record.end(id: begin.requestID))
            connection.waitForEnd()
            isDone.add()
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
        }
        var request: OpaquePointer?
        #expect(gateway_request_open(backend.backend, &request) == .GATEWAY_OK)
        defer { gateway_request_close(request) }
        let body = [UInt8](repeating: 9, count: 1_000_000)
        body.withUnsafeBytes { bytes in
            let status = gateway_request_body_bytes(request, bytes.baseAddress, bytes.count)
            #expect(status == .GATEWAY_OK)
            var exchange: OpaquePointer?
            #expect(gateway_exchange_open(backend.backend, request, nil, &exchange) == .GATEWAY_OK)
            var event = gateway_event()
            event.size = MemoryLayout<gateway_event>.size
            #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_OK)
            #expect(event.type == .GATEWAY_EVENT_HEAD)
            guard let opened = exchange else { return }
            #expect(gateway_exchange_cancel(opened) == .GATEWAY_OK)
            #expect(backend.finish(opened).outcome == .GATEWAY_OUTCOME_CANCELLED)
            gateway_exchange_close(exchange)
        }
        for _ in 0..<5_000 where isDone.value == 0 || backend.stats.closing > 0 {
            #expect(gateway_maintain(backend.gateway.handle) == .GATEWAY_OK)
            usleep(1_000)
        }
        #expect(isDone.value == 1)
        #expect(backend.stats.closing == 0)
        #expect(backend.stats.cancelled == 1)
        let records = seen.withLock { $0 }
        #expect(records.last == Record(type: 2, requestID: 1, content: []))
        #expect(!records.contains(Record(type: 5, requestID: 1, content: [])))
        let sent = records.filter { $0.type == 5 }.flatMap(\.content)
        #expect(sent.count < body.count)
        #expect(sent.allSatisfy { $0 == 9 })
    }

    @Test("before anything was sent leaves nothing behind")
    func beforeSending() throws {
        let application = ScriptedApplication { $0.waitForEnd() }
        defer { application.stop() }
        let backend = try OpenBackend(application.address)
        var request: OpaquePointer?
        var exchange: OpaquePointer?
        #expect(gateway_request_open(backend.backend, &request) == .GATEWAY_OK)
        #expect(gateway_exchange_open(backend.backend, request, nil, &exchange) == .GATEWAY_OK)
        #expect(gateway_request_clear(request) == .GATEWAY_ERR_STATE)
        gateway_exchange_close(exchange)
        #expect(gateway_request_clear(request) == .GATEWAY_OK)
        gateway_request_close(request)
        #expect(backend.stats.closing == 0)
        #expect(backend.stats.active == 0)
        #expect(backend.stats.cancelled == 1)
    }
}
