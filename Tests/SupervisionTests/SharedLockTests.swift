// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import SharedStatus
import Synchronization
import Testing

/// By way of the scoreboard, whose memory it is in.
@Suite("A lock in shared memory")
struct SharedLockTests {
    private static let offset = 24

    private func board(slots: Int = 2) throws -> Scoreboard {
        let board = try Scoreboard()
        for slot in 0..<slots {
            board.started(slot, process: 1, generation: 1, now: .now)
            board.open(slot)
        }
        return board
    }

    private func start(_ words: [String]) throws -> pid_t {
        var child: pid_t = 0
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        try #require(posix_spawnp(&child, words[0], nil, nil, &arguments, environ) == 0)
        return child
    }

    /// Runs `body` with the lock held by another process.
    private func hold(_ board: Scoreboard, by process: UInt32) throws {
        let memory = try #require(
            mmap(nil, 4_096, PROT_READ | PROT_WRITE, MAP_SHARED, board.descriptor, 0))
        memory.storeBytes(of: process, toByteOffset: Self.offset, as: UInt32.self)
        munmap(memory, 4_096)
    }

    @Test("is had by one at a time")
    func exclusion() throws {
        let board = try board()
        let inside = Atomic<Int>(0)
        let crowded = Atomic<Int>(0)
        let claimed = Atomic<Int>(0)
        let threads = try (0..<4).map { _ in
            try Thread {
                for _ in 0..<20_000 {
                    guard let place = board.claim() else { continue }
                    claimed.wrappingAdd(1, ordering: .relaxed)
                    if inside.wrappingAdd(1, ordering: .relaxed).newValue > 2 {
                        crowded.wrappingAdd(1, ordering: .relaxed)
                    }
                    inside.wrappingSubtract(1, ordering: .relaxed)
                    board.leave(place)
                }
            }
        }
        for thread in threads { thread.join() }
        let (all, wrong) = (claimed.load(ordering: .relaxed), crowded.load(ordering: .relaxed))
        #expect(all > 0 && wrong == 0)
        #expect(board.activeCount == 0)
        // Counted without atomic operations.
        let served = try (0..<2).map { Int(try #require(board.process($0)).served) }
        #expect(served.reduce(0, +) == all)
    }

    @Test("is left by a process that was killed, though its parent has not looked yet")
    func killed() throws {
        let board = try board()
        let holder = try start(["sleep", "60"])
        try hold(board, by: UInt32(holder))
        let isDone = Atomic<Bool>(false)
        let waiter = try Thread {
            _ = board.claim()
            isDone.store(true, ordering: .relaxed)
        }
        usleep(100_000)
        let wasEarly = isDone.load(ordering: .relaxed)
        #expect(!wasEarly)
        kill(holder, SIGKILL)
        waiter.join()
        #expect(board.activeCount == 1)
        waitpid(holder, nil, 0)
    }

    @Test(
        "is had whatever stands in it, unless that is a process",
        arguments: [
            0x8000_0000, 0x7FFF_FFFF, 0xFFFF_FFFF, 0x7FFF_0000,
        ] as [UInt32])
    func garbage(word: UInt32) throws {
        let board = try board()
        try hold(board, by: word)
        #expect(board.claim() != nil)
        #expect(board.activeCount == 1)
    }
}
