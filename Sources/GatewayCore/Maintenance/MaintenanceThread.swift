// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Synchronization
internal import Transport

/// Does what is due without an exchange, for hosts that do not call `gateway_maintain` themselves.
///
/// It sleeps until something is due, something comes on a connection that is being closed, or the
/// bell rings.
final class MaintenanceThread: Sendable {
    /// What to wait for next.
    struct Due {
        var time: MonotonicTime
        var watched: [Interest.Watch]
    }

    private let thread: Thread
    private let signal: Signal
    private let bell: MaintenanceBell
    private let ends: Flag

    private final class Flag: Sendable {
        let isSet = Atomic<Bool>(false)
    }

    /// - Parameters:
    ///   - bell: wakes it
    ///   - work: does what is due, and returns what to wait for
    /// - Throws: what the system says when the thread cannot be had.
    init(
        bell: MaintenanceBell, _ work: @escaping @Sendable () -> Due
    ) throws(SystemError) {
        let signal = try Signal()
        let ends = Flag()
        self.signal = signal
        self.ends = ends
        self.bell = bell
        bell.hang(signal)
        do throws(SystemError) {
            thread = try Thread {
                while !ends.isSet.load(ordering: .acquiring) {
                    bell.wake()
                    signal.rest()
                    let due = work()
                    bell.sleep(until: due.time)
                    let watched = due.watched + [.init(signal.descriptor, .read)]
                    Interest.waitForAny(of: watched, until: due.time)
                }
            }
        } catch {
            bell.takeDown()
            throw error
        }
    }

    func stop() {
        bell.takeDown()
        ends.isSet.store(true, ordering: .releasing)
        signal.set()
        thread.join()
    }
}
