// SPDX-License-Identifier: Apache-2.0

import CAPR
import CGateway
import GatewayABI
import Glibc
import Testing

@Suite("A body of unknown length that the host writes")
struct SpoolTests {
    /// Pieces in order; the end comes with the last one, or alone.
    private static let bodies: [[Int]] = [
        [], [0], [5], [5, 0, 7], [0, 0, 5], Array(repeating: 1, count: 3_000),
        Array(repeating: 999, count: 200), [65_536], [65_537], [60_000, 5_536, 1],
        [1_048_576, 1_048_576, 3],
    ]

    @Test(
        "reaches the application whole and with its length, and not before its end",
        arguments: bodies, [(false, false), (false, true), (true, false), (true, true)])
    func whole(_ sizes: [Int], _ way: (endsAlone: Bool, isNonblocking: Bool)) throws {
        let application = Counting()
        defer { application.stop() }
        let spool = try Spooling(application.address, isNonblocking: way.isNonblocking)
        for (index, size) in sizes.enumerated() {
            #expect(try spool.next() == .GATEWAY_EVENT_WANTS_BODY)
            let isLast = index == sizes.count - 1 && !way.endsAlone
            #expect(application.accepted == 0)
            #expect(spool.write(size, isLast: isLast) == .GATEWAY_OK)
        }
        if way.endsAlone || sizes.isEmpty {
            #expect(try spool.next() == .GATEWAY_EVENT_WANTS_BODY)
            #expect(spool.write(0, isLast: true) == .GATEWAY_OK)
        }
        #expect(spool.write(1) == .GATEWAY_ERR_STATE)
        let result = try spool.finish()
        #expect(result.outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(result.flags & GATEWAY_RESULT_BODY_SENT != 0)
        let length = sizes.reduce(0, +)
        #expect(spool.answer == "\(length) of \(length)")
    }

    @Test("may be written before the first event", arguments: [false, true])
    func early(isNonblocking: Bool) throws {
        let application = Counting()
        defer { application.stop() }
        let spool = try Spooling(application.address, isNonblocking: isNonblocking)
        #expect(spool.write(3) == .GATEWAY_OK)
        #expect(spool.write(4, isLast: true) == .GATEWAY_OK)
        #expect(try spool.finish().outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(spool.answer == "7 of 7")
    }

    @Test("larger than max_spooled_size is refused with 413, and nothing is sent")
    func tooLarge() throws {
        let application = Counting()
        defer { application.stop() }
        let spool = try Spooling(application.address) { $0.max_spooled_size = 100_000 }
        #expect(spool.write(100_000) == .GATEWAY_OK)
        #expect(spool.write(1) == .GATEWAY_OK)
        let result = try spool.finish()
        #expect(result.outcome == .GATEWAY_OUTCOME_BAD_REQUEST && result.http_status == 413)
        #expect(result.flags & GATEWAY_RESULT_BODY_SENT == 0 && application.accepted == 0)
    }

    @Test("of one piece over 1 MiB is refused, and goes on with smaller ones")
    func largePiece() throws {
        let application = Counting()
        defer { application.stop() }
        let spool = try Spooling(application.address, isNonblocking: true)
        for _ in 0..<20 {
            #expect(spool.write(1_048_577) == .GATEWAY_ERR_INVALID)
            #expect(spool.write(1_048_576) == .GATEWAY_OK)
        }
        #expect(spool.write(0, isLast: true) == .GATEWAY_OK)
        #expect(try spool.finish().outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(spool.answer == "20971520 of 20971520")
    }

    @Test("that is given up half-way sends nothing", arguments: [1, 100_000])
    func givenUp(size: Int) throws {
        let application = Counting()
        defer { application.stop() }
        // Its memory was an exchange's before that has sent its body.
        let backend = try OpenBackend(application.address)
        let first = try Spooling(on: backend)
        #expect(first.write(size, isLast: true) == .GATEWAY_OK)
        #expect(try first.finish().flags & GATEWAY_RESULT_BODY_SENT != 0)
        first.close()
        let spool = try Spooling(on: backend)
        #expect(spool.write(size) == .GATEWAY_OK)
        spool.cancel()
        let result = try spool.finish()
        #expect(result.outcome == .GATEWAY_OUTCOME_CANCELLED && result.http_status == 0)
        #expect(result.stage == .GATEWAY_STAGE_SEND)
        #expect(result.flags == 0 && result.bytes_sent == 0 && application.accepted == 1)
    }

