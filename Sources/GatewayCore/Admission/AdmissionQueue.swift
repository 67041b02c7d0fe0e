// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Transport

/// How many exchanges a backend runs at once, and who comes next: one queue, first in, first out,
/// for blocking and event-driven hosts. Used by any thread.
final class AdmissionQueue: Sendable {
    private struct State {
        var balancer: Balancer
        var active = 0
        var waiters: [Waiter] = []
        /// A running mean of how long an exchange takes, in microseconds.
        var meanDuration: UInt64 = 0
    }

    private let maxActive: Int
    private let queueLength: Int
    private let state: Locked<State>

    init(options: BackendOptions, endpointCount: Int) {
        maxActive = options.activeLimit
        queueLength = options.queueLength
        state = Locked(
            State(balancer: Balancer(count: endpointCount, maxActive: options.maxEndpointActive)))
    }

    func enter(now: MonotonicTime) -> Admission.Entry {
        state.withLock { state in
            if state.waiters.isEmpty, hasRoom(state), let place = state.balancer.elect(now: now) {
                state.active += 1
                return .admitted(place)
            }
            guard state.waiters.count < queueLength else { return .refused(nil) }
            do throws(SystemError) {
                let waiter = try Waiter()
                state.waiters.append(waiter)
                return .queued(waiter)
            } catch {
                return .refused(error)
            }
        }
    }

    /// A waiter that gives up. One that was admitted meanwhile gives its place back.
    func withdraw(_ waiter: Waiter) {
        let place: Int? = state.withLock { state in
            if let index = state.waiters.firstIndex(where: { $0 === waiter }) {
                state.waiters.remove(at: index)
                return nil
            }
            return waiter.takePlace()
        }
        if let place { leave(place, duration: nil) }
    }

    /// An exchange has ended: its place is the oldest waiter's.
    func leave(_ place: Int, duration: UInt64?) {
        state.withLock { state in
            state.active -= 1
            state.balancer.leave(place)
            if let duration {
                let mean = state.meanDuration
                state.meanDuration = mean == 0 ? duration : (mean * 7 + duration) / 8
            }
            while let waiter = state.waiters.first, hasRoom(state),
                let place = state.balancer.elect(now: .now)
            {
                state.waiters.removeFirst()
                state.active += 1
                waiter.admit(place)
            }
        }
    }

    func connected(_ place: Int) {
        state.withLock { $0.balancer.connected(place) }
    }

    /// An endpoint refused a connection: another place instead, if there is one that was not tried.
    func refused(_ place: Int, tried: UInt64, now: MonotonicTime) -> Int? {
        state.withLock { state in
            state.balancer.refused(place, now: now)
            guard let other = state.balancer.elect(now: now, tried: tried) else { return nil }
            state.balancer.leave(place)
            return other
        }
    }

    /// When the queue may be worth another try: the time that it takes to work it off, in seconds.
    var retryAfter: UInt32 {
        state.withLock { state in
            let ahead = UInt64(state.waiters.count + 1)
            let width = UInt64(max(state.active, 1))
            let work = state.meanDuration.multipliedReportingOverflow(by: ahead).partialValue
            let wait = work / width
            return UInt32(clamping: max(1, min(wait / 1_000_000 + 1, 300)))
        }
    }

    func activeCount(at place: Int) -> Int { state.withLock { $0.balancer.busy(place) } }

    var activeCount: Int { state.withLock { $0.active } }

    var queuedCount: Int { state.withLock { $0.waiters.count } }

    private func hasRoom(_ state: State) -> Bool {
        maxActive == 0 || state.active < maxActive
    }
}
