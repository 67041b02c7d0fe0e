// SPDX-License-Identifier: Apache-2.0

internal import CAPR
package import Platform

/// A descriptor that turns readable when another thread says so: an eventfd(2).
package final class Signal: Sendable {
    package let descriptor: Int32

    package init() throws(SystemError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .last }
    }

    deinit {
        _ = close(descriptor)
    }

    package func set() { Self.set(descriptor) }

    /// Sets the signal that has a descriptor.
    package static func set(_ descriptor: Int32) {
        var one: UInt64 = 1
        unsafe _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Lets it be unreadable until it is set again.
    package func rest() {
        var count: UInt64 = 0
        unsafe _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    }
}
