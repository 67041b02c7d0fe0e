// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
package import Platform

/// Which processes a supervised application has and what they are given, in memory that the
/// supervisor and all hosts share. Used by any thread of any of them.
///
/// A process has a slot, a slot has as many places as the process runs exchanges at once. Place n
/// is one of slot n modulo `slotRoom`, so that the first free place is one of the least busy
/// process. A host claims a place before it connects; `Scoreboard+Supervision` has the other side.
@safe
package final class Scoreboard: Sendable {
    package enum Entry {
        case place(Int)
        case waiter(Int)
        /// The queue is full.
        case full
    }

    /// What the supervisor has set for all. Times are milliseconds.
    package struct Settings: Equatable, Sendable {
        package var concurrency: UInt32 = 1
        /// Exchanges that a process is given; 0: no limit.
        package var maxRequests: UInt32 = 0
        package var queueLength: UInt32 = 100
        package var queueTimeout: UInt32 = 10_000
        package var requestTimeout: UInt32 = 300_000

        package init() {}
    }

    /// Processes that there is room for.
    package static let slotRoom = 128
    package static let maxConcurrency = PlacePool.maxPlaces / slotRoom
    package static let maxQueueLength = PlacePool.maxWaiters

    private static let slotsOffset = MemoryLayout<capr_scoreboard>.stride
    private static let extra = slotsOffset + slotRoom * MemoryLayout<capr_process_slot>.stride

    let segment: SharedSegment

    /// Makes the memory. No process has a place yet, and nobody waits.
    package init() throws(SystemError) {
        segment = try SharedSegment(pools: 1, extra: Self.extra, isHandedOver: true)
        for place in 0..<PlacePool.maxPlaces { pool.close(place) }
        set(Settings())
    }

    /// The memory that another process has made; takes the descriptor over.
    package init(adopting descriptor: Int32) throws(SystemError) {
        segment = try SharedSegment(adopting: descriptor, pools: 1, extra: Self.extra)
    }

    /// To be handed to other processes; closed with the scoreboard.
    package var descriptor: Int32 { segment.descriptor }

    var pool: PlacePool { segment.pool(0) }

    var common: UnsafeMutablePointer<capr_scoreboard> {
        unsafe segment.extra.assumingMemoryBound(to: capr_scoreboard.self)
    }

    /// A slot by its number, which the caller has checked.
    func slot(_ index: Int) -> UnsafeMutablePointer<capr_process_slot> {
        unsafe (segment.extra + Self.slotsOffset)
            .assumingMemoryBound(to: capr_process_slot.self) + index
    }

    package static func slot(of place: Int) -> Int { place % slotRoom }

    // MARK: What hosts do

    package var settings: Settings {
        segment.withLock {
            var settings = Settings()
            settings.concurrency = unsafe common.pointee.concurrency
            settings.maxRequests = unsafe common.pointee.max_requests
            settings.queueLength = pool.numbers.queueLength
            settings.queueTimeout = unsafe common.pointee.queue_timeout
            settings.requestTimeout = unsafe common.pointee.request_timeout
            return settings
        }
    }

    /// Takes a place, if there is one and nobody waits for it.
    package func claim() -> Int? {
        let process = ProcessID.own
        let now = MonotonicTime.now
        return segment.withLock { takeFree(for: process, now: now) }
    }

    /// Takes a place, or one in the queue, whose turn the socket tells.
    package func enter(_ socket: WakeSocket) -> Entry {
        let process = ProcessID.own
        let now = MonotonicTime.now
        return segment.withLock {
            if let place = takeFree(for: process, now: now) { return .place(place) }
            guard let waiter = pool.enqueue(process, wakeName: socket.name) else { return .full }
            // The supervisor may start another process.
            segment.callAttention()
            return .waiter(waiter)
        }
    }

    /// The place that a waiter has got, who is then no waiter any more.
    package func takeTurn(_ waiter: Int) -> Int? {
        let now = MonotonicTime.now
        return segment.withLock {
            guard let place = pool.takeTurn(waiter) else { return nil }
            noteClaim(place, now: now)
            return place
        }
    }

    /// A waiter gives up.
    package func withdraw(_ waiter: Int) {
        segment.withLock { pool.forget(waiter) }
    }

    private func takeFree(for process: Int32, now: MonotonicTime) -> Int? {
        guard let place = pool.takeFree(for: process) else { return nil }
        noteClaim(place, now: now)
        return place
    }

    /// The last exchange that a process is given closes its places.
    private func noteClaim(_ place: Int, now: MonotonicTime) {
        let index = Self.slot(of: place)
        unsafe slot(index).pointee.served &+= 1
        unsafe slot(index).pointee.busy_since = UInt64(bitPattern: now.nanoseconds)
        unsafe slot(index).pointee.request.0 = 0
        let limit = unsafe common.pointee.max_requests
        if limit > 0, unsafe slot(index).pointee.served >= limit { closePlaces(of: index) }
    }

    /// Says what a claimed place is used for: a method and a path, of which the beginning is kept.
    package func note(_ request: UnsafeRawBufferPointer, at place: Int) {
        segment.withLock {
            let slot = unsafe slot(Self.slot(of: place))
            unsafe withUnsafeMutableBytes(of: &slot.pointee.request) { room in
                let count = min(request.count, room.count - 1)
                unsafe room.copyBytes(from: request.prefix(count))
                unsafe room[count] = 0
            }
        }
    }

    /// The exchange is over, and its connection closed.
    package func leave(_ place: Int) {
        segment.withLock {
            pool.leave(place)
            let index = Self.slot(of: place)
            if !isInUse(index) { unsafe slot(index).pointee.busy_since = 0 }
            // Whoever closed it waits for that.
            if pool.isClosed(place) { segment.callAttention() }
        }
    }

    /// Nobody listens behind the place, or the connection ended before the answer did: the process
    /// may have ended, so there are none of its places until the supervisor has looked.
    package func doubt(_ place: Int) {
        segment.withLock {
            let index = Self.slot(of: place)
            unsafe slot(index).pointee.is_doubtful = 1
            closePlaces(of: index)
            pool.leave(place)
            if !isInUse(index) { unsafe slot(index).pointee.busy_since = 0 }
        }
    }

    /// The exchange has taken too long: the process is to be ended, and serves nothing before.
    package func overdue(_ place: Int) {
        segment.withLock {
            let index = Self.slot(of: place)
            closePlaces(of: index)
            unsafe slot(index).pointee.is_overdue = 1
            pool.leave(place)
            segment.callAttention()
        }
    }

    package var waitingCount: Int { segment.withLock { Int(pool.numbers.waiting) } }

    package var activeCount: Int { segment.withLock { pool.activeCount } }

    /// Counts a wait of so many microseconds in the queue.
    package func addWait(microseconds: UInt64) {
        pool.counters.addWait(microseconds: microseconds)
    }

    package var waits: WaitHistogram { pool.counters.waits }

    // MARK: Slots

    // Under the lock.

    func places(of index: Int) -> StrideTo<Int> {
        let count = min(Int(unsafe common.pointee.concurrency), Self.maxConcurrency)
        return stride(from: index, to: index + count * Self.slotRoom, by: Self.slotRoom)
    }

    func isInUse(_ index: Int) -> Bool { places(of: index).contains { pool.isInUse($0) } }

    func closePlaces(of index: Int) {
        for place in places(of: index) { pool.close(place) }
        segment.callAttention()
    }
}

/// What a process of an application does.
package enum ProcessState: UInt32, Sendable {
    /// There is none.
    case none = 0
    /// It does not accept connections yet.
    case starting = 1
    case ready = 2
    /// It is given nothing more, and ends when it has finished what it was given.
    case leaving = 3
    /// It was told to end.
    case stopping = 4
}
