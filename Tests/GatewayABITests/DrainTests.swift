// SPDX-License-Identifier: Apache-2.0

import CAPR
import CGateway
import GatewayABI
import Glibc
import Testing

/// What bounds the exchanges that run at once.
private enum Limit: CaseIterable { case active, connections, endpointActive }

/// How the host waits for its turn.
private enum Mode: CaseIterable { case blocking, poll, block, handle }

@Suite("Draining")
struct DrainTests {
    /// Reads the first request and does not answer it; answers all others.
    private static func silentFirst(_ connection: ScriptedApplication.Connection) {
        guard let request = connection.readRequest() else { return }
        guard connection.number > 0 else { return connection.waitForEnd() }
        connection.send(wholeAnswer("x", id: request[0].requestID))
    }

    private func giveUpOne(_ backend: OpenBackend, after event: () -> Bool = { true }) throws {
        let first = try Queued(backend)
        repeat { first.advance() } while !event()
        first.close()
    }

    private func run(_ backend: OpenBackend, _ mode: Mode) throws -> gateway_outcome {
        if mode == .blocking { return try backend.handle().outcome }
        if mode == .handle {
            var request: OpaquePointer?
            #expect(gateway_request_open(backend.backend, &request) == .GATEWAY_OK)
            defer { gateway_request_close(request) }
            var result = gateway_result()
            result.size = MemoryLayout<gateway_result>.size
            let status = gateway_handle(backend.backend, request, nil, nil, nil, &result)
            #expect(status == .GATEWAY_OK)
            return result.outcome
        }
        let next = try Queued(backend)
        next.advance()
        while !next.hasEnded {
            if mode == .poll { _ = next.isReady(within: 1) } else { next.block() }
            next.advance()
        }
        return next.outcome
    }

