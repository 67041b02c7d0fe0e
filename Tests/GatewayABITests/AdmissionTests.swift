// SPDX-License-Identifier: Apache-2.0

import CAPR
import CGateway
import GatewayABI
import Glibc
import Testing

@Suite("Admission")
struct AdmissionTests {
    @Test("never lets more exchanges run than it may, and runs all of them")
    func maxActive() throws {
        let running = Gauge()
        let application = ScriptedApplication(isConcurrent: true) { connection in
            while let request = connection.readRequest() {
                running.enter()
                usleep(500)
                running.leave()
                connection.send(wholeAnswer("x", id: request[0].requestID))
            }
        }
        defer { application.stop() }
        for flags in [0, GATEWAY_BACKEND_KEEP_CONNECTIONS] {
            let backend = SharedBackend(
                try OpenBackend(application.address) {
                    $0.flags = flags
                    $0.max_active = 3
                    $0.queue_length = 1_000
                })
            let right = Counter()
            let finished = Counter()
            for _ in 0..<24 {
                Thread.run {
                    for _ in 0..<20 where (try? backend.handle().body) == "x" { right.add() }
                    finished.add()
                }
            }
            while finished.value < 24 { usleep(1_000) }
            #expect(right.value == 24 * 20)
            #expect(running.peak <= 3)
            #expect(backend.stats.queued == 0)
        }
    }

    @Test("serves in the order of arrival")
    func order() throws {
        let seen = Guarded<[UInt8]>([])
        let application = ScriptedApplication(isConcurrent: true) { connection in
            guard let request = connection.readRequest() else { return }
            let body = request.filter { $0.type == 5 }.flatMap(\.content)
            seen.withLock { $0 += body }
            connection.send(wholeAnswer("x", id: request[0].requestID))
            connection.waitForEnd()
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) { $0.max_active = 1 }
        var exchanges = try (0..<20).map { try Queued(backend, body: [UInt8($0)]) }
        // None of them may run before the first has ended, whoever is asked.
        for exchange in exchanges.reversed() { exchange.advance() }
        #expect(backend.stats.queued == 19)
        while !exchanges.isEmpty {
            for exchange in exchanges.reversed() { exchange.advance() }
            exchanges.removeAll { $0.hasEnded }
        }
        #expect(seen.withLock { $0 }.first == 19)
        #expect(seen.withLock { $0 } == (0..<20).reversed().map { UInt8($0) })
        let stats = backend.stats
        #expect(stats.waited == 19)
        #expect(stats.wait_us >= stats.wait_max_us)
        let buckets = stats.wait_histogram
        #expect(withUnsafeBytes(of: buckets) { $0.bindMemory(to: UInt64.self).reduce(0, +) } == 19)
    }

