// SPDX-License-Identifier: Apache-2.0

internal import CAPR
package import Synchronization

/// A value that one thread at a time has: the standard library's Mutex, made known to
/// ThreadSanitizer, which does not see its futex and would report every use.
package final class Locked<Value>: Sendable {
    @usableFromInline package let mutex: Mutex<Value>
    /// What ThreadSanitizer knows the lock by.
    @usableFromInline package let mark = LockMark()

    package init(_ value: sending Value) {
        mutex = Mutex(value)
    }

    @inlinable
    package func withLock<Result: ~Copyable>(
        _ body: (inout sending Value) -> sending Result
    ) -> sending Result {
        mutex.withLock { value in
            mark.acquired()
            defer { mark.released() }
            return body(&value)
        }
    }

    /// As `withLock`, but does nothing while another thread has the value.
    @inlinable
    package func withLockIfAvailable(_ body: (inout sending Value) -> Void) {
        _ = mutex.withLockIfAvailable { value in
            mark.acquired()
            defer { mark.released() }
            body(&value)
        }
    }
}

/// A lock's name for ThreadSanitizer. Does nothing where that is not linked in.
@usableFromInline
package final class LockMark: Sendable {
    @usableFromInline
    package init() {}

    @usableFromInline
    package func acquired() {
        unsafe capr_lock_acquired(Unmanaged.passUnretained(self).toOpaque())
    }

    @usableFromInline
    package func released() {
        unsafe capr_lock_released(Unmanaged.passUnretained(self).toOpaque())
    }
}
