// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Transport

/// Does what is due without an exchange, for hosts that do not call `gateway_maintain` themselves.
final class MaintenanceThread: Sendable {
    /// The longest it sleeps, in milliseconds: within this time it notices that something new is
    /// idle, or that the application has closed it.
    private static let longestSleep: UInt32 = 1_000

    private let thread: Thread
    private let end: Signal

    /// - Parameter work: does what is due, and answers when to come again.
    /// - Throws: what the system says when the thread cannot be had.
    init(_ work: @escaping @Sendable () -> MonotonicTime) throws(SystemError) {
        let end = try Signal()
        self.end = end
        thread = try Thread {
            var next = MonotonicTime.now
            repeat {
                let latest = MonotonicTime.now.advanced(byMilliseconds: Self.longestSleep)
                if Interest.read.wait(on: end.descriptor, until: min(next, latest)) != [] { return }
                next = work()
            } while true
        }
    }

    func stop() {
        end.set()
        thread.join()
    }
}
