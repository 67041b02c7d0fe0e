// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform

/// The places of one application, as they lie in shared memory. Used under the segment's lock.
///
/// A place is a connection to the application, in use or kept: as many as the application runs
/// exchanges at once. Who finds none free waits; the oldest waiter gets the next one.
///
/// Any process that has the memory can write anything to it, so no number from it is an index, and
/// none is counted down, before it was looked at.
@safe
struct PlacePool {
    static let maxPlaces = 1_024
    static let maxWaiters = 1_024
    static let maxKeySize = 127

    struct Numbers {
        /// 0: there is no limit, and no place is needed.
        var capacity: UInt32 = 0
        var queueLength: UInt32 = 0
        var waiting: UInt32 = 0
        var nextTicket: UInt64 = 0
    }

    struct Place {
        /// A process; 0: the place is free; `closed`: there is none now.
        var owner: Int32
        var isIdle: Bool
        /// It is closed, not free, when it is left.
        var isClosing: Bool
    }

    static let closed: Int32 = -1

    /// It stays where it is, since the kernel knows the address of `turn`.
    struct Waiter {
        /// A process; 0: nobody waits here.
        var owner: Int32
        /// The process that was asked to give a kept connection up; 0: none.
        var asked: Int32
        /// The lowest is the oldest.
        var ticket: UInt64
        /// Of the socket that wakes it; 0: it waits for `turn` itself.
        var wakeName: UInt64
        /// A futex: 0 while it waits, then the number of its place plus 1.
        var turn: UInt32
    }

    private static let numbersOffset = 128
    private static let countersOffset = 256
    private static let failuresOffset =
        countersOffset + SharedCounters.count * MemoryLayout<UInt64>.size
    private static let placesOffset = failuresOffset + FailureRing.size
    private static let waitersOffset = placesOffset + maxPlaces * MemoryLayout<Place>.stride
    static let size = waitersOffset + maxWaiters * MemoryLayout<Waiter>.stride

    private let start: UnsafeMutableRawPointer

    init(_ start: UnsafeMutableRawPointer) {
        unsafe self.start = start
    }

    // MARK: What lies where

    var numbers: Numbers {
        get { unsafe start.load(fromByteOffset: Self.numbersOffset, as: Numbers.self) }
        nonmutating set {
            unsafe start.storeBytes(
                of: newValue, toByteOffset: Self.numbersOffset, as: Numbers.self)
        }
    }

    private var places: UnsafeMutableBufferPointer<Place> {
        let first = unsafe start + Self.placesOffset
        return unsafe UnsafeMutableBufferPointer(
            start: first.assumingMemoryBound(to: Place.self), count: Self.maxPlaces)
    }

    private var waiters: UnsafeMutableBufferPointer<Waiter> {
        let first = unsafe start + Self.waitersOffset
        return unsafe UnsafeMutableBufferPointer(
            start: first.assumingMemoryBound(to: Waiter.self), count: Self.maxWaiters)
    }

    var counters: SharedCounters { unsafe SharedCounters(start + Self.countersOffset) }

    var failures: FailureRing { unsafe FailureRing(start + Self.failuresOffset) }

    /// A string of C, which never changes once it is set.
    var name: UnsafePointer<CChar> {
        unsafe UnsafePointer(start.assumingMemoryBound(to: CChar.self))
    }

    /// Keys are no longer than `maxKeySize`, and the memory behind them is 0.
    func hasKey(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = key.baseAddress else { return false }
        return unsafe memcmp(start, first, key.count) == 0
            && start.load(fromByteOffset: key.count, as: UInt8.self) == 0
    }

    func setKey(_ key: UnsafeBufferPointer<UInt8>) {
        unsafe UnsafeMutableRawBufferPointer(start: start, count: Self.maxKeySize)
            .copyBytes(from: key.prefix(Self.maxKeySize))
    }

    // MARK: Places

    /// Takes a free place, if there is one and nobody waits for it.
    func takeFree(for process: Int32) -> Int? {
        guard numbers.waiting == 0, let place = firstFree else { return nil }
        take(place, for: process)
        return place
    }

    private func take(_ place: Int, for process: Int32) {
        unsafe places[place].owner = process
        unsafe places[place].isIdle = false
    }

    private func free(_ place: Int) {
        let isClosing = unsafe places[place].isClosing
        unsafe places[place] = Place(
            owner: isClosing ? Self.closed : 0, isIdle: false, isClosing: false)
    }

    private var firstFree: Int? {
        unsafe places[..<min(Int(numbers.capacity), Self.maxPlaces)].firstIndex { $0.owner == 0 }
    }

    /// Frees a place for the oldest waiter.
    func leave(_ place: Int) {
        free(place)
        admitWaiters()
    }

    /// Makes a place free; one that is in use goes on. Followed by `admitWaiters`.
    func open(_ place: Int) {
        if unsafe places[place].owner == Self.closed { unsafe places[place].owner = 0 }
        unsafe places[place].isClosing = false
    }