    @Test("leaves a non-blocking host nothing but its own client to wait for")
    func waiting() throws {
        let application = Counting()
        defer { application.stop() }
        let spool = try Spooling(application.address, isNonblocking: true)
        #expect(try spool.next() == .GATEWAY_EVENT_WANTS_BODY)
        #expect(try spool.next() == nil)
        var wait = spool.wait()
        #expect(wait.descriptor == -1 && wait.interest == 0)
        #expect(wait.timeout_ms == GATEWAY_WAIT_FOREVER)
        #expect(gateway_exchange_block(spool.exchange, 20) == .GATEWAY_AGAIN)
        #expect(spool.write(2) == .GATEWAY_OK)
        wait = spool.wait()
        #expect(wait.timeout_ms == 0)
        #expect(gateway_exchange_block(spool.exchange, 20_000) == .GATEWAY_OK)
        #expect(try spool.next() == .GATEWAY_EVENT_WANTS_BODY)
        #expect(spool.write(0, isLast: true) == .GATEWAY_OK)
        #expect(gateway_exchange_block(spool.exchange, 20_000) == .GATEWAY_OK)
        #expect(try spool.finish().outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(spool.answer == "2 of 2")
    }

    @Test("has the deadlines of the exchange", arguments: [false, true])
    func deadlines(isNonblocking: Bool) throws {
        let spool = try Spooling("unix:@nobody", isNonblocking: isNonblocking) {
            $0.total_timeout_ms = 40
        }
        #expect(try spool.next() == .GATEWAY_EVENT_WANTS_BODY)
        let result = try spool.finish()
        #expect(result.outcome == .GATEWAY_OUTCOME_TIMED_OUT && result.http_status == 504)
        #expect(result.stage == .GATEWAY_STAGE_TOTAL)
    }

    @Test("is not awaited for ever on a thread", arguments: [false, true])
    func abandonedThread(blocksByHand: Bool) throws {
        let spool = try Spooling("unix:@nobody", isNonblocking: blocksByHand) {
            $0.send_timeout_ms = 40
        }
        #expect(try spool.next() == .GATEWAY_EVENT_WANTS_BODY)
        if blocksByHand {
            #expect(gateway_exchange_block(spool.exchange, GATEWAY_WAIT_FOREVER) == .GATEWAY_OK)
        }
        let result = try spool.finish()
        #expect(result.outcome == .GATEWAY_OUTCOME_TIMED_OUT)
        #expect(result.stage == .GATEWAY_STAGE_SEND)
    }

