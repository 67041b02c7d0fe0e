// SPDX-License-Identifier: Apache-2.0

import FastCGI
import Glibc
import Platform
import Testing
import Transport

@testable import GatewayCore

@Suite("A connection whose exchange was given up")
struct ClosingConnectionTests {
    /// The application's end, and what serves the other one.
    private struct Given: ~Copyable {
        private(set) var application: Int32
        let descriptor: Int32
        var closing: ClosingConnection

        init(
            until: MonotonicTime = .distantFuture, size: Int = .max, claim: MonotonicTime? = nil,
            isCutShort: Bool = false
        ) throws {
            var pair: [Int32] = [-1, -1]
            #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
            application = pair[0]
            descriptor = pair[1]
            _ = fcntl(application, F_SETFL, O_NONBLOCK)
            var connection = Connection(
                supplied: descriptor, isNonblocking: false, timeout: 0, isTCP: false)
            connection.record.lastRequestID = 1
            closing = ClosingConnection(
                connection.keep(), place: .none,
                limits: .init(until: until, size: size, claim: claim),
                farewell: Farewell(bytes: [], isCutShort: isCutShort), records: RecordReader())
        }

        deinit {
            close(application)
            close(descriptor)
        }

        func send(_ bytes: [UInt8]) {
            #expect(write(application, bytes, bytes.count) == bytes.count)
        }

        mutating func endApplication() {
            close(application)
            application = -1
        }

        mutating func serveToRest() -> ClosingConnection.State {
            var state = serve()
            while state == .hasMore { state = serve() }
            return state
        }

        mutating func serve() -> ClosingConnection.State { closing.serve(now: .now) }
    }

    /// More than one call reads, in records of the answer.
    private let answer = [[UInt8]](
        repeating: [1, 6, 0, 1, 3, 0xE0, 0, 0] + [UInt8](repeating: 97, count: 992), count: 160
    ).flatMap(\.self)
    private let end: [UInt8] = [1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]

    @Test("is read in turns, so that an application that sends without end holds nobody up")
    func turns() throws {
        var given = try Given()
        given.send(answer)
        #expect(given.serve() == .hasMore)
        #expect(given.serve() == .hasMore)
        #expect(given.serve() == .waits)
        given.send(end)
        #expect(given.serve() == .finished)
    }

    @Test("is closed after its time, and after its size")
    func bounds() throws {
        var late = try Given(until: .now)
        late.send(end)
        #expect(late.serve() == .overdue)
        var long = try Given(size: 300_000)
        long.send(answer)
        #expect(long.serve() == .hasMore)
        #expect(long.serve() == .hasMore)
        #expect(long.serve() == .waits)
        long.send(answer)
        #expect(long.serveToRest() == .overdue)
    }

    @Test("lets a claimed process know by its writes that nobody reads, until it has closed")
    func hurries() throws {
        var given = try Given(until: .now, claim: .distantFuture)
        given.send(answer)
        #expect(given.serve() == .waits)
        #expect(given.closing.isHurried)
        #expect(Glibc.send(given.application, [1], 1, Int32(MSG_NOSIGNAL)) == -1)
        #expect(errno == EPIPE)
        #expect(given.serve() == .waits)
        given.endApplication()
        #expect(given.serve() == .finished)
    }

    @Test(
        "goes on reading what a claimed process sends that was told that its request is cut short")
    func hurriesCutShort() throws {
        var given = try Given(until: .now, claim: .distantFuture, isCutShort: true)
        #expect(given.serve() == .waits)
        given.send(answer)
        #expect(given.serve() == .hasMore)
        given.send(end)
        #expect(given.serveToRest() == .finished)
    }

    @Test("gives a claim up that was held for too long")
    func overdueClaim() throws {
        var given = try Given(until: .now, claim: .now)
        #expect(given.serve() == .overdue)
    }
}
