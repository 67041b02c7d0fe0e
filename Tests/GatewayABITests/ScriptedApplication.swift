// SPDX-License-Identifier: Apache-2.0

import CAPR
import CGateway
import GatewayABI
import Glibc
import Synchronization
import Testing

/// An application that listens on a Unix socket in the abstract namespace and does on each
/// connection what a test says, on a thread of its own.
final class ScriptedApplication: Sendable {
    /// One accepted connection, in the order of acceptance from 0.
    struct Connection: Sendable {
        let descriptor: Int32
        let number: Int

        /// The records of one whole request: up to the empty STDIN, or the end of the connection.
        func readRequest() -> [Record]? {
            var records: [Record] = []
            while true {
                guard let record = readRecord() else { return nil }
                records.append(record)
                if record.type == 5, record.content.isEmpty { return records }
            }
        }

        /// Waits for one record; nil at the end of the connection.
        func readRecord() -> Record? {
            guard let header = readBytes(8) else { return nil }
            let length = Int(header[4]) << 8 | Int(header[5])
            guard let content = readBytes(length + Int(header[6])) else { return nil }
            return Record(
                type: header[1], requestID: UInt16(header[2]) << 8 | UInt16(header[3]),
                content: Array(content.prefix(length)))
        }

        func send(_ bytes: [UInt8]) {
            _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }

        /// Whether the gateway has not closed.
        var isOpen: Bool {
            var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            return poll(&polled, 1, 0) >= 0 && Int32(polled.revents) & (POLLHUP | POLLERR) == 0
        }

        /// Waits until the gateway has closed.
        func waitForEnd() {
            while readBytes(1) != nil {}
        }

        private func readBytes(_ count: Int) -> [UInt8]? {
            var bytes = [UInt8](repeating: 0, count: count)
            var filled = 0
            while filled < count {
                let got = bytes.withUnsafeMutableBytes { room in
                    read(descriptor, room.baseAddress.map { $0 + filled }, count - filled)
                }
                guard got > 0 else { return nil }
                filled += got
            }
            return bytes
        }
    }

    let address: String
    private let listener: Int32
    private let script: @Sendable (Connection) -> Void
    private let isConcurrent: Bool
    private static let names = Atomic<Int>(0)

    init(
        backlog: Int32 = 64, isConcurrent: Bool = false,
        _ script: @escaping @Sendable (Connection) -> Void
    ) {
        let number = Self.names.wrappingAdd(1, ordering: .relaxed).newValue
        let name = "gateway-tests-\(getpid())-\(number)"
        address = "unix:@" + name
        self.script = script
        self.isConcurrent = isConcurrent
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var socketAddress = sockaddr_un()
        socketAddress.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &socketAddress.sun_path) { path in
            for (index, byte) in name.utf8.enumerated() { path[index + 1] = byte }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
        let status = withUnsafePointer(to: &socketAddress) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) }
        }
        #expect(status == 0)
        #expect(listen(listener, backlog) == 0)
        Thread.run { self.serve() }
    }

    /// Ends the listening thread.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func serve() {
        var number = 0
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            let connection = Connection(descriptor: descriptor, number: number)
            number += 1
            if isConcurrent {
                Thread.run { self.serve(connection) }
            } else {
                serve(connection)
            }
        }
        close(listener)
    }

    private func serve(_ connection: Connection) {
        script(connection)
        close(connection.descriptor)
    }
}

/// A thread that nobody waits for, unless its end is counted.
enum Thread {
    static func run(_ body: @escaping @Sendable () -> Void) {
        let work = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        pthread_detach(thread)
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}

/// A backend for one test, and exchanges on it.
final class OpenBackend {
    let gateway: OpenGateway
    let backend: OpaquePointer

    init(
        _ address: String, on gateway: OpenGateway? = nil,
        _ change: (inout gateway_backend_options) -> Void = { _ in }
    ) throws {
        self.gateway = try gateway ?? OpenGateway()
        var options = gateway_backend_options()
        options.size = MemoryLayout<gateway_backend_options>.size
        change(&options)
        var opened: OpaquePointer?
        #expect(
            gateway_backend_open(self.gateway.handle, address, &options, &opened) == .GATEWAY_OK)
        backend = try #require(opened)
    }

    deinit {
        gateway_backend_close(backend)
    }

    struct Answer {
        var result: gateway_result
        var body = ""
        var outcome: gateway_outcome { result.outcome }
        var stage: gateway_stage { result.stage }
        var isReused: Bool { result.flags & GATEWAY_RESULT_REUSED != 0 }
        var isRetried: Bool { result.flags & GATEWAY_RESULT_RETRIED != 0 }
    }

    /// Runs one blocking exchange.
    func handle(_ method: String = "GET", body: [UInt8]? = nil) throws -> Answer {
        var request: OpaquePointer?
        #expect(gateway_request_open(backend, &request) == .GATEWAY_OK)
        defer { gateway_request_close(request) }
        let name = "REQUEST_METHOD"
        let status = gateway_request_param(
            request, name, name.utf8.count, method, method.utf8.count)
        #expect(status == .GATEWAY_OK)
        var exchange: OpaquePointer?
        return try (body ?? []).withUnsafeBytes { bytes in
            if body != nil {
                let status = gateway_request_body_bytes(request, bytes.baseAddress, bytes.count)
                #expect(status == .GATEWAY_OK)
            }
            #expect(gateway_exchange_open(backend, request, nil, &exchange) == .GATEWAY_OK)
            let opened = try #require(exchange)
            defer { gateway_exchange_close(opened) }
            return finish(opened)
        }
    }

    /// Takes all events of an exchange.
    func finish(_ exchange: OpaquePointer) -> Answer {
        var body: [UInt8] = []
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        repeat {
            #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_OK)
            if event.type == .GATEWAY_EVENT_BODY {
                body += UnsafeRawBufferPointer(start: event.data.bytes, count: event.data.length)
            }
        } while event.type != .GATEWAY_EVENT_END
        var result = gateway_result()
        result.size = MemoryLayout<gateway_result>.size
        #expect(gateway_exchange_result(exchange, &result) == .GATEWAY_OK)
        return Answer(result: result, body: String(decoding: body, as: UTF8.self))
    }

    var stats: gateway_stats {
        var stats = gateway_stats()
        stats.size = MemoryLayout<gateway_stats>.size
        #expect(gateway_backend_stats(backend, &stats) == .GATEWAY_OK)
        return stats
    }
}

/// A whole answer to a request.
func wholeAnswer(_ body: String, id: UInt16) -> [UInt8] {
    Record.stdout("Status: 200 OK\r\n\r\n" + body, id: id) + Record.end(id: id)
}

/// The C interface allows what the compiler cannot know: any thread may use a backend.
struct SharedBackend: @unchecked Sendable {
    private let backend: OpenBackend

    init(_ backend: OpenBackend) {
        self.backend = backend
    }

    func handle(_ method: String = "GET", body: [UInt8]? = nil) throws -> OpenBackend.Answer {
        try backend.handle(method, body: body)
    }

    var stats: gateway_stats { backend.stats }
}

/// A value for several threads, behind a lock that ThreadSanitizer knows.
final class Guarded<Value>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var value: Value

    init(_ value: Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body(&value)
    }
}
