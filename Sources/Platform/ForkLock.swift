// SPDX-License-Identifier: Apache-2.0

internal import CAPR

/// A lock that no fork leaves held: a child would wait for ever for a thread that it does not have.
///
/// The process forks only while nobody holds it, so what is done under it has to be short and to
/// wait for nothing.
package enum ForkLock {
    /// Where the mutex is, for the life of the process.
    private static let address: UInt = {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        return UInt(bitPattern: mutex)
    }()

    private static var mutex: UnsafeMutablePointer<pthread_mutex_t>? {
        unsafe UnsafeMutablePointer(bitPattern: address)
    }

    package static func hold<Result>(_ body: () -> Result) -> Result {
        lock()
        defer { unlock() }
        return body()
    }

    static func lock() {
        if let mutex = unsafe mutex { unsafe _ = pthread_mutex_lock(mutex) }
    }

    static func unlock() {
        if let mutex = unsafe mutex { unsafe _ = pthread_mutex_unlock(mutex) }
    }
}
