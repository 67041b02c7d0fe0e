// SPDX-License-Identifier: Apache-2.0

internal import CAPR
package import Platform

/// What to wait for on a descriptor.
package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let read = Interest(rawValue: 1)
    package static let write = Interest(rawValue: 2)

    /// Waits on this thread until the descriptor is ready or the deadline has passed.
    ///
    /// - Returns: what it is ready for; nothing when the deadline has passed. An error on the
    ///   descriptor counts as ready, so that the next system call tells it.
    package func wait(on descriptor: Int32, until deadline: MonotonicTime) -> Interest {
        while true {
            let left = deadline.milliseconds(from: .now)
            var polled = pollfd(fd: descriptor, events: events, revents: 0)
            let count = unsafe poll(&polled, 1, Int32(clamping: left))
            if count > 0 {
                let returned = Int32(polled.revents)
                if returned & (POLLERR | POLLHUP | POLLNVAL) != 0 { return self }
                var ready: Interest = []
                if returned & POLLIN != 0 { ready.insert(.read) }
                if returned & POLLOUT != 0 { ready.insert(.write) }
                return ready
            }
            if count == 0, deadline <= .now { return [] }
            if count < 0, SystemError.last != .interrupted { return self }
        }
    }

    /// A descriptor, and what to wait for on it beside its end.
    package struct Watch: Sendable {
        let descriptor: Int32
        let interest: Interest

        package init(_ descriptor: Int32, _ interest: Interest) {
            self.descriptor = descriptor
            self.interest = interest
        }
    }

    /// Waits on this thread until one of several descriptors is ready or has ended, the deadline
    /// has passed, or a signal came.
    package static func waitForAny(of watched: [Watch], until deadline: MonotonicTime) {
        var polled = watched.map { watch in
            pollfd(fd: watch.descriptor, events: watch.interest.events, revents: 0)
        }
        let left = deadline.milliseconds(from: .now)
        unsafe _ = poll(&polled, nfds_t(polled.count), Int32(clamping: left))
    }

    private var events: Int16 {
        Int16((contains(.read) ? POLLIN : 0) | (contains(.write) ? POLLOUT : 0))
    }

    /// Waits on this thread until one of several descriptors is readable, or has an error, or the
    /// deadline has passed.
    ///
    /// - Returns: those that are; none when the deadline has passed or a signal came.
    package static func waitForAny(
        of descriptors: [Int32], until deadline: MonotonicTime
    ) -> Set<Int32> {
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let left = deadline.milliseconds(from: .now)
        guard unsafe poll(&polled, nfds_t(polled.count), Int32(clamping: left)) > 0 else {
            return []
        }
        return Set(polled.filter { $0.revents != 0 }.map(\.fd))
    }
}
