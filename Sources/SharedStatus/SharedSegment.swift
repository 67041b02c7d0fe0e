// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform

/// Memory that a process shares with those that it forks later: the places of applications, and who
/// waits for them. Used by any thread of any of these processes.
///
/// It has no name: nothing of it stays behind when the last process has ended. One with a
/// descriptor can be handed to a process that was not forked.
@safe
final class SharedSegment: Sendable {
    /// What the memory begins with.
    @safe
    private struct Header {
        /// Tells the layout: two versions of the library may meet.
        var magic: UInt64
        var size: UInt64
        var poolRoom: UInt64
        /// See `SharedLock`.
        var lock: UInt32
        /// A futex: changes whenever a process is asked for something.
        var attention: UInt32
        /// Pools in use.
        var count: UInt32
    }

    private static let magic: UInt64 = 0x6777_7368_6172_0004
    private static let poolsOffset = 128

    private let address: UInt
    private let size: Int
    /// Applications that there is room for.
    let poolRoom: Int
    /// -1: there is none. Closed with the segment.
    let descriptor: Int32

    /// - Parameters:
    ///   - pools: applications that there is room for
    ///   - extra: bytes behind the pools
    ///   - isHandedOver: whether it has a descriptor
    /// - Throws: what the system says when the memory cannot be had.
    init(pools: Int, extra: Int = 0, isHandedOver: Bool = false) throws(SystemError) {
        size = Self.poolsOffset + pools * PlacePool.size + extra
        poolRoom = pools
        descriptor = isHandedOver ? capr_make_shared(size) : -1
        guard descriptor >= 0 || !isHandedOver else { throw .last }
        do {
            address = try Self.map(descriptor, size: size)
        } catch {
            if descriptor >= 0 { _ = Glibc.close(descriptor) }
            throw error
        }
        unsafe header.pointee.magic = Self.magic
        unsafe header.pointee.size = UInt64(size)
        unsafe header.pointee.poolRoom = UInt64(pools)
    }

    /// The segment behind a descriptor, which it takes over when it is one of this layout.
    ///
    /// - Throws: what the system says; EINVAL for another layout.
    init(adopting given: Int32, pools: Int, extra: Int) throws(SystemError) {
        size = Self.poolsOffset + pools * PlacePool.size + extra
        poolRoom = pools
        guard capr_shared_size(given) == size else { throw SystemError(number: EINVAL) }
        descriptor = given
        address = try Self.map(given, size: size)
        guard unsafe header.pointee.magic == Self.magic, unsafe header.pointee.size == UInt64(size),
            unsafe header.pointee.poolRoom == UInt64(pools)
        else {
            // The descriptor stays the caller's.
            unsafe _ = munmap(start, size)
            throw SystemError(number: EINVAL)
        }
    }

    private static func map(_ descriptor: Int32, size: Int) throws(SystemError) -> UInt {
        // New pages are zero, and cost nothing before they are touched.
        let flags = descriptor < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED
        let memory = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, flags, descriptor, 0)
        guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { throw .last }
        return UInt(bitPattern: memory)
    }

    deinit {
        unsafe _ = munmap(start, size)
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    /// Never nil: `mmap` made the address.
    private var start: UnsafeMutableRawPointer {
        unsafe UnsafeMutableRawPointer(bitPattern: address).unsafelyUnwrapped
    }

    private var header: UnsafeMutablePointer<Header> {
        unsafe start.assumingMemoryBound(to: Header.self)
    }

    private var lock: SharedLock {
        let offset = MemoryLayout<Header>.offset(of: \.lock) ?? 0
        return unsafe SharedLock((start + offset).assumingMemoryBound(to: UInt32.self))
    }

    /// A pool by its number, which the caller has checked; to be looked into under the lock.
    func pool(_ index: Int) -> PlacePool {
        unsafe PlacePool(start + Self.poolsOffset + index * PlacePool.size)
    }

    /// What lies behind the pools.
    var extra: UnsafeMutableRawPointer {
        unsafe start + Self.poolsOffset + poolRoom * PlacePool.size
    }

    /// Read without the lock; it only grows, under the lock.
    var poolCount: Int { min(unsafe Int(capr_published(&header.pointee.count)), poolRoom) }

    /// Under the lock: adds a pool for the application of a key; nil when there is no room.
    func addPool(_ key: UnsafeBufferPointer<UInt8>) -> Int? {
        let index = poolCount
        guard index < poolRoom else { return nil }
        unsafe pool(index).setKey(key)
        unsafe capr_publish(&header.pointee.count, UInt32(index + 1))
        return index
    }

    /// Has the memory for itself, of all threads of all processes; what is done then is short.
    func withLock<Result>(_ body: () -> Result) -> Result {
        // Each number is written at once, so who died meanwhile left nothing half done.
        let lock = lock
        lock.lock()
        defer { lock.unlock() }
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