    @Test("turns the one away that finds the queue full, and tells when to come back")
    func queueFull() throws {
        let application = ScriptedApplication { $0.waitForEnd() }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.max_active = 1
            $0.queue_length = 2
        }
        let waiting = try (0..<3).map { _ in try Queued(backend) }
        for exchange in waiting { exchange.advance() }
        let answer = try backend.handle()
        #expect(answer.outcome == .GATEWAY_OUTCOME_OVERLOADED)
        #expect(answer.stage == .GATEWAY_STAGE_QUEUE)
        #expect(answer.result.http_status == 503)
        #expect(answer.result.retry_after_s >= 1)
        #expect(answer.result.queued_us == 0)
        // One that leaves makes room for another.
        waiting[1].close()
        let other = try Queued(backend)
        other.advance()
        #expect(!other.hasEnded)
        #expect(backend.stats.queued == 2)
    }

    @Test("ends a wait that is too long")
    func queueTimeout() throws {
        let application = ScriptedApplication { $0.waitForEnd() }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.max_active = 1
            $0.queue_timeout_ms = 30
        }
        let first = try Queued(backend)
        first.advance()
        let answer = try backend.handle()
        #expect(answer.outcome == .GATEWAY_OUTCOME_OVERLOADED)
        #expect(answer.stage == .GATEWAY_STAGE_QUEUE)
        #expect((30_000...answer.result.total_us).contains(answer.result.queued_us))
        #expect(backend.stats.queued == 0)
    }

    @Test("wakes an event-driven host by a descriptor when its turn comes")
    func wakes() throws {
        let application = ScriptedApplication(isConcurrent: true) { connection in
            guard let request = connection.readRequest() else { return }
            connection.send(wholeAnswer("x", id: request[0].requestID))
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) { $0.max_active = 1 }
        let first = try Queued(backend)
        first.advance()
        let second = try Queued(backend)
        second.advance()
        #expect(second.isReady(within: 0) == false)
        first.close()
        // The first was sent and is given up: its place is free when its answer is drained.
        while !second.isReady(within: 1) { gateway_maintain(backend.gateway.handle) }
        while !second.hasEnded { second.advance() }
        #expect(second.outcome == .GATEWAY_OUTCOME_COMPLETE)
    }

    @Test("goes to another endpoint when one refuses connections")
    func failover() throws {
        let application = ScriptedApplication { connection in
            guard let request = connection.readRequest() else { return }
            connection.send(wholeAnswer("here", id: request[0].requestID))
        }
        defer { application.stop() }
        let address = "unix:@gateway-tests-nobody \(application.address) unix:@nobody-else"
        let backend = try OpenBackend(address)
        for _ in 0..<10 {
            let answer = try backend.handle("POST", body: [1, 2])
            #expect(answer.body == "here")
        }
        let perEndpoint = (UInt32(0)..<3).map { endpoint in
            var stats = gateway_stats()
            stats.size = MemoryLayout<gateway_stats>.size
            #expect(gateway_endpoint_stats(backend.backend, endpoint, &stats) == .GATEWAY_OK)
            return stats.complete
        }
        #expect(perEndpoint == [0, 10, 0])
        #expect(backend.stats.complete == 10)
        let nobody = try OpenBackend("unix:@gateway-tests-nobody unix:@nobody-else").handle()
        #expect(nobody.outcome == .GATEWAY_OUTCOME_CONNECT_FAILED)
    }

    @Test("closes idle connections before a limit of connections keeps anybody waiting")
    func maxConnections() throws {
        let application = ScriptedApplication(isConcurrent: true) { connection in
            while let request = connection.readRequest() {
                connection.send(wholeAnswer("x", id: request[0].requestID))
            }
        }
        defer { application.stop() }
        let backend = SharedBackend(
            try OpenBackend(application.address) {
                $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
                $0.max_connections = 2
                $0.queue_length = 1_000
            })
        let finished = Counter()
        for _ in 0..<8 {
            Thread.run {
                for _ in 0..<25 where (try? backend.handle().body) == "x" { finished.add() }
            }
        }
        while finished.value < 200 { usleep(1_000) }
        #expect(backend.stats.idle <= 2)
        #expect(backend.stats.complete == 200)
    }
}

/// What runs at once, and the most that ever did.
private final class Gauge: Sendable {
    private let state = Guarded((now: 0, peak: 0))

    func enter() {
        state.withLock { state in
            state.now += 1
            state.peak = max(state.peak, state.now)
        }
    }

    func leave() {
        state.withLock { $0.now -= 1 }
    }

    var peak: Int { state.withLock { $0.peak } }
}

/// An exchange of an event-driven host.
final class Queued {
    private var exchange: OpaquePointer?
    private var request: OpaquePointer?
    private let body: UnsafeMutableRawBufferPointer
    private(set) var hasEnded = false
    /// Of the response body.
    private(set) var received: [UInt8] = []

    init(_ backend: OpenBackend, body bytes: [UInt8] = []) throws {
        body = .allocate(byteCount: max(bytes.count, 1), alignment: 1)
        body.copyBytes(from: bytes)
        #expect(gateway_request_open(backend.backend, &request) == .GATEWAY_OK)
        let status = gateway_request_body_bytes(request, body.baseAddress, bytes.count)
        #expect(status == .GATEWAY_OK)
        var options = gateway_exchange_options()
        options.size = MemoryLayout<gateway_exchange_options>.size
        options.flags = GATEWAY_EXCHANGE_NONBLOCKING
        #expect(
            gateway_exchange_open(backend.backend, request, &options, &exchange) == .GATEWAY_OK)
    }

    deinit {
        close()
        body.deallocate()
    }

    func close() {
        gateway_exchange_close(exchange)
        gateway_request_close(request)
        exchange = nil
        request = nil
    }

    /// Goes on as far as nothing has to be waited for.
    func advance() {
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        while !hasEnded, gateway_exchange_next(exchange, &event) == .GATEWAY_OK {
            hasEnded = event.type == .GATEWAY_EVENT_END
            if event.type == .GATEWAY_EVENT_BODY {
                received += UnsafeRawBufferPointer(
                    start: event.data.bytes, count: event.data.length)
            }
        }
    }

    /// Waits on this thread.
    func block() {
        gateway_exchange_block(exchange, GATEWAY_WAIT_FOREVER)
    }

    func isReady(within milliseconds: Int32) -> Bool {
        var wait = gateway_wait()
        wait.size = MemoryLayout<gateway_wait>.size
        #expect(gateway_exchange_wait(exchange, &wait) == .GATEWAY_OK)
        var polled = pollfd(fd: wait.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, milliseconds) == 1
    }

    var outcome: gateway_outcome {
        var result = gateway_result()
        result.size = MemoryLayout<gateway_result>.size
        #expect(gateway_exchange_result(exchange, &result) == .GATEWAY_OK)
        return result.outcome
    }
}
