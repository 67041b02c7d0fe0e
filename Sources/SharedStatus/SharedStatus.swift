// SPDX-License-Identifier: Apache-2.0

internal import CAPR
package import Platform

/// What the processes of a host share: how many exchanges each application runs at once, kept to by
/// all of them together, and what became of them. Used by any thread of any of them.
package final class SharedStatus: Sendable {
    package enum Refusal: Error {
        case noCapacity
        case queueFull
        case tookTooLong
    }

    /// What there is at one application now.
    package struct Places: Sendable {
        package var active: UInt64
        package var idle: UInt64
        package var waiting: UInt32
    }

    private static let maxApplications = 64
    package static let maxCapacity = PlacePool.maxPlaces
    package static let maxQueueLength = PlacePool.maxWaiters
    package static let maxKeySize = PlacePool.maxKeySize

    /// A process that ended without giving its places back is noticed after so many milliseconds by
    /// those who wait for them.
    private static let sweepPause: UInt32 = 500

    private let segment: SharedSegment

    /// The row of this process among the gauges.
    private let row = ProcessNumber()

    package init() throws(SystemError) {
        segment = try SharedSegment(
            pools: Self.maxApplications,
            extra: ProcessGauges.size(applications: Self.maxApplications))
    }

    private var gauges: ProcessGauges {
        unsafe ProcessGauges(segment.extra, applications: Self.maxApplications)
    }

    /// Finds the application of a key or adds it; nil when there is no room. Without limits it has
    /// those of before, which are none at first.
    package func application(
        _ key: UnsafeBufferPointer<UInt8>, limits: (capacity: Int, queueLength: Int)?
    ) -> Int? {
        if limits == nil, let known = unsafe find(key) { return known }
        return segment.withLock {
            guard let index = unsafe find(key) ?? segment.addPool(key) else { return nil }
            if let limits {
                segment.pool(index).numbers.capacity = UInt32(clamping: limits.capacity)
                segment.pool(index).numbers.queueLength = UInt32(clamping: limits.queueLength)
            }
            return index
        }
    }

    private func find(_ key: UnsafeBufferPointer<UInt8>) -> Int? {
        (0..<segment.poolCount).first { unsafe segment.pool($0).hasKey(key) }
    }

    /// The name of an application, as a string of C that lives as long as this.
    package func name(of application: Int) -> UnsafePointer<CChar> {
        unsafe segment.pool(application).name
    }

    /// Counts something at an application, without a lock.
    package func count(_ counter: SharedCounter, _ value: UInt64 = 1, at application: Int) {
        segment.pool(application).counters.add(counter, value)
    }

    package func counted(_ counter: SharedCounter, at application: Int) -> UInt64 {
        segment.pool(application).counters.value(counter)
    }

    package func waits(at application: Int) -> WaitHistogram {
        segment.pool(application).counters.waits
    }

    package func countWait(microseconds: UInt64, at application: Int) {
        segment.pool(application).counters.addWait(microseconds: microseconds)
    }

    package func countFirstByte(microseconds: UInt64, at application: Int) {
        segment.pool(application).counters.addFirstByte(microseconds: microseconds)
    }

    package func firstBytes(at application: Int) -> WaitHistogram {
        segment.pool(application).counters.firstBytes
    }

    package func remember(_ failure: SharedFailure, at application: Int) {
        segment.withLock { segment.pool(application).failures.add(failure) }
    }

    /// One of the last failures, the newest first; nil when there were not so many.
    package func failure(_ age: Int, at application: Int) -> SharedFailure? {
        segment.withLock { segment.pool(application).failures.failure(age) }
    }

    /// Changes what this process runs and keeps; false when too many processes do.
    package func add(active: Int32, idle: Int32, at application: Int) -> Bool {
        guard let row = ownRow else { return false }
        gauges.add(active: active, idle: idle, at: application, row: row)
        return true
    }

    private var ownRow: Int? {
        if let known = row.value { return known }
        return segment.withLock {
            // Another thread may have been first.
            if let known = row.value { return known }
            guard let taken = gauges.take() else { return nil }
            row.set(taken)
            return taken
        }
    }

    package var applicationCount: Int { segment.poolCount }

    /// Takes a place, and waits for it in the order of arrival.
    package func enter(_ application: Int, until deadline: MonotonicTime) throws(Refusal) -> Int {
        let pool = segment.pool(application)
        let process = ProcessID.own
        enum Entry { case place(Int), waiter(Int), full, none }
        let entry: Entry = segment.withLock {
            guard pool.numbers.capacity > 0 else { return .none }
            if let place = pool.takeFree(for: process) { return .place(place) }
            guard let waiter = pool.enqueue(process) else { return .full }
            pool.sweep()
            askForIdle(of: pool, on: waiter)
            return .waiter(waiter)
        }
        switch entry {
        case .none: throw .noCapacity
        case .place(let place): return place
        case .full:
            count(.overloaded, at: application)
            throw .queueFull
        case .waiter(let waiter):
            let began = MonotonicTime.now
            defer {
                let waited = MonotonicTime.now.microseconds(since: began)
                pool.counters.addWait(microseconds: waited)
            }
            return try wait(as: waiter, at: pool, until: deadline)
        }
    }

    private func wait(
        as waiter: Int, at pool: PlacePool, until deadline: MonotonicTime
    ) throws(Refusal) -> Int {
        while true {
            let left = deadline.milliseconds(from: .now)
            pool.waitForTurn(waiter, milliseconds: min(left, Self.sweepPause))
            enum Turn { case come(Int), awaited, given }
            let turn: Turn = segment.withLock {
                if let place = pool.takeTurn(waiter) { return .come(place) }
                guard MonotonicTime.now < deadline else {
                    pool.forget(waiter)
                    pool.counters.add(.overloaded)
                    return .given
                }
                pool.sweep()
                if let place = pool.takeTurn(waiter) { return .come(place) }
                askForIdle(of: pool, on: waiter)
                return .awaited
            }
            switch turn {
            case .come(let place): return place
            case .given: throw .tookTooLong
            case .awaited: continue
            }
        }
    }

    private func askForIdle(of pool: PlacePool, on waiter: Int) {
        if pool.askForIdle(on: waiter) { segment.callAttention() }
    }

    /// The connection is closed: the place is the oldest waiter's.
    package func leave(_ place: Int, at application: Int) {
        segment.withLock { segment.pool(application).leave(place) }
    }

    /// The exchange is over, its connection may be kept; false when somebody waits for its place.
    package func rest(_ place: Int, at application: Int) -> Bool {
        segment.withLock { segment.pool(application).rest(place) }
    }

    /// A kept connection is used again; false when somebody waits for its place, who comes first.
    package func resume(_ place: Int, at application: Int) -> Bool {
        segment.withLock { segment.pool(application).resume(place) }
    }

    /// Whether somebody waits for a place.
    package func isWaitedFor(_ application: Int) -> Bool {
        segment.withLock { segment.pool(application).numbers.waiting > 0 }
    }

    /// Waits until this process is asked to close a kept connection; answers of which application.
    package func waitUntilAsked(milliseconds: UInt32) -> Int? {
        let process = ProcessID.own
        let seen = segment.withLock { segment.attention }
        if let application = asked(process) { return application }
        segment.waitForAttention(otherThan: seen, milliseconds: milliseconds)
        return asked(process)
    }

    /// Lets those who wait until they are asked look up.
    package func callAttention() {
        segment.withLock { segment.callAttention() }
    }

    private func asked(_ process: Int32) -> Int? {
        segment.withLock {
            (0..<segment.poolCount).first { segment.pool($0).isAsked(process) }
        }
    }

    package func places(at application: Int) -> Places {
        let places = segment.withLock { () -> Places? in
            let pool = segment.pool(application)
            guard pool.numbers.capacity > 0 else { return nil }
            return Places(
                active: UInt64(pool.activeCount), idle: UInt64(pool.idleCount),
                waiting: pool.numbers.waiting)
        }
        if let places { return places }
        let sum = gauges.sum(at: application)
        return Places(active: sum.active, idle: sum.idle, waiting: 0)
    }
}
