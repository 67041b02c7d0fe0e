// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Transport

/// A connection to the application and the socket pair before it.
final class RelayLink {
    /// The exchange's end of the pair.
    let supplied: Int32
    private var inner: Int32
    private let application: Connection.Record
    private var toApplication: RelayDirection
    private var fromApplication: RelayDirection

    init(_ connection: consuming Connection, console: Console) throws(Failure) {
        application = connection.keep()
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            let error = SystemError.last
            _ = Connection(application)
            throw Failure(.system, error.text)
        }
        supplied = ends[0]
        inner = ends[1]
        toApplication = RelayDirection(
            from: inner, to: application.descriptor, RecordTrace(">", console))
        fromApplication = RelayDirection(
            from: application.descriptor, to: inner, RecordTrace("<", console))
    }

    deinit {
        close(supplied)
        if inner >= 0 { close(inner) }
        _ = Connection(application)
    }

    /// The next exchange begins: its records are told in time from here.
    func begin(at time: MonotonicTime) {
        toApplication.trace.begin(at: time)
        fromApplication.trace.begin(at: time)
    }

    var polled: [pollfd] { toApplication.polled + fromApplication.polled }

    /// Passes on what is there, and how a side has ended.
    func pass() {
        switch fromApplication.pass() {
        case .goesOn: break
        case .sourceEnded: shutdown(inner, Int32(SHUT_WR))
        case .sourceFailed: reset()
        case .targetFailed: fromApplication.stop()
        }
        switch toApplication.pass() {
        // The exchange's end is open for as long as there is somebody to read from it.
        case .goesOn, .sourceEnded, .sourceFailed: break
        // What the exchange sends fails too then, while the answer can still be read.
        case .targetFailed: shutdown(inner, Int32(SHUT_RD))
        }
    }

    /// Closing a Unix socket with bytes in it that were not read resets the connection.
    private func reset() {
        var byte: UInt8 = 0
        send(supplied, &byte, 1, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        close(inner)
        inner = -1
        toApplication.stop()
    }
}
