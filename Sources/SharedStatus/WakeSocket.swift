// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
package import Platform

/// A descriptor that turns readable when another process, related or not, says so.
///
/// A futex cannot be polled, and an eventfd would have to be handed over first; a datagram socket
/// is reached by its name, which fits into shared memory. Strangers can send to it too: who is
/// woken looks whether it is his turn.
package final class WakeSocket: Sendable {
    package let descriptor: Int32
    /// Never 0.
    let name: UInt64

    package init() throws(SystemError) {
        var name: UInt64 = 0
        descriptor = unsafe capr_wake_open(&name)
        guard descriptor >= 0 else { throw .last }
        self.name = name
    }

    deinit {
        _ = close(descriptor)
    }

    static func wake(_ name: UInt64) {
        capr_wake_send(name)
    }

    /// Lets it be unreadable until it is woken again.
    package func rest() {
        var byte: UInt8 = 0
        while unsafe recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) >= 0 {}
    }
}