    /// Lets nobody have a place any more, at the latest when it is left.
    func close(_ place: Int) {
        if unsafe places[place].owner <= 0 {
            unsafe places[place].owner = Self.closed
        } else {
            unsafe places[place].isClosing = true
        }
    }

    func isClosed(_ place: Int) -> Bool { unsafe places[place].owner == Self.closed }

    func isInUse(_ place: Int) -> Bool { unsafe places[place].owner > 0 }

    /// Keeps the place for a connection that is idle from now on; false when somebody waits.
    func rest(_ place: Int) -> Bool {
        guard numbers.waiting == 0 else { return false }
        unsafe places[place].isIdle = true
        return true
    }

    /// Uses the idle connection again; false when somebody waits, who comes first.
    func resume(_ place: Int) -> Bool {
        unsafe places[place].isIdle = false
        return numbers.waiting == 0
    }

    /// Gives back what processes held that have ended: all of it, before anybody gets a part.
    func sweep() {
        var known: [Int32: Bool] = [:]
        func hasEnded(_ process: Int32) -> Bool {
            if let ended = known[process] { return ended }
            let ended = ProcessID.hasEnded(process)
            known[process] = ended
            return ended
        }
        for index in unsafe waiters.indices {
            let owner = unsafe waiters[index].owner
            guard owner != 0, hasEnded(owner) else { continue }
            // The place that it had got is among those below.
            if turn(of: index) == nil { countOff() }
            unsafe waiters[index].owner = 0
        }
        for index in unsafe places.indices {
            let owner = unsafe places[index].owner
            if owner > 0, hasEnded(owner) { free(index) }
        }
        admitWaiters()
    }

    // MARK: Waiters

    /// A place in the queue; nil when it is full.
    func enqueue(_ process: Int32, wakeName: UInt64 = 0) -> Int? {
        guard numbers.waiting < numbers.queueLength,
            let index = unsafe waiters.firstIndex(where: { $0.owner == 0 })
        else { return nil }
        unsafe waiters[index] = Waiter(
            owner: process, asked: 0, ticket: numbers.nextTicket, wakeName: wakeName, turn: 0)
        numbers.nextTicket &+= 1
        numbers.waiting &+= 1
        return index
    }

    /// One waits no more.
    private func countOff() {
        if numbers.waiting > 0 { numbers.waiting &-= 1 }
    }

    /// The place that the waiter has got.
    func turn(of waiter: Int) -> Int? {
        let turn = unsafe waiters[waiter].turn
        return (1...UInt32(Self.maxPlaces)).contains(turn) ? Int(turn) - 1 : nil
    }

    /// The place that the waiter has got, who is then no waiter any more.
    func takeTurn(_ waiter: Int) -> Int? {
        guard let place = turn(of: waiter) else { return nil }
        unsafe waiters[waiter].owner = 0
        return place
    }

    /// The waiter gives up.
    func forget(_ waiter: Int) {
        unsafe waiters[waiter].owner = 0
        if let place = turn(of: waiter) {
            leave(place)
        } else {
            countOff()
        }
    }

    func admitWaiters() {
        while numbers.waiting > 0, let place = firstFree, let waiter = oldestWaiter {
            take(place, for: unsafe waiters[waiter].owner)
            countOff()
            unsafe waiters[waiter].turn = UInt32(place + 1)
            if unsafe waiters[waiter].wakeName != 0 {
                unsafe WakeSocket.wake(waiters[waiter].wakeName)
            } else {
                unsafe capr_futex_wake(&waiters[waiter].turn)
            }
        }
    }

    private var oldestWaiter: Int? {
        unsafe waiters.indices.filter { unsafe waiters[$0].owner != 0 && waiters[$0].turn == 0 }
            .min { unsafe waiters[$0].ticket < waiters[$1].ticket }
    }

    /// Where the kernel wakes a waiter.
    func waitForTurn(_ waiter: Int, milliseconds: UInt32) {
        unsafe capr_futex_wait(&waiters[waiter].turn, 0, milliseconds)
    }

    // MARK: Connections that are kept elsewhere

    /// Asks a process that keeps a connection without using it to give it up; false when none does.
    func askForIdle(on behalf: Int) -> Bool {
        // Those that were asked on behalf of others are the others'.
        let asked = unsafe waiters.count { $0.owner != 0 && $0.turn == 0 && $0.asked != 0 }
        let idle = unsafe places.filter { $0.owner > 0 && $0.isIdle }
        guard let place = idle.dropFirst(asked).first ?? idle.first else { return false }
        unsafe waiters[behalf].asked = place.owner
        return true
    }

    /// Whether a process is asked to give a connection up; it is told once for each waiter.
    func isAsked(_ process: Int32) -> Bool {
        guard numbers.waiting > 0 else { return false }
        let index = unsafe waiters.firstIndex {
            $0.owner != 0 && $0.turn == 0 && $0.asked == process
        }
        guard let index else { return false }
        unsafe waiters[index].asked = 0
        return true
    }

    var activeCount: Int { unsafe places.count { $0.owner > 0 && !$0.isIdle } }
    var idleCount: Int { unsafe places.count { $0.owner > 0 && $0.isIdle } }
}