    @Test(
        "is over for the next exchange at once, without gateway_maintain",
        arguments: Limit.allCases, Mode.allCases)
    fileprivate func givesWay(limit: Limit, mode: Mode) throws {
        let application = ScriptedApplication(isConcurrent: true, Self.silentFirst)
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            switch limit {
            case .active: $0.max_active = 1
            case .connections: $0.max_connections = 1
            case .endpointActive: $0.max_endpoint_active = 1
            }
            $0.queue_timeout_ms = 5_000
        }
        try giveUpOne(backend)
        #expect(backend.stats.closing == 1)
        #expect(try run(backend, mode) == .GATEWAY_OUTCOME_COMPLETE)
        #expect(backend.stats.closing == 0)
        #expect(backend.stats.wait_max_us < 1_000_000)
    }

    @Test("is not begun where somebody waits already")
    func isNotBegun() throws {
        let application = ScriptedApplication(isConcurrent: true, Self.silentFirst)
        defer { application.stop() }
        let backend = try OpenBackend(application.address) { $0.max_active = 1 }
        let first = try Queued(backend)
        first.advance()
        let next = try Queued(backend)
        next.advance()
        first.close()
        #expect(backend.stats.closing == 0)
        #expect(next.isReady(within: 0))
        while !next.hasEnded { next.advance() }
        #expect(next.outcome == .GATEWAY_OUTCOME_COMPLETE)
    }

    @Test(
        "is not for event streams, and can be switched off",
        arguments: ["text/event-stream", "Text/Event-Stream; charset=utf-8", "text/event-streams"],
        [0, GATEWAY_DRAIN_OFF])
    func isNotForAll(type: String, time: UInt32) throws {
        let application = ScriptedApplication { connection in
            guard let request = connection.readRequest() else { return }
            let id = request[0].requestID
            connection.send(Record.stdout("Content-Type: \(type)\n\ndata: 1\n\n", id: id))
            connection.waitForEnd()
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) { $0.drain_timeout_ms = time }
        let first = try Queued(backend)
        while first.received.isEmpty { first.advance() }
        first.close()
        let isDrained = type == "text/event-streams" && time == 0
        #expect(backend.stats.closing == (isDrained ? 1 : 0))
    }

    @Test("has limits that are checked")
    func limits() throws {
        let gateway = try OpenGateway()
        for (time, size, isRight) in [
            (1, 1, true), (86_400_000, UInt32.max, true), (86_400_001, 1, false),
            (GATEWAY_DRAIN_OFF - 1, 1, false),
        ] as [(UInt32, UInt32, Bool)] {
            var options = gateway_backend_options()
            options.size = MemoryLayout<gateway_backend_options>.size
            options.drain_timeout_ms = time
            options.drain_size = size
            var backend: OpaquePointer?
            let status = gateway_backend_open(gateway.handle, "unix:@nobody", &options, &backend)
            #expect(status == (isRight ? .GATEWAY_OK : .GATEWAY_ERR_INVALID))
            gateway_backend_close(backend)
        }
    }

    /// A share a second, which is 64 KiB, would never come to the end within the limit of 5 s.
    @Test("goes on beyond a megabyte, on the maintenance thread, without a wait of a second")
    func thread() throws {
        let ended = Counter()
        let application = ScriptedApplication { connection in
            guard let request = connection.readRequest() else { return }
            let id = request[0].requestID
            connection.send(Record.stdout("A: b\n\n", id: id))
            let piece = Record(
                type: 6, requestID: id, content: [UInt8](repeating: 97, count: 65_000)
            ).bytes
            for _ in 0..<40 { connection.send(piece) }
            connection.send(Record.end(id: id))
            if connection.isOpen { ended.add() }
        }
        defer { application.stop() }
        let gateway = try OpenGateway(GATEWAY_MAINTENANCE_THREAD)
        let backend = try OpenBackend(application.address, on: gateway)
        for round in 1...3 {
            let first = try Queued(backend)
            while first.received.isEmpty { first.advance() }
            first.close()
            for _ in 0..<10_000 where ended.value < round { usleep(1_000) }
            #expect(ended.value == round)
        }
    }

    @Test("keeps the place that the host's connection holds, until somebody waits for it")
    func sharedPlace() throws {
        var shared: OpaquePointer?
        #expect(gateway_shared_open(&shared) == .GATEWAY_OK)
        defer { gateway_shared_close(shared) }
        var number: UInt32 = 0
        var place: UInt32 = 9
        #expect(gateway_shared_application(shared, "app", 1, 0, &number) == .GATEWAY_OK)
        let application = try FakeApplication()
        for isWaitedFor in [false, true] {
            #expect(gateway_place_enter(shared, number, 0, &place) == .GATEWAY_OK)
            let exchange = try application.begin {
                $0.shared = shared
                $0.shared_application = number
                $0.shared_place = place
            }
            var event = gateway_event()
            event.size = MemoryLayout<gateway_event>.size
            #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_AGAIN)
            #expect(gateway_exchange_cancel(exchange) == .GATEWAY_OK)
            var result = gateway_result()
            result.size = MemoryLayout<gateway_result>.size
            #expect(gateway_exchange_result(exchange, &result) == .GATEWAY_OK)
            #expect(result.flags & GATEWAY_RESULT_PLACE_TAKEN != 0)
            #expect(application.stats.closing == 1)
            // Whoever does not wait does not get it.
            #expect(gateway_place_enter(shared, number, 0, &place) == .GATEWAY_AGAIN)
            if isWaitedFor {
                let gateway = UInt(bitPattern: application.gateway.handle)
                let memory = UInt(bitPattern: shared)
                Thread.run {
                    var which: UInt32 = 0
                    while gateway_place_asked(OpaquePointer(bitPattern: memory), 1_000, &which)
                        != .GATEWAY_OK
                    {}
                    gateway_maintain(OpaquePointer(bitPattern: gateway))
                }
                #expect(gateway_place_enter(shared, number, 5_000, &place) == .GATEWAY_OK)
            } else {
                application.send(Record.stdout("A: b\n\n") + Record.end())
                gateway_maintain(application.gateway.handle)
                #expect(gateway_place_enter(shared, number, 0, &place) == .GATEWAY_OK)
            }
            #expect(application.stats.closing == 0)
            #expect(gateway_place_leave(shared, number, place) == .GATEWAY_OK)
            application.connectAnew()
        }
    }
}
