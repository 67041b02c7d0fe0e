// SPDX-License-Identifier: Apache-2.0

package import Platform
internal import Synchronization

/// The library in use by one host: what all its backends share. Used by any thread.
package final class Gateway: Sendable {
    /// The host ignores SIGPIPE for good, so that requests can be sent with writev(2).
    package let isSIGPIPEIgnored: Bool
    package let log: Log
    /// A thread does what is due.
    private let isMaintained: Bool
    private let backends = Locked<[ProcessLocal]>([])
    private let applications = Locked<[Supervised]>([])
    private let maintenance = Locked<MaintenanceThread?>(nil)
    let bell = MaintenanceBell()
    /// How often what nobody tells of is looked for, in milliseconds: connections that their
    /// application has closed, supervisors that have ended.
    static let pauseOfLooks: UInt32 = 1_000
    /// Of the process that the thread runs in; a child has none before it uses a backend.
    private let maintenanceGeneration = Atomic<UInt32>(.max)

    package init(isSIGPIPEIgnored: Bool, isMaintained: Bool, log: Log) throws(APRError) {
        ForkGeneration.watch()
        try APRLibrary.use()
        self.isSIGPIPEIgnored = isSIGPIPEIgnored
        self.isMaintained = isMaintained
        self.log = log
    }

    /// Starts the thread where it is wanted and this process has none.
    package func startMaintenance() throws(SystemError) {
        let now = ForkGeneration.current
        guard isMaintained, maintenanceGeneration.load(ordering: .relaxed) != now,
            maintenanceGeneration.exchange(now, ordering: .relaxed) != now
        else { return }
        // The thread ends with the gateway's handle, so that it does not keep the gateway.
        let thread = try MaintenanceThread(bell: bell) { [weak self] in
            guard let self else { return .init(time: .distantFuture, watched: []) }
            maintain()
            return due
        }
        maintenance.withLock { $0 = thread }
    }

    /// The handle is closed.
    package func close() {
        log.close()
        guard maintenanceGeneration.load(ordering: .relaxed) == ForkGeneration.current else {
            return
        }
        maintenance.withLock { thread in
            thread?.stop()
            thread = nil
        }
    }

    /// An application whose supervisor this process has started.
    private struct Supervised: Sendable {
        weak var application: Application?
    }

    func register(_ application: Application) {
        applications.withLock { applications in
            applications.removeAll { $0.application == nil }
            applications.append(Supervised(application: application))
        }
    }

    private var openBackends: [ProcessLocal] { ForkLock.hold { backends.withLock { $0 } } }

    func register(_ backend: ProcessLocal) {
        ForkLock.hold { backends.withLock { $0.append(backend) } }
    }

    func unregister(_ backend: ProcessLocal) {
        ForkLock.hold {
            backends.withLock { backends in backends.removeAll { $0 === backend } }
        }
    }

    /// Does for all backends what is due without an exchange: closes what is idle for too long or
    /// was closed by its application, and goes on closing what was given up.
    package func maintain() {
        for backend in openBackends { backend.state.maintain() }
        // What a parent process opened is the parent's.
        applications.withLockIfAvailable { applications in
            for supervised in applications {
                do throws(Application.Refusal) {
                    _ = try supervised.application?.maintain()
                } catch {
                    log.write(.error, tag: "GW0012", error.text)
                }
            }
        }
    }

    /// When `maintain` has something to do next, if nothing else happens.
    package var nextDeadline: MonotonicTime {
        return openBackends.map(\.state.nextDeadline).min() ?? .distantFuture
    }

    /// The same for the thread, which watches connections too.
    private var due: MaintenanceThread.Due {
        var due = MaintenanceThread.Due(time: .distantFuture, watched: [])
        var isLookWanted = false
        applications.withLockIfAvailable { isLookWanted = !$0.isEmpty }
        for backend in openBackends {
            due.time = min(due.time, backend.state.watch(&due.watched))
            isLookWanted = isLookWanted || backend.state.idleCount > 0
        }
        guard isLookWanted else { return due }
        due.time = min(due.time, MonotonicTime.now.advanced(byMilliseconds: Self.pauseOfLooks))
        return due
    }

    /// Closes an idle connection of any backend, or else one that only drains, to have its
    /// descriptor; false when there is none.
    func shedIdle() -> Bool {
        return openBackends.contains { $0.state.shedIdle() }
            || openBackends.contains { $0.state.closing.shed() }
    }
}
