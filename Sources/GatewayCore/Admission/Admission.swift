// SPDX-License-Identifier: Apache-2.0

internal import Platform

/// Who decides when an exchange may run, and where.
enum Admission: Sendable {
    /// There is nothing to decide: one endpoint and no limit.
    case open
    /// This process alone.
    case queue(AdmissionQueue)
    /// All hosts of a supervised application.
    case application(ApplicationPlaces)

    enum Entry {
        /// There is nothing to decide.
        case open
        /// A place, at an endpoint or of a process.
        case admitted(Int)
        case queued(Waiter)
        /// The queue is full, or no descriptor could be had for a place in it.
        case refused(SystemError?)
    }

    /// How an exchange left its place.
    enum Departure {
        /// So many microseconds after it was admitted; nil: that says nothing of the next one.
        case finished(UInt64?)
        /// The same, but the connection ended before the answer did.
        case cut(UInt64)
        /// It took too long, and whoever runs it goes on with it.
        case overdue
    }

    func enter(now: MonotonicTime) -> Entry {
        switch self {
        case .open: .open
        case .queue(let queue): queue.enter(now: now)
        case .application(let places): places.enter()
        }
    }

    func withdraw(_ waiter: Waiter) {
        switch self {
        case .open: break
        case .queue(let queue): queue.withdraw(waiter)
        case .application: waiter.withdraw()
        }
    }

    func leave(_ place: Int, _ departure: Departure) {
        switch (self, departure) {
        case (.open, _): break
        case (.queue(let queue), .finished(let duration)): queue.leave(place, duration: duration)
        case (.queue(let queue), .cut(let duration)): queue.leave(place, duration: duration)
        case (.queue(let queue), .overdue): queue.leave(place, duration: nil)
        case (.application(let places), .finished): places.leave(place)
        case (.application(let places), .cut): places.doubt(place)
        case (.application(let places), .overdue): places.overdue(place)
        }
    }

    func connected(_ place: Int) {
        if case .queue(let queue) = self { queue.connected(place) }
    }

    /// Nobody listens at the place: another one instead, if there is one that was not tried.
    func refused(_ place: Int, tried: UInt64, now: MonotonicTime) -> Int? {
        guard case .queue(let queue) = self else { return nil }
        return queue.refused(place, tried: tried, now: now)
    }

    /// The endpoint that a place is at.
    func endpoint(of place: Int) -> Int {
        if case .application = self { return ApplicationPlaces.endpoint(of: place) }
        return place
    }

    /// In seconds.
    var retryAfter: UInt32 {
        if case .queue(let queue) = self { return queue.retryAfter }
        return 1
    }

    var activeCount: Int? {
        switch self {
        case .open: nil
        case .queue(let queue): queue.activeCount
        case .application(let places): places.activeCount
        }
    }

    var queuedCount: Int {
        switch self {
        case .open: 0
        case .queue(let queue): queue.queuedCount
        case .application(let places): places.queuedCount
        }
    }

    func activeCount(atEndpoint index: Int) -> Int? {
        if case .queue(let queue) = self { return queue.activeCount(at: index) }
        return nil
    }

    var isApplication: Bool { if case .application = self { true } else { false } }
}
