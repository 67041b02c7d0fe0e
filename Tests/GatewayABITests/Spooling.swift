// SPDX-License-Identifier: Apache-2.0

import CAPR
import CGateway
import GatewayABI
import Glibc
import Synchronization
import Testing

/// An application that answers "how many bytes of body came of how many it was told".
final class Counting: Sendable {
    private let application: ScriptedApplication
    private let connections: Counter

    /// How many connections it has had.
    var accepted: Int { connections.value.load(ordering: .sequentiallyConsistent) }
    var address: String { application.address }

    init() {
        let connections = Counter()
        self.connections = connections
        application = ScriptedApplication(isConcurrent: true) { connection in
            connections.value.add(1, ordering: .sequentiallyConsistent)
            guard let records = connection.readRequest() else { return }
            let count = records.filter { $0.type == 5 }.reduce(0) { $0 + $1.content.count }
            let told = params(in: records.flatMap { $0.bytes }).filter {
                $0.name == "CONTENT_LENGTH"
            }
            #expect(told.count <= 1)
            let length = told.first?.value ?? "nothing"
            connection.send(Record.stdout("A: 1\n\n\(count) of \(length)") + Record.end())
        }
    }

    func stop() { application.stop() }

    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }
}

/// An exchange whose body the test writes, piece by piece.
final class Spooling {
    let exchange: OpaquePointer
    private let backend: OpenBackend
    private let ownRequest: OpaquePointer?
    private var isClosed = false
    /// The body of the response.
    private(set) var answer = ""

    /// A POST of an HTTP client, whose body is written.
    static func request(
        _ backend: OpenBackend, flags: UInt32 = 0, length: UInt64 = .max
    ) throws -> OpaquePointer {
        var opened: OpaquePointer?
        #expect(gateway_request_open(backend.backend, &opened) == .GATEWAY_OK)
        let request = try #require(opened)
        var http = gateway_http_request()
        http.size = MemoryLayout<gateway_http_request>.size
        http.flags = flags
        let text = "POST/"
        let status = Array(text.utf8).withUnsafeBytes { bytes in
            http.method = gateway_bytes(bytes: bytes.baseAddress, length: 4)
            http.target = gateway_bytes(bytes: bytes.baseAddress.map { $0 + 4 }, length: 1)
            return gateway_request_http(request, &http)
        }
        #expect(status == .GATEWAY_OK)
        #expect(gateway_request_body_written(request, length) == .GATEWAY_OK)
        return request
    }

    init(
        on backend: OpenBackend, request: OpaquePointer? = nil, isNonblocking: Bool = false
    ) throws {
        self.backend = backend
        ownRequest = try request == nil ? Self.request(backend) : nil
        var options = gateway_exchange_options()
        options.size = MemoryLayout<gateway_exchange_options>.size
        options.flags = isNonblocking ? GATEWAY_EXCHANGE_NONBLOCKING : 0
        var opened: OpaquePointer?
        let status = gateway_exchange_open(
            backend.backend, request ?? ownRequest, &options, &opened)
        #expect(status == .GATEWAY_OK)
        exchange = try #require(opened)
    }

    convenience init(
        _ address: String, isNonblocking: Bool = false,
        _ change: (inout gateway_backend_options) -> Void = { _ in }
    ) throws {
        try self.init(on: OpenBackend(address, change), isNonblocking: isNonblocking)
    }

    deinit { close() }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        gateway_exchange_close(exchange)
        gateway_request_close(ownRequest)
    }

    func cancel() {
        #expect(gateway_exchange_cancel(exchange) == .GATEWAY_OK)
    }

    func write(_ size: Int, isLast: Bool = false) -> gateway_status {
        let bytes = [UInt8](repeating: 7, count: size)
        return bytes.withUnsafeBytes { bytes in
            var piece = gateway_bytes(bytes: bytes.baseAddress, length: size)
            let flags = isLast ? GATEWAY_WRITE_END : 0
            return gateway_exchange_write(exchange, &piece, isLast && size == 0 ? 0 : 1, flags)
        }
    }

    /// The next event; nil for GATEWAY_AGAIN.
    func next() throws -> gateway_event_type? {
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        switch gateway_exchange_next(exchange, &event) {
        case .GATEWAY_AGAIN: return nil
        case .GATEWAY_OK: break
        case let other: try #require(other == .GATEWAY_OK)
        }
        if event.type == .GATEWAY_EVENT_BODY {
            let bytes = UnsafeRawBufferPointer(start: event.data.bytes, count: event.data.length)
            answer += String(decoding: bytes, as: UTF8.self)
        }
        return event.type
    }

    func wait() -> gateway_wait {
        var wait = gateway_wait()
        wait.size = MemoryLayout<gateway_wait>.size
        #expect(gateway_exchange_wait(exchange, &wait) == .GATEWAY_OK)
        return wait
    }

    /// Goes on until something is true; false where the exchange has ended before.
    func nextWhileRunning(until isDone: () -> Bool) throws -> Bool {
        while !isDone() {
            let event = try next()
            if event == .GATEWAY_EVENT_END { return false }
            if event == nil { pollOnce(milliseconds: 5) }
        }
        return true
    }

    /// Goes on to the end as an event-driven or blocking host does.
    func finish() throws -> gateway_result {
        var idle = 0
        while true {
            let event = try next()
            if event == .GATEWAY_EVENT_END { break }
            if event == nil, !pollOnce(milliseconds: 200) { idle += 1 }
            try #require(idle < 100, "the exchange does not end")
        }
        var result = gateway_result()
        result.size = MemoryLayout<gateway_result>.size
        #expect(gateway_exchange_result(exchange, &result) == .GATEWAY_OK)
        return result
    }

    /// Waits as the exchange says, no longer than so; false when it waited in vain for so long.
    @discardableResult
    private func pollOnce(milliseconds: UInt32) -> Bool {
        let wait = wait()
        var events: Int16 = 0
        if wait.interest & GATEWAY_WAIT_READ != 0 { events |= Int16(POLLIN) }
        if wait.interest & GATEWAY_WAIT_WRITE != 0 { events |= Int16(POLLOUT) }
        var polled = pollfd(fd: wait.descriptor, events: events, revents: 0)
        let time = min(wait.timeout_ms, milliseconds)
        return poll(&polled, 1, Int32(clamping: time)) != 0 || time < milliseconds
    }
}
