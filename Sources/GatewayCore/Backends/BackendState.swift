// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import SharedStatus
internal import Transport

/// What a backend holds in one process: the queue, its endpoints' part, memory to be used again,
/// counters. Used by any thread.
final class BackendState: Sendable {
    let admission: Admission
    let endpoints: [EndpointState]
    let closing: ClosingList
    let requests = RestingObjects<Request>()
    let exchanges = RestingObjects<Exchange>()
    /// Of exchanges that came to no endpoint, and of those that are open.
    let counters = BackendCounters()
    let waits = WaitCounters()
    private let options: BackendOptions
    private let bell: MaintenanceBell

    init(
        options: BackendOptions, endpointCount: Int, application: Scoreboard?,
        bell: MaintenanceBell
    ) {
        self.options = options
        if let application {
            admission = .application(ApplicationPlaces(application))
        } else if endpointCount > 1 || options.hasAdmission {
            admission = .queue(AdmissionQueue(options: options, endpointCount: endpointCount))
        } else {
            admission = .open
        }
        endpoints = (0..<endpointCount).map { _ in EndpointState(options: options) }
        closing = ClosingList(admission: admission, bell: bell)
        self.bell = bell
    }

    var idleCount: Int { endpoints.reduce(0) { $0 + $1.pool.idleCount } }

    /// Closes idle connections until one more fits.
    func makeRoomForConnection() {
        guard options.maxConnections > 0 else { return }
        while (admission.activeCount ?? 0) + idleCount > options.maxConnections {
            guard shedIdle() else { return }
        }
    }

    /// Closes an idle connection; false when there is none.
    func shedIdle() -> Bool {
        let fullest = endpoints.max { $0.pool.idleCount < $1.pool.idleCount }
        return fullest?.pool.closeOldest() ?? false
    }

    func maintain() {
        let now = MonotonicTime.now
        for endpoint in endpoints { endpoint.pool.closeExpiredAndEnded(now: now) }
        closing.serve()
    }

    /// When `maintain` has something to do next, if nothing else happens.
    var nextDeadline: MonotonicTime {
        let expiry = endpoints.map(\.pool.nextExpiry).min() ?? .distantFuture
        return min(expiry, closing.nextDeadline)
    }

    /// The same for who watches connections that are being closed, which are added.
    func watch(_ watched: inout [Interest.Watch]) -> MonotonicTime {
        let expiry = endpoints.map(\.pool.nextExpiry).min() ?? .distantFuture
        return min(expiry, closing.watch(&watched))
    }

    /// A connection is idle from now on.
    func noteIdle(now: MonotonicTime) {
        let pause = min(options.idleTimeout, Gateway.pauseOfLooks)
        bell.ring(before: now.advanced(byMilliseconds: pause))
    }

    var statistics: BackendStatistics {
        var sum = BackendStatistics()
        counters.add(to: &sum)
        for endpoint in endpoints { endpoint.counters.add(to: &sum) }
        sum.active = counters.activeCount
        sum.queued = UInt64(admission.queuedCount)
        sum.idle = UInt64(idleCount)
        sum.closing = UInt64(closing.count)
        sum.waits = waits.snapshot
        return sum
    }

    func statistics(ofEndpoint index: Int) -> BackendStatistics? {
        guard endpoints.indices.contains(index) else { return nil }
        var sum = BackendStatistics()
        endpoints[index].counters.add(to: &sum)
        // Without a queue there is one endpoint.
        let active = admission.activeCount(atEndpoint: index)
        sum.active = active.map { UInt64($0) } ?? counters.activeCount
        sum.idle = UInt64(endpoints[index].pool.idleCount)
        return sum
    }

    func close() {
        for endpoint in endpoints { endpoint.pool.closeAll() }
        closing.closeAll()
    }

    /// In a child process: the connections are the parent's. Only the child's copies of their
    /// descriptors are closed; nothing is sent, and no lock is waited for that the parent held.
    func disown() {
        for endpoint in endpoints { endpoint.pool.disown() }
        closing.disown()
    }
}
