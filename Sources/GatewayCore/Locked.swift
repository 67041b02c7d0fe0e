// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Synchronization

/// A value that one thread at a time has: the standard library's Mutex, made known to
/// ThreadSanitizer, which does not see its futex and would report every use.
final class Locked<Value>: Sendable {
    private let mutex: Mutex<Value>
    /// What ThreadSanitizer knows the lock by.
    private let mark = LockMark()

    init(_ value: sending Value) {
        mutex = Mutex(value)
    }

    func withLock<Result: ~Copyable>(
        _ body: (inout sending Value) -> sending Result
    ) -> sending Result {
        mutex.withLock { value in
            mark.acquired()
            defer { mark.released() }
            return body(&value)
        }
    }

    /// As `withLock`, but does nothing while another thread has the value.
    func withLockIfAvailable(_ body: (inout sending Value) -> Void) {
        _ = mutex.withLockIfAvailable { value in
            mark.acquired()
            defer { mark.released() }
            body(&value)
        }
    }
}
