// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Synchronization

/// A value that one thread at a time has: the standard library's Mutex, made known to
/// ThreadSanitizer, which does not see its futex and would report every use.
package final class Locked<Value>: Sendable {
    private let mutex: Mutex<Value>

    package init(_ value: sending Value) {
        mutex = Mutex(value)
    }

    package func withLock<Result: ~Copyable>(_ body: (inout sending Value) -> sending Result)
        -> sending Result
    {
        mutex.withLock { value in
            unsafe capr_lock_acquired(address)
            defer { unsafe capr_lock_released(address) }
            return body(&value)
        }
    }

    /// As `withLock`, but does nothing while another thread has the value.
    package func withLockIfAvailable(_ body: (inout sending Value) -> Void) {
        _ = mutex.withLockIfAvailable { value in
            unsafe capr_lock_acquired(address)
            defer { unsafe capr_lock_released(address) }
            body(&value)
        }
    }

    /// What ThreadSanitizer knows the lock by.
    private var address: UnsafeRawPointer {
        unsafe UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
    }
}
