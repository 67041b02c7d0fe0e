// SPDX-License-Identifier: Apache-2.0

import CAPR
import CGateway
import GatewayABI
import Glibc
import Testing

@Suite("Request body and response")
struct DuplexTests {
    private static let size = 6_000_000

    @Test("move at the same time: an application may answer before it reads")
    func answersFirst() throws {
        let application = answeringFirst()
        defer { application.stop() }
        let body = [UInt8](repeating: 1, count: Self.size)
        let answer = try OpenBackend(application.address).handle("POST", body: body)
        #expect(answer.outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(answer.body.utf8.count == 6_000_000 + "read 6000000".utf8.count)
        #expect(answer.body.hasSuffix("read \(Self.size)"))
        #expect(answer.result.flags & GATEWAY_RESULT_BODY_SENT != 0)
    }

    /// A Unix socket takes what is in front of the last piece, and is full then.
    @Test(
        "move at the same time to the end of the body",
        arguments: [0, 12_000, 20_000, 28_000, 36_000, 44_000])
    func answersFirst(paramSize: Int) throws {
        let application = answeringFirst()
        defer { application.stop() }
        let size = 3 * 65_528 + 20_000
        let source = PiecewiseBody(total: size, piece: 65_528)
        let backend = try OpenBackend(application.address) { $0.total_timeout_ms = 10_000 }
        let answer = try backend.handle(source, length: UInt64(size), paramSize: paramSize)
        #expect(answer.outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(answer.body.hasSuffix("read \(size)"))
    }

    /// Reads the request once it has sent the most of its answer.
    private func answeringFirst() -> ScriptedApplication {
        ScriptedApplication { connection in
            guard let begin = connection.readRecord() else { return }
            let id = begin.requestID
            connection.send(Record.stdout("A: b\n\n", id: id))
            let piece = Record(
                type: 6, requestID: id, content: [UInt8](repeating: 97, count: 60_000)
            ).bytes
            for _ in 0..<100 { connection.send(piece) }
            var total = 0
            while let record = connection.readRecord() {
                guard record.type == 5 else { continue }
                if record.content.isEmpty { break }
                total += record.content.count
            }
            connection.send(Record.stdout("read \(total)", id: id) + Record.end(id: id))
        }
    }

    @Test(
        "of a callback arrives as it was supplied, whatever the pieces",
        arguments: [
            1, 7, 4_096, 65_528, 65_529, 300_000,
        ])
    func callback(_ piece: Int) throws {
        let application = ScriptedApplication { connection in
            guard let request = connection.readRequest() else { return }
            let body = request.filter { $0.type == 5 }.flatMap(\.content)
            let sum = body.enumerated().allSatisfy { $0.element == UInt8($0.offset % 251) }
            let text = "\(body.count) \(sum)"
            connection.send(wholeAnswer(text, id: request[0].requestID))
        }
        defer { application.stop() }
        let total = piece == 1 ? 3_000 : 400_000
        let backend = try OpenBackend(application.address)
        for isKnown in [false, true] {
            let source = PiecewiseBody(total: total, piece: piece)
            let answer = try backend.handle(source, length: isKnown ? UInt64(total) : .max)
            #expect(answer.outcome == .GATEWAY_OUTCOME_COMPLETE)
            #expect(answer.body == "\(total) true")
        }
    }

    @Test("that fails, or is shorter than announced, cancels the exchange")
    func failingCallback() throws {
        let application = ScriptedApplication { $0.waitForEnd() }
        defer { application.stop() }
        let backend = try OpenBackend(application.address)
        let short = try backend.handle(PiecewiseBody(total: 10, piece: 5), length: 11)
        #expect(short.outcome == .GATEWAY_OUTCOME_CANCELLED)
        let failing = PiecewiseBody(total: 10, piece: 5)
        failing.failsAt = 5
        let failed = try backend.handle(failing, length: .max)
        #expect(failed.outcome == .GATEWAY_OUTCOME_CANCELLED)
    }

    @Test("of an event-driven host is echoed piece by piece, without a wait in the library")
    func written() throws {
        let application = ScriptedApplication { connection in
            var id: UInt16 = 0
            var isHeadSent = false
            while let record = connection.readRecord() {
                id = record.requestID
                guard record.type == 5 else { continue }
                if !isHeadSent { connection.send(Record.stdout("A: b\n\n", id: id)) }
                isHeadSent = true
                if record.content.isEmpty { break }
                connection.send(Record(type: 6, requestID: id, content: record.content).bytes)
            }
            connection.send(Record.end(id: id))
            connection.waitForEnd()
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address)
        let echo = try Echo(backend)
        let echoed = try echo.run(pieces: 300, size: 20_000)
        #expect(echoed == 300 * 20_000)
    }

    @Test("before the first call leaves with the params in one write")
    func oneWrite() throws {
        let application = try FakeApplication()
        #expect(gateway_request_body_written(application.request, 4) == .GATEWAY_OK)
        let exchange = try application.begin()
        let text: [UInt8] = [1, 2, 3, 4]
        let status = text.withUnsafeBytes { bytes in
            var piece = gateway_bytes(bytes: bytes.baseAddress, length: 4)
            return gateway_exchange_write(exchange, &piece, 1, GATEWAY_WRITE_END)
        }
        #expect(status == .GATEWAY_OK)
        let records = Record.all(in: application.received())
        #expect(records.map(\.type) == [1, 4, 5, 5])
        #expect(records[2].content == text)
        #expect(gateway_exchange_write(exchange, nil, 0, 0) == .GATEWAY_ERR_STATE)
    }
}