    @Test("waits in the queue from its end on")
    func queue() throws {
        let application = Counting()
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.max_active = 1
            $0.queue_timeout_ms = 200
        }
        let streaming = try Spooling.request(backend, flags: GATEWAY_HTTP_STREAM_BODY)
        defer { gateway_request_close(streaming) }
        let slow = try Spooling(on: backend, isNonblocking: true)
        #expect(slow.write(1) == .GATEWAY_OK)
        let busy = try Spooling(on: backend, request: streaming, isNonblocking: true)
        #expect(busy.write(1) == .GATEWAY_OK)
        usleep(250_000)
        #expect(slow.write(1, isLast: true) == .GATEWAY_OK)
        #expect(try slow.next() == nil)
        #expect(busy.write(1, isLast: true) == .GATEWAY_OK)
        #expect(try busy.finish().outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(try slow.finish().outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(slow.answer == "2 of 2")
    }

    @Test("is sent again when the first connection ran nothing")
    func retried() throws {
        let application = ScriptedApplication { connection in
            guard let records = connection.readRequest() else { return }
            if connection.number == 0 { return connection.send(Record.end(status: 1)) }
            let count = records.filter { $0.type == 5 }.reduce(0) { $0 + $1.content.count }
            connection.send(Record.stdout("A: 1\n\n\(count)") + Record.end())
        }
        defer { application.stop() }
        let spool = try Spooling(application.address)
        #expect(spool.write(150_000, isLast: true) == .GATEWAY_OK)
        let result = try spool.finish()
        #expect(result.outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(result.flags & GATEWAY_RESULT_RETRIED != 0 && spool.answer == "150000")
    }

    @Test("is gathered anew for each exchange of one request")
    func again() throws {
        let application = Counting()
        defer { application.stop() }
        let backend = try OpenBackend(application.address)
        let request = try Spooling.request(backend)
        defer { gateway_request_close(request) }
        for size in [5, 12, 0] {
            let spool = try Spooling(on: backend, request: request)
            #expect(spool.write(size, isLast: true) == .GATEWAY_OK)
            #expect(try spool.finish().outcome == .GATEWAY_OUTCOME_COMPLETE)
            #expect(spool.answer == "\(size) of \(size)")
            spool.close()
        }
    }

    @Test("is not run without the length that the params have no room for")
    func noRoomForLength() throws {
        let application = Counting()
        defer { application.stop() }
        let backend = try OpenBackend(application.address) { $0.max_params_size = 1_024 }
        // The largest that the params have room for leaves less than CONTENT_LENGTH takes.
        for size in stride(from: 900, to: 0, by: -1) {
            let value = String(repeating: "b", count: size)
            let filled = try Spooling.request(backend)
            defer { gateway_request_close(filled) }
            guard gateway_request_param(filled, "A", 1, value, size) == .GATEWAY_OK else {
                continue
            }
            let spool = try Spooling(on: backend, request: filled)
            #expect(spool.write(5, isLast: true) == .GATEWAY_OK)
            let result = try spool.finish()
            #expect(result.outcome == .GATEWAY_OUTCOME_BAD_REQUEST && result.http_status == 431)
            spool.close()
            break
        }
        #expect(application.accepted == 0)
    }

    @Test("is sent as it comes where the host adds CONTENT_LENGTH itself, or asks for it")
    func streamed() throws {
        let application = Counting()
        defer { application.stop() }
        let backend = try OpenBackend(application.address)
        for isOwn in [true, false] {
            let flags = isOwn ? 0 : GATEWAY_HTTP_STREAM_BODY
            let request = try Spooling.request(backend, flags: flags)
            defer { gateway_request_close(request) }
            if isOwn {
                let name = "CONTENT_LENGTH"
                #expect(gateway_request_param(request, name, 14, "7", 1) == .GATEWAY_OK)
            }
            let spool = try Spooling(on: backend, request: request, isNonblocking: true)
            let before = application.accepted
            #expect(try spool.next() == .GATEWAY_EVENT_WANTS_BODY)
            #expect(spool.write(3) == .GATEWAY_OK)
            #expect(try spool.nextWhileRunning(until: { application.accepted == before + 1 }))
            #expect(spool.write(4, isLast: true) == .GATEWAY_OK)
            #expect(try spool.finish().outcome == .GATEWAY_OUTCOME_COMPLETE)
            #expect(spool.answer == (isOwn ? "7 of 7" : "7 of nothing"))
            spool.close()
        }
    }

    @Test("of a length that was told cannot be longer, and shorter is no whole request")
    func told() throws {
        let application = Counting()
        defer { application.stop() }
        let backend = try OpenBackend(application.address)
        let request = try Spooling.request(backend, length: 10)
        defer { gateway_request_close(request) }
        let exact = try Spooling(on: backend, request: request)
        #expect(exact.write(11) == .GATEWAY_ERR_INVALID)
        #expect(exact.write(6) == .GATEWAY_OK)
        #expect(try exact.next() == .GATEWAY_EVENT_WANTS_BODY)
        #expect(exact.write(5) == .GATEWAY_ERR_INVALID)
        #expect(exact.write(4, isLast: true) == .GATEWAY_OK)
        #expect(try exact.finish().outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(exact.answer == "10 of 10")
        exact.close()
        for written in [0, 9] {
            let short = try Spooling(on: backend, request: request)
            #expect(short.write(written, isLast: true) == .GATEWAY_OK)
            let result = try short.finish()
            #expect(result.outcome == .GATEWAY_OUTCOME_CANCELLED)
            #expect(result.flags & GATEWAY_RESULT_BODY_SENT == 0 && short.answer.isEmpty)
            short.close()
        }
    }

    @Test("is not asked for where the application is an authorizer")
    func authorizer() throws {
        let application = ScriptedApplication { connection in
            while let record = connection.readRecord() {
                if record.type == 4, record.content.isEmpty { break }
            }
            connection.send(Record.stdout("Status: 200\n\n") + Record.end())
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address)
        let request = try Spooling.request(backend)
        defer { gateway_request_close(request) }
        #expect(gateway_request_role(request, .GATEWAY_ROLE_AUTHORIZER) == .GATEWAY_OK)
        let spool = try Spooling(on: backend, request: request)
        #expect(try spool.finish().outcome == .GATEWAY_OUTCOME_COMPLETE)
    }

    @Test("is not sent again without a piece that a dead connection has swallowed")
    func swallowed() throws {
        var gate: [Int32] = [-1, -1]
        #expect(pipe(&gate) == 0)
        let opener = gate[0]
        let application = ScriptedApplication(isConcurrent: true) { connection in
            guard let records = connection.readRequest() else { return }
            let count = records.filter { $0.type == 5 }.reduce(0) { $0 + $1.content.count }
            let id = records.first?.requestID ?? 0
            connection.send(Record.stdout("A: 1\n\n\(count)", id: id) + Record.end(id: id))
            var byte: UInt8 = 0
            if connection.number == 0 { _ = read(opener, &byte, 1) }
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
        }
        let request = try Spooling.request(backend, flags: GATEWAY_HTTP_STREAM_BODY)
        defer { gateway_request_close(request) }
        let first = try Spooling(on: backend, request: request)
        #expect(first.write(1, isLast: true) == .GATEWAY_OK)
        #expect(try first.finish().outcome == .GATEWAY_OUTCOME_COMPLETE)
        first.close()

        // A connection that has served one exchange is used again after a few milliseconds.
        usleep(20_000)
        let spool = try Spooling(on: backend, request: request, isNonblocking: true)
        #expect(try spool.next() == .GATEWAY_EVENT_WANTS_BODY)
        _ = write(gate[1], "x", 1)
        var closed = pollfd(fd: spool.wait().descriptor, events: Int16(POLLIN), revents: 0)
        try #require(poll(&closed, 1, 5_000) == 1)
        #expect(try spool.next() == nil)
        #expect(spool.write(3) == .GATEWAY_OK)
        let result = try spool.finish()
        #expect(result.outcome == .GATEWAY_OUTCOME_TRUNCATED && spool.answer.isEmpty)
        close(gate[0])
        close(gate[1])
    }
}
