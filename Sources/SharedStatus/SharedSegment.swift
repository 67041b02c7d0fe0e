// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
package import Platform

/// Memory that a process shares with those that it forks later: the places of applications, and who
/// waits for them. Used by any thread of any of these processes.
///
/// It has no name: nothing of it stays behind when the last process has ended.
@safe
package final class SharedSegment: Sendable {
    /// Applications that there is room for.
    package static let maxPools = 64

    /// What the memory begins with.
    @safe
    private struct Header {
        var lock: pthread_mutex_t
        /// A futex: changes whenever a process is asked for something.
        var attention: UInt32
        /// Pools in use.
        var count: UInt32
    }

    private static let poolsOffset = 128
    private static let size = poolsOffset + maxPools * PlacePool.size

    private let address: UInt

    package init() throws(SystemError) {
        // New pages are zero, and cost nothing before they are touched.
        let memory = unsafe mmap(
            nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { throw .last }
        address = UInt(bitPattern: memory)
        unsafe capr_shared_lock_init(&header.pointee.lock)
    }

    deinit {
        unsafe _ = munmap(start, Self.size)
    }

    /// Never nil: `mmap` made the address.
    private var start: UnsafeMutableRawPointer {
        unsafe UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
    }

    private var header: UnsafeMutablePointer<Header> {
        unsafe start.assumingMemoryBound(to: Header.self)
    }

    /// A pool by its number, which the caller has checked; to be looked into under the lock.
    func pool(_ index: Int) -> PlacePool {
        unsafe PlacePool(start + Self.poolsOffset + index * PlacePool.size)
    }

    /// Read without the lock; it only grows, under the lock.
    var poolCount: Int { unsafe Int(capr_published(&header.pointee.count)) }

    /// Under the lock: adds a pool for the application of a key; nil when there is no room.
    func addPool(_ key: UnsafeBufferPointer<UInt8>) -> Int? {
        let index = poolCount
        guard index < Self.maxPools else { return nil }
        unsafe pool(index).setKey(key)
        unsafe capr_publish(&header.pointee.count, UInt32(index + 1))
        return index
    }

    /// Has the memory for itself, of all threads of all processes; what is done then is short.
    func withLock<Result>(_ body: () -> Result) -> Result {
        // Each number is written at once, so who died meanwhile left nothing half done.
        if unsafe pthread_mutex_lock(&header.pointee.lock) == EOWNERDEAD {
            unsafe _ = pthread_mutex_consistent(&header.pointee.lock)
        }
        defer { unsafe _ = pthread_mutex_unlock(&header.pointee.lock) }
        return body()
    }

    /// Under the lock: lets every process look whether it is asked for something.
    func callAttention() {
        unsafe header.pointee.attention &+= 1
        unsafe capr_futex_wake(&header.pointee.attention)
    }

    var attention: UInt32 { unsafe header.pointee.attention }

    /// Waits until the attention is another one than it was.
    func waitForAttention(otherThan seen: UInt32, milliseconds: UInt32) {
        unsafe capr_futex_wait(&header.pointee.attention, seen, milliseconds)
    }
}