/// A body of bytes that count up, supplied in pieces.
private final class PiecewiseBody {
    private let total: Int
    private let piece: Int
    private var position = 0
    var failsAt = Int.max

    init(total: Int, piece: Int) {
        self.total = total
        self.piece = piece
    }

    func read(into buffer: UnsafeMutableRawPointer, _ capacity: Int) -> Int? {
        guard position < failsAt else { return nil }
        let count = min(piece, capacity, total - position)
        for offset in 0..<count {
            buffer.storeBytes(
                of: UInt8((position + offset) % 251), toByteOffset: offset, as: UInt8.self)
        }
        position += count
        return count
    }
}

extension OpenBackend {
    fileprivate func handle(
        _ body: PiecewiseBody, length: UInt64, paramSize: Int = 0
    ) throws -> Answer {
        var request: OpaquePointer?
        #expect(gateway_request_open(backend, &request) == .GATEWAY_OK)
        defer { gateway_request_close(request) }
        let value = String(repeating: "v", count: paramSize)
        #expect(gateway_request_param(request, "N", 1, value, paramSize) == .GATEWAY_OK)
        let context = Unmanaged.passUnretained(body).toOpaque()
        let read: gateway_read_function = { context, buffer, capacity, length in
            guard let context, let buffer, let length else { return .GATEWAY_READ_FAILED }
            let body = Unmanaged<PiecewiseBody>.fromOpaque(context).takeUnretainedValue()
            guard let count = body.read(into: buffer, capacity) else { return .GATEWAY_READ_FAILED }
            length.pointee = count
            return .GATEWAY_READ_OK
        }
        let status = gateway_request_body_callback(request, read, context, length)
        #expect(status == .GATEWAY_OK)
        var exchange: OpaquePointer?
        #expect(gateway_exchange_open(backend, request, nil, &exchange) == .GATEWAY_OK)
        let opened = try #require(exchange)
        defer { gateway_exchange_close(opened) }
        return withExtendedLifetime(body) { finish(opened) }
    }
}

/// An event-driven host with one exchange.
private final class Echo {
    private let exchange: OpaquePointer
    private let request: OpaquePointer

    init(_ backend: OpenBackend) throws {
        var opened: OpaquePointer?
        #expect(gateway_request_open(backend.backend, &opened) == .GATEWAY_OK)
        request = try #require(opened)
        #expect(gateway_request_body_written(request, .max) == .GATEWAY_OK)
        var options = gateway_exchange_options()
        options.size = MemoryLayout<gateway_exchange_options>.size
        options.flags = GATEWAY_EXCHANGE_NONBLOCKING
        #expect(gateway_exchange_open(backend.backend, request, &options, &opened) == .GATEWAY_OK)
        exchange = try #require(opened)
    }

    deinit {
        gateway_exchange_close(exchange)
        gateway_request_close(request)
    }

    /// Sends so many pieces and answers how many bytes came back.
    func run(pieces: Int, size: Int) throws -> Int {
        let bytes = [UInt8](repeating: 5, count: size)
        var written = 0
        var echoed = 0
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        while true {
            switch gateway_exchange_next(exchange, &event) {
            case .GATEWAY_AGAIN: try wait()
            case .GATEWAY_OK: break
            case let other:
                Issue.record("\(other)")
                return echoed
            }
            switch event.type {
            case .GATEWAY_EVENT_BODY: echoed += event.data.length
            case .GATEWAY_EVENT_WANTS_BODY where written < pieces:
                written += 1
                let status = bytes.withUnsafeBytes { bytes in
                    // In two parts, as hosts have them.
                    var parts = [
                        gateway_bytes(bytes: bytes.baseAddress, length: size / 3),
                        gateway_bytes(
                            bytes: bytes.baseAddress.map { $0 + size / 3 },
                            length: size - size / 3),
                    ]
                    let flags = written == pieces ? GATEWAY_WRITE_END : 0
                    return gateway_exchange_write(exchange, &parts, parts.count, flags)
                }
                #expect(status == .GATEWAY_OK)
            case .GATEWAY_EVENT_END: return echoed
            default: break
            }
            event.type = .GATEWAY_EVENT_HEAD
        }
    }

    private func wait() throws {
        var wait = gateway_wait()
        wait.size = MemoryLayout<gateway_wait>.size
        #expect(gateway_exchange_wait(exchange, &wait) == .GATEWAY_OK)
        var events: Int16 = 0
        if wait.interest & GATEWAY_WAIT_READ != 0 { events |= Int16(POLLIN) }
        if wait.interest & GATEWAY_WAIT_WRITE != 0 { events |= Int16(POLLOUT) }
        var polled = pollfd(fd: wait.descriptor, events: events, revents: 0)
        #expect(poll(&polled, 1, Int32(clamping: wait.timeout_ms)) >= 0)
    }
}
