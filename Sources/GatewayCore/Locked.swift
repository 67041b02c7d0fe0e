// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A value that one thread at a time has.
///
/// The lock is pthread's. The standard library's Mutex spins before it waits, and then hands the
/// lock to the thread that has waited longest: where many threads share few processors, each waits
/// until that one runs again, and burns the processor meanwhile.
final class Locked<Value>: Sendable {
    @unsafe private struct Content {
        var mutex: pthread_mutex_t
        var value: Value
    }

    /// Where the content is: a thread may look only while it holds the mutex, which the compiler
    /// cannot see.
    private let address: UInt

    init(_ value: sending Value) {
        let content = UnsafeMutablePointer<Content>.allocate(capacity: 1)
        unsafe content.initialize(to: Content(mutex: pthread_mutex_t(), value: value))
        unsafe pthread_mutex_init(&content.pointee.mutex, nil)
        address = UInt(bitPattern: content)
    }

    deinit {
        guard let content = unsafe content else { return }
        unsafe pthread_mutex_destroy(&content.pointee.mutex)
        unsafe content.deinitialize(count: 1)
        unsafe content.deallocate()
    }

    private var content: UnsafeMutablePointer<Content>? {
        unsafe UnsafeMutablePointer(bitPattern: address)
    }

    func withLock<Result: ~Copyable>(
        _ body: (inout sending Value) -> sending Result
    ) -> sending Result {
        let content = unsafe content.unsafelyUnwrapped
        unsafe pthread_mutex_lock(&content.pointee.mutex)
        defer { unsafe pthread_mutex_unlock(&content.pointee.mutex) }
        return unsafe body(&content.pointee.value)
    }

    /// As `withLock`, but does nothing while another thread has the value.
    func withLockIfAvailable(_ body: (inout sending Value) -> Void) {
        let content = unsafe content.unsafelyUnwrapped
        guard unsafe pthread_mutex_trylock(&content.pointee.mutex) == 0 else { return }
        defer { unsafe pthread_mutex_unlock(&content.pointee.mutex) }
        unsafe body(&content.pointee.value)
    }
}
