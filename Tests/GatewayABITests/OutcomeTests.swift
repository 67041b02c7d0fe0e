// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Testing

@Suite("The outcome")
struct OutcomeTests {
    private static let head = "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n"

    @Test(
        "of a response that breaks off is never complete",
        arguments: [
            ("", 502, false),
            ("Status: 20", 502, false),
            (head, 200, true),
            (head + "half of the bo", 200, true),
        ])
    func broken(_ output: String, _ status: UInt32, _ isHeadSent: Bool) throws {
        let answer = try exchange { connection, id in
            if !output.isEmpty { connection.send(Record.stdout(output, id: id)) }
        }
        #expect(answer.outcome == .GATEWAY_OUTCOME_TRUNCATED)
        #expect((answer.result.flags & GATEWAY_RESULT_HEAD_SENT != 0) == isHeadSent)
        #expect(answer.result.http_status == status)
    }

    @Test("is complete after the empty STDOUT record, and the connection is not used again")
    func endedStdout() throws {
        let answer = try exchange { connection, id in
            connection.send(Record.stdout(Self.head + "all", id: id) + Record.stdout("", id: id))
        }
        #expect(answer.outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(answer.result.flags & GATEWAY_RESULT_REUSABLE == 0)
        #expect(answer.body == "all")
    }

    @Test("is complete when the Content-Length is there and the application closes")
    func satisfiedLength() throws {
        let answer = try exchange { connection, id in
            connection.send(Record.stdout("Content-Length: 3\n\nall", id: id))
        }
        #expect(answer.outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(answer.body == "all")
    }

    @Test(
        "of an END_REQUEST is what it says",
        arguments: [
            (UInt8(0), gateway_outcome.GATEWAY_OUTCOME_PROTOCOL_ERROR, UInt32(502)),
            (2, .GATEWAY_OUTCOME_OVERLOADED, 503),
            (3, .GATEWAY_OUTCOME_PROTOCOL_ERROR, 502),
            (9, .GATEWAY_OUTCOME_PROTOCOL_ERROR, 502),
        ])
    func endRequest(
        _ status: UInt8, _ outcome: gateway_outcome, _ httpStatus: UInt32
    ) throws {
        let answer = try exchange { connection, id in
            connection.send(Record.end(id: id, status: status))
        }
        #expect(answer.outcome == outcome)
        #expect(answer.result.http_status == httpStatus)
    }

    @Test("of an address where nobody listens is connect-failed")
    func refused() throws {
        let answer = try OpenBackend("unix:@gateway-tests-nobody").handle()
        #expect(answer.outcome == .GATEWAY_OUTCOME_CONNECT_FAILED)
        #expect(answer.result.http_status == 503)
        #expect(answer.stage == .GATEWAY_STAGE_CONNECT)
    }

    @Test("of an application that never accepts, with its backlog full, is a connect time-out")
    func backlogFull() throws {
        // The script never ends the first connection, so no other is accepted.
        let application = ScriptedApplication(backlog: 0) { $0.waitForEnd() }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.connect_timeout_ms = 60
            $0.head_timeout_ms = 100
        }
        var open: [OpaquePointer] = []
        defer { for exchange in open { gateway_exchange_close(exchange) } }
        var outcomes: [gateway_outcome] = []
        var request: OpaquePointer?
        for _ in 0..<4 {
            // Exchanges that stay open hold the places of the backlog.
            #expect(gateway_request_open(backend.backend, &request) == .GATEWAY_OK)
            var exchange: OpaquePointer?
            var options = gateway_exchange_options()
            options.size = MemoryLayout<gateway_exchange_options>.size
            options.flags = GATEWAY_EXCHANGE_NONBLOCKING
            let status = gateway_exchange_open(backend.backend, request, &options, &exchange)
            #expect(status == .GATEWAY_OK)
            gateway_request_close(request)
            let opened = try #require(exchange)
            open.append(opened)
            var event = gateway_event()
            event.size = MemoryLayout<gateway_event>.size
            #expect(gateway_exchange_next(opened, &event) == .GATEWAY_AGAIN)
        }
        outcomes.append(try backend.handle().outcome)
        #expect(outcomes == [.GATEWAY_OUTCOME_TIMED_OUT])
    }

    @Test("of an application that is silent is the deadline that passed")
    func silent() throws {
        let beforeHead = try exchange({ $0.head_timeout_ms = 30 }) { connection, _ in
            connection.waitForEnd()
        }
        #expect(beforeHead.outcome == .GATEWAY_OUTCOME_TIMED_OUT)
        #expect(beforeHead.stage == .GATEWAY_STAGE_HEAD)
        #expect(beforeHead.result.http_status == 504)
        let inBody = try exchange({ $0.read_timeout_ms = 30 }) { connection, id in
            connection.send(Record.stdout(Self.head + "first", id: id))
            connection.waitForEnd()
        }
        #expect(inBody.outcome == .GATEWAY_OUTCOME_TIMED_OUT)
        #expect(inBody.stage == .GATEWAY_STAGE_BODY)
        #expect(inBody.body == "first")
        let total = try exchange({ $0.total_timeout_ms = 30 }) { connection, _ in
            connection.waitForEnd()
        }
        #expect(total.stage == .GATEWAY_STAGE_TOTAL)
    }

    @Test("of STDERR without end is the head's deadline", arguments: [0, 64])
    func endlessStderr(_ size: Int) throws {
        let text = [UInt8](repeating: 65, count: size)
        let answer = try exchange({ $0.head_timeout_ms = 50 }) { connection, id in
            let record = Record(type: 7, requestID: id, content: text).bytes
            let flood = (0..<100).flatMap { _ in record }
            while connection.isOpen { connection.send(flood) }
        }
        #expect(answer.outcome == .GATEWAY_OUTCOME_TIMED_OUT)
        #expect(answer.stage == .GATEWAY_STAGE_HEAD)
    }

    /// Runs one exchange with an application that reads the request and does the rest.
    private func exchange(
        _ change: (inout gateway_backend_options) -> Void = { _ in },
        _ script: @escaping @Sendable (ScriptedApplication.Connection, UInt16) -> Void
    ) throws -> OpenBackend.Answer {
        let application = ScriptedApplication { connection in
            guard let request = connection.readRequest() else { return }
            script(connection, request[0].requestID)
        }
        defer { application.stop() }
        return try OpenBackend(application.address, change).handle()
    }
}
