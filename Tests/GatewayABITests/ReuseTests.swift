// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Glibc
import Synchronization
import Testing

@Suite("A kept connection")
struct ReuseTests {
    @Test("serves one exchange after another, with another request id each time")
    func reuses() throws {
        let application = ScriptedApplication { connection in
            while let request = connection.readRequest() {
                connection.send(wholeAnswer("on \(connection.number)", id: request[0].requestID))
            }
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
        }
        for round in 0..<5 {
            let answer = try backend.handle(round < 2 ? "GET" : "POST")
            #expect(answer.outcome == .GATEWAY_OUTCOME_COMPLETE)
            #expect(answer.body == "on 0")
            #expect(answer.isReused == (round > 0))
        }
        #expect(backend.stats.connected == 1)
        #expect(backend.stats.reused == 4)
        #expect(backend.stats.idle == 1)
        #expect(backend.stats.active == 0)
    }

    @Test("is not kept unless that is asked for")
    func isNotKept() throws {
        let application = ScriptedApplication { connection in
            guard let request = connection.readRequest() else { return }
            #expect(request[0].content == [0, 1, 0, 0, 0, 0, 0, 0])
            connection.send(wholeAnswer("x", id: request[0].requestID))
            connection.waitForEnd()
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address)
        for _ in 0..<3 { #expect(try backend.handle().isReused == false) }
        #expect(backend.stats.connected == 3)
        #expect(backend.stats.idle == 0)
    }

    @Test("is replaced for a GET when the application has closed it")
    func staleGet() throws {
        let application = ScriptedApplication { connection in
            guard let request = connection.readRequest() else { return }
            connection.send(wholeAnswer("on \(connection.number)", id: request[0].requestID))
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
        }
        for round in 0..<20 {
            let answer = try backend.handle("GET")
            #expect(answer.outcome == .GATEWAY_OUTCOME_COMPLETE)
            #expect(answer.body == "on \(round)")
        }
    }

    @Test("never runs a POST twice when it breaks after the request was read")
    func brokenPost() throws {
        let posts = Counter()
        let application = ScriptedApplication { connection in
            guard let first = connection.readRequest() else { return }
            connection.send(wholeAnswer("first", id: first[0].requestID))
            // The second request on the connection is read and never answered.
            if connection.readRequest() != nil { posts.add() }
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
        }
        #expect(try backend.handle("GET").body == "first")
        // Kept for so long, the connection counts as one that the application keeps.
        usleep(10_000)
        let broken = try backend.handle("POST", body: [1, 2, 3])
        #expect(broken.outcome == .GATEWAY_OUTCOME_TRUNCATED)
        #expect(broken.result.http_status == 502)
        #expect(broken.isRetried == false)
        #expect(posts.value == 1)
    }

    @Test("that may be closed at once is not for a POST")
    func freshForPost() throws {
        let application = ScriptedApplication(isConcurrent: true) { connection in
            while let request = connection.readRequest() {
                connection.send(wholeAnswer("on \(connection.number)", id: request[0].requestID))
            }
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
        }
        #expect(try backend.handle("POST").isReused == false)
        // Used once and a moment ago: nobody knows yet whether the application keeps it.
        #expect(try backend.handle("GET").isReused)
        // Now it is known.
        #expect(try backend.handle("POST").isReused)
        #expect(try backend.handle("POST", body: Array(repeating: 1, count: 60_000)).isReused)
        usleep(10_000)
        #expect(try backend.handle("POST").isReused)
    }

    @Test("that broke is tried once more for a GET, on a fresh one")
    func brokenGet() throws {
        let application = ScriptedApplication { connection in
            guard let first = connection.readRequest() else { return }
            connection.send(wholeAnswer("on \(connection.number)", id: first[0].requestID))
            _ = connection.readRequest()
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
        }
        #expect(try backend.handle("GET").body == "on 0")
        let retried = try backend.handle("GET")
        #expect(retried.body == "on 1")
        #expect(retried.isRetried)
        #expect(retried.isReused == false)
    }

    @Test(
        "is closed when anything came behind END_REQUEST",
        arguments: [
            Record.stdout("late", id: 1), Record.end(id: 1), [0],
            Record(
                type: 7, requestID: 1, content: [65]
            ).bytes,
        ])
    func extraBytes(_ extra: [UInt8]) throws {
        let application = ScriptedApplication { connection in
            while let request = connection.readRequest() {
                connection.send(
                    wholeAnswer("on \(connection.number)", id: request[0].requestID) + extra)
            }
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
        }
        #expect(try backend.handle().body == "on 0")
        #expect(backend.stats.idle == 0)
        #expect(try backend.handle().body == "on 1")
    }

    @Test("is not kept when the application answered before it had the body")
    func unreadBody() throws {
        let application = ScriptedApplication { connection in
            guard let begin = connection.readRecord() else { return }
            connection.send(wholeAnswer("early", id: begin.requestID))
            connection.waitForEnd()
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
        }
        let large = [UInt8](repeating: 7, count: 8_000_000)
        let answer = try backend.handle("POST", body: large)
        #expect(answer.outcome == .GATEWAY_OUTCOME_COMPLETE)
        #expect(answer.body == "early")
        #expect(backend.stats.idle == 0)
    }

    @Test("serves so many requests as it may")
    func maxRequests() throws {
        let application = ScriptedApplication { connection in
            while let request = connection.readRequest() {
                connection.send(wholeAnswer("on \(connection.number)", id: request[0].requestID))
            }
        }
        defer { application.stop() }
        let backend = try OpenBackend(application.address) {
            $0.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS
            $0.max_requests_per_connection = 2
        }
        let bodies = try (0..<6).map { _ in try backend.handle().body }
        #expect(bodies == ["on 0", "on 0", "on 1", "on 1", "on 2", "on 2"])
    }

    @Test("that cannot take a second request yields to one of its own")
    func cannotMultiplex() throws {
        let application = ScriptedApplication { connection in
            guard let request = connection.readRequest() else { return }
            let id = request[0].requestID
            connection.send(
                connection.number == 0 ? Record.end(id: id, status: 1) : wholeAnswer("own", id: id))
            connection.waitForEnd()
        }
        defer { application.stop() }
        let answer = try OpenBackend(application.address).handle("POST", body: [1])
        #expect(answer.body == "own")
        #expect(answer.isRetried)
    }
}

/// Counts on any thread.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func add() { count.wrappingAdd(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}
