// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Transport

/// Ctrl-C: SIGINT ends a wait and nothing else, so that an exchange can be given up in order.
enum Interruption {
    private static let signal = try? Signal()

    /// Takes SIGINT, unless whoever started the program had it ignored. Ends SIGPIPE for good.
    static func prepare() {
        _ = Glibc.signal(SIGPIPE, SIG_IGN)
        // Made before the handler runs, in which nothing may be made.
        guard signal != nil else { return }
        let old = Glibc.signal(SIGINT) { _ in Interruption.signal?.set() }
        if unsafeBitCast(old, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
            _ = Glibc.signal(SIGINT, SIG_IGN)
        }
    }

    /// Waits until a descriptor is ready or the time is over; nil waits without end.
    static func wait(_ descriptors: [pollfd], milliseconds: UInt32? = nil) throws(Failure) {
        let pressed = pollfd(fd: signal?.descriptor ?? -1, events: Int16(POLLIN), revents: 0)
        var polled = descriptors + [pressed]
        let time = milliseconds.map { Int32(clamping: $0) } ?? -1
        // A wait that a signal ends is as good as one that is over.
        _ = poll(&polled, nfds_t(polled.count), time)
        if polled[descriptors.count].revents != 0 { throw .interrupted }
    }

    static func wait(for events: Int32, on descriptor: Int32) throws(Failure) {
        try wait([pollfd(fd: descriptor, events: Int16(events), revents: 0)])
    }
}
