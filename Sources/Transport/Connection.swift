// SPDX-License-Identifier: Apache-2.0

internal import CAPR
package import Platform

/// A connected stream socket to an application, its own or the host's; or none.
///
/// Belongs to one exchange, which keeps it in a pool by its `record`; one thread at a time.
package struct Connection: ~Copyable {
    package enum Transfer {
        case done(Int)
        /// Nothing now: the descriptor is not ready, or the armed time has passed.
        case wouldBlock
        /// The application has ended its side.
        case ended
        case failed(SystemError)
    }

    package enum Blocking: Equatable, Sendable {
        case blocking
        case nonblocking
        /// The host's descriptor, whose mode is not ours to change or to know.
        case unknown
    }

    /// All there is to know of a connection.
    package struct Record: Sendable {
        package let descriptor: Int32
        package let isSupplied: Bool
        package let isTCP: Bool
        package fileprivate(set) var mode: Blocking
        package let openedAt: MonotonicTime
        /// Exchanges that ended complete on it.
        package var servedCount: UInt32 = 0
        package var lastRequestID: UInt16 = 0
        /// Whether the last exchange had a body that its application may have left unread.
        package var hadLargeBody = false
        package var idleSince = MonotonicTime(nanoseconds: 0)
        fileprivate var receiveTimeout: UInt32 = 0
        fileprivate var sendTimeout: UInt32 = 0
    }

    package var record: Record

    package static var none: Connection {
        Connection(
            Record(
                descriptor: -1, isSupplied: true, isTCP: false, mode: .unknown,
                openedAt: MonotonicTime(nanoseconds: 0)))
    }

    /// Takes over a connected socket, which has O_NONBLOCK set.
    init(owning descriptor: Int32, isTCP: Bool) {
        record = Record(
            descriptor: descriptor, isSupplied: false, isTCP: isTCP, mode: .nonblocking,
            openedAt: .now)
    }

    /// Uses a socket of the host's for one exchange. `timeout` is how long calls on a blocking one
    /// wait, in milliseconds; 0: not known.
    package init(
        supplied descriptor: Int32, isNonblocking: Bool, timeout: UInt32, isTCP: Bool
    ) {
        let mode: Blocking = isNonblocking ? .nonblocking : timeout > 0 ? .blocking : .unknown
        record = Record(
            descriptor: descriptor, isSupplied: true, isTCP: isTCP, mode: mode, openedAt: .now)
        record.receiveTimeout = timeout
    }

    /// Takes a connection back whose record was kept.
    package init(_ record: Record) {
        self.record = record
    }

    deinit {
        if !record.isSupplied { _ = close(record.descriptor) }
    }

    /// The same connection by a descriptor of the library's own, so that the host may close the one
    /// that it has supplied; nil when no descriptor is to be had.
    package func duplicate() -> Connection? {
        let copy = capr_duplicate_descriptor(descriptor)
        guard copy >= 0 else { return nil }
        // The descriptors share O_NONBLOCK, which is the host's: every call says that it is not to
        // wait.
        var duplicate = Record(
            descriptor: copy, isSupplied: false, isTCP: record.isTCP, mode: .unknown,
            openedAt: record.openedAt)
        duplicate.lastRequestID = record.lastRequestID
        return Connection(duplicate)
    }

    /// Tells the application that nothing more is sent; what it sends can still be received.
    package func halfClose() {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Lets the application's writes fail from now on, on a Unix socket; only whether it has closed
    /// the connection can still be seen.
    package func refuseMore() {
        _ = shutdown(descriptor, Int32(SHUT_RD))
    }

    /// Ends the connection, whoever else has descriptors of it.
    package func end() {
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Whether the application has closed the connection that refuses more.
    package var hasHungUp: Bool {
        var polled = pollfd(fd: descriptor, events: 0, revents: 0)
        return unsafe poll(&polled, 1, 0) > 0 && Int32(polled.revents) & (POLLHUP | POLLERR) != 0
    }

    package var isOpen: Bool { record.descriptor >= 0 }
    package var descriptor: Int32 { record.descriptor }
    private var mode: Blocking { record.mode }

    /// Gives up ownership: who has the record has the connection.
    package consuming func keep() -> Record {
        let record = self.record
        discard self
        return record
    }

    /// Lets the next calls wait, or not. The mode of a supplied descriptor stays.
    package mutating func setBlocking(_ isBlocking: Bool) {
        guard !record.isSupplied, (mode == .blocking) != isBlocking else { return }
        guard capr_set_nonblocking(descriptor, isBlocking ? 0 : 1) == 0 else { return }
        record.mode = isBlocking ? .blocking : .nonblocking
    }

    /// Sends a vector; waits only on a blocking connection, and not with `isImmediate`. It is one
    /// writev(2) with SIGPIPE ignored by the host where the connection's mode will do, else one
    /// sendmsg(2).
    package func send(
        _ vector: borrowing GatherVector, isImmediate: Bool, isSIGPIPEIgnored: Bool
    ) -> Transfer {
        let waits = mode == .blocking && !isImmediate
        let isPlain = isSIGPIPEIgnored && (mode == .nonblocking || waits)
        while true {
            let count: Int
            if isPlain {
                count = unsafe writev(descriptor, vector.start, Int32(vector.count))
            } else {
                var message = unsafe msghdr()
                unsafe message.msg_iov = vector.start
                unsafe message.msg_iovlen = numericCast(vector.count)
                let flags = Int32(MSG_NOSIGNAL) | (waits ? 0 : Int32(MSG_DONTWAIT))
                count = unsafe sendmsg(descriptor, &message, flags)
            }
            if count >= 0 { return .done(count) }
            let error = SystemError.last
            if error == .interrupted { continue }
            return error == .wouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// Receives what is there; waits only on a blocking connection, and not with `isImmediate`.
    package func receive(
        into buffer: UnsafeMutableRawBufferPointer, isImmediate: Bool
    ) -> Transfer {
        let waits = mode == .blocking && !isImmediate
        let flags = waits ? 0 : Int32(MSG_DONTWAIT)
        while true {
            let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, flags)
            if count > 0 { return .done(count) }
            if count == 0 { return .ended }
            let error = SystemError.last
            if error == .interrupted {
                // Begun again it would wait as long again: the deadline is looked at first.
                if waits { return .wouldBlock }
                continue
            }
            return error == .wouldBlock ? .wouldBlock : .failed(error)
        }
    }

    /// Whether the application has neither ended nor sent anything. One system call.
    package func isAliveAndEmpty() -> Bool {
        var byte: UInt8 = 0
        let flags = Int32(MSG_PEEK | MSG_DONTWAIT)
        let count = unsafe recv(descriptor, &byte, 1, flags)
        return count < 0 && SystemError.last == .wouldBlock
    }

    /// Bounds how long a blocking receive waits, in milliseconds. A system call only when the bound
    /// differs enough from the one in force to matter. That of a supplied descriptor stays.
    package mutating func armReceive(_ milliseconds: UInt32) {
        guard !record.isSupplied, mode == .blocking, !receivesWithin(milliseconds) else { return }
        record.receiveTimeout = milliseconds
        arm(SO_RCVTIMEO, milliseconds)
    }

    /// Whether a receive waits by itself, and about so long.
    package func receivesWithin(_ milliseconds: UInt32) -> Bool {
        mode == .blocking && Self.isClose(record.receiveTimeout, to: milliseconds)
    }

    package mutating func armSend(_ milliseconds: UInt32) {
        guard !record.isSupplied, mode == .blocking,
            !Self.isClose(record.sendTimeout, to: milliseconds)
        else { return }
        record.sendTimeout = milliseconds
        arm(SO_SNDTIMEO, milliseconds)
    }

    /// Acknowledges at once what is received: an application that sends in small pieces waits for
    /// it (Nagle's algorithm against delayed acknowledgements, 40 ms each).
    package func acknowledgeAtOnce() {
        guard record.isTCP else { return }
        var on: Int32 = 1
        unsafe _ = setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_QUICKACK, &on,
            socklen_t(MemoryLayout<Int32>.size))
    }

    private func arm(_ option: Int32, _ milliseconds: UInt32) {
        var time = timeval(
            tv_sec: Int(milliseconds / 1000), tv_usec: Int(milliseconds % 1000) * 1000)
        unsafe _ = setsockopt(
            descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
    }

    /// A bound that is up to a hundredth or 5 ms too long is near enough: who waits looks at the
    /// deadline again afterwards.
    private static func isClose(_ armed: UInt32, to wanted: UInt32) -> Bool {
        armed >= wanted && armed - wanted <= max(5, wanted / 100)
    }
}
