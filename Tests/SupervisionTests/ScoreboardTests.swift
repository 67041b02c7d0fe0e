// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import SharedStatus
import Testing

@Suite("The scoreboard")
struct ScoreboardTests {
    private func board(_ change: (inout Scoreboard.Settings) -> Void = { _ in }) throws
        -> Scoreboard
    {
        let board = try Scoreboard()
        var settings = Scoreboard.Settings()
        change(&settings)
        board.set(settings)
        for slot in 0..<2 {
            board.started(slot, process: Int32(slot + 1_000), generation: 1, now: .now)
            board.open(slot)
        }
        return board
    }

    @Test("gives no process more than it can run at once")
    func concurrency() throws {
        let board = try board { $0.concurrency = 2 }
        let places = (0..<4).compactMap { _ in board.claim() }
        // The least busy one first.
        #expect(places.map(Scoreboard.slot(of:)) == [0, 1, 0, 1])
        #expect(board.claim() == nil)
        #expect(board.activeCount == 4)
        board.leave(places[1])
        #expect(board.claim() == places[1])
    }

    @Test("gives a process no more than it is to have in all")
    func requests() throws {
        let board = try board { $0.maxRequests = 3 }
        var served = 0
        while let place = board.claim() {
            served += 1
            board.leave(place)
        }
        #expect(served == 6)
        #expect(board.process(0)?.served == 3)
    }

    @Test("lets those wait who find no place, the oldest first")
    func order() throws {
        let board = try board { $0.queueLength = 2 }
        let held = try [#require(board.claim()), #require(board.claim())]
        let sockets = try [WakeSocket(), WakeSocket(), WakeSocket()]
        guard case .waiter(let first) = board.enter(sockets[0]),
            case .waiter(let second) = board.enter(sockets[1]),
            case .full = board.enter(sockets[2])
        else {
            Issue.record("the queue is not as long as it should be")
            return
        }
        #expect(board.claim() == nil)
        #expect(board.takeTurn(second) == nil)
        board.leave(held[1])
        #expect(board.takeTurn(second) == nil)
        #expect(board.takeTurn(first) == held[1])
        board.withdraw(second)
        board.leave(held[0])
        #expect(board.claim() == held[0])
    }

    @Test("gives nothing to a process that leaves, and lets it finish")
    func leaving() throws {
        let board = try board()
        let place = try #require(board.claim())
        board.close(0)
        #expect(board.process(0)?.state == .leaving && board.process(0)?.active == 1)
        #expect(board.claim().map(Scoreboard.slot(of:)) == 1)
        #expect(board.claim() == nil)
        board.leave(place)
        #expect(board.process(0)?.active == 0)
        #expect(board.claim() == nil)
        board.vacate(0)
        #expect(board.process(0) == nil)
    }

    @Test("gives nothing to a process that is doubted, until it is trusted")
    func doubt() throws {
        let board = try board { $0.maxRequests = 3 }
        let place = try #require(board.claim())
        #expect(Scoreboard.slot(of: place) == 0)
        board.doubt(place)
        #expect(board.process(0)?.isDoubtful == true && board.process(0)?.active == 0)
        let other = try #require(board.claim())
        #expect(Scoreboard.slot(of: other) == 1)
        #expect(board.claim() == nil)
        board.trust(0)
        #expect(board.process(0)?.isDoubtful == false)
        #expect(board.claim() == place)
        board.leave(place)
        #expect(board.claim() == place)
        // It has served its three.
        board.doubt(place)
        board.trust(0)
        #expect(board.claim() == nil)
    }

    @Test("shows what a process runs, as text and cut")
    func note() throws {
        let board = try board()
        let place = try #require(board.claim())
        let request = Array("GET /a\u{1}b".utf8) + [UInt8](repeating: 0x61, count: 200)
        request.withUnsafeBytes { board.note($0, at: place) }
        let shown = try #require(board.process(0)?.request)
        #expect(shown.hasPrefix("GET /a?baaa") && shown.utf8.count == 127)
    }

    /// A host that was broken into can write anything but the lock's own memory.
    @Test(
        "shows nothing that a terminal obeys",
        arguments: [
            ([0x1B, 0x5B, 0x41, 0x7F, 0x42], "?[A?B"), ([0xC2, 0x9B, 0x32, 0x4A], "?2J"),
            ([0x0D, 0x0A, 0x09, 0x20], "??? "), ([0xFF, 0x41], "\u{FFFD}A"),
            (Array("é漢😀".utf8), "é漢😀"),
            ([UInt8](repeating: 0xFE, count: 500), String(repeating: "\u{FFFD}", count: 42)),
        ])
    func hostile(_ request: [UInt8], _ shown: String) throws {
        let board = try board()
        let place = try #require(board.claim())
        request.withUnsafeBytes { board.note($0, at: place) }
        #expect(board.process(0)?.request == shown)
    }

    @Test("ends nobody, whatever stands in it", arguments: 0..<40)
    func garbage(seed: UInt64) throws {
        let board = try board { $0.concurrency = 2 }
        let size = Int(lseek(board.descriptor, 0, SEEK_END))
        let memory = try #require(
            mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, board.descriptor, 0))
        defer { munmap(memory, size) }
        let bytes = UnsafeMutableRawBufferPointer(start: memory, count: size)
        var random = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        for index in 128..<size {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            bytes[index] =
                seed == 0 ? 0xFF : seed == 1 ? 0 : UInt8(truncatingIfNeeded: random >> 56)
        }
        let socket = try WakeSocket()
        for round in 0..<20 {
            if let place = board.claim() { board.leave(place) }
            _ = board.enter(socket)
            _ = board.takeTurn(round)
            board.withdraw(round)
            board.leave(round)
            board.doubt(round)
            board.trust(round)
            board.overdue(round)
            for slot in 0..<Scoreboard.slotRoom { _ = board.process(slot) }
            board.open(round)
            board.close(round)
            board.sweep()
            board.vacate(round)
            _ = (board.settings, board.waits, board.activeCount, board.waitingCount, board.reloads)
        }
        board.beginSupervision()
        #expect(board.process(0) == nil)
    }

    @Test("is the same for a process that is handed its descriptor")
    func handed() throws {
        let board = try board { $0.queueLength = 9 }
        let place = try #require(board.claim())
        let other = try Scoreboard(adopting: dup(board.descriptor))
        #expect(other.settings == board.settings)
        #expect(other.process(0)?.active == 1)
        other.leave(place)
        #expect(board.activeCount == 0)
    }
}
