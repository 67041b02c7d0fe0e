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
        let application: Int32
        let descriptor: Int32
        var closing: ClosingConnection

        init(until: MonotonicTime?) throws {
            var pair: [Int32] = [-1, -1]
            #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
            application = pair[0]
            descriptor = pair[1]
            _ = fcntl(application, F_SETFL, O_NONBLOCK)
            var connection = Connection(
                supplied: descriptor, isNonblocking: false, timeout: 0, isTCP: false)
            connection.record.lastRequestID = 1
            closing = ClosingConnection(
                connection.keep(), place: nil, until: until,
                farewell: Farewell(bytes: [], isCutShort: false), records: RecordReader())
        }

        deinit {
            close(application)
            close(descriptor)
        }

        func send(_ bytes: [UInt8]) {
            #expect(write(application, bytes, bytes.count) == bytes.count)
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
        var given = try Given(until: .distantFuture)
        given.send(answer)
        #expect(given.serve() == .hasMore)
        #expect(given.serve() == .hasMore)
        #expect(given.serve() == .waits)
        given.send(end)
        #expect(given.serve() == .finished)
    }

    @Test("is given up after its time, and after a megabyte where nothing else bounds it")
    func bounds() throws {
        var late = try Given(until: .now)
        late.send(end)
        #expect(late.serve() == .givenUp)
        var long = try Given(until: nil)
        var state = ClosingConnection.State.waits
        var rounds = 0
        while state != .givenUp, rounds < 100 {
            if state == .waits { long.send(answer) }
            state = long.serve()
            rounds += 1
        }
        #expect(state == .givenUp)
        #expect(rounds > 1_048_576 / 65_536)
    }
}
