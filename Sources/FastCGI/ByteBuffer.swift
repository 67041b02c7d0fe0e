// SPDX-License-Identifier: Apache-2.0

/// A run of bytes in memory of its own that grows up to what its user allows.
///
/// Owned by one exchange or request, used by one thread at a time. Clearing keeps the memory, so
/// that a buffer that is used again allocates nothing.
@safe
package struct ByteBuffer: ~Copyable {
    private var storage: UnsafeMutableRawBufferPointer
    package private(set) var count = 0

    package init(capacity: Int = 0) {
        unsafe storage = .allocate(byteCount: max(capacity, 0), alignment: 16)
    }

    deinit {
        unsafe storage.deallocate()
    }

    package var capacity: Int { unsafe storage.count }
    package var isEmpty: Bool { count == 0 }

    /// The bytes, for as long as the buffer is not changed.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let filled = unsafe UnsafeRawBufferPointer(rebasing: storage[..<count])
            return unsafe _overrideLifetime(RawSpan(_unsafeBytes: filled), borrowing: self)
        }
    }

    /// The address of the bytes, for system calls and for C; valid until the buffer changes.
    package var address: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: storage[..<count])
    }

    package mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe storage[count] = byte
        count += 1
    }

    package mutating func append(_ bytes: RawSpan) {
        reserve(bytes.byteCount)
        unsafe bytes.withUnsafeBytes { source in
            unsafe append(copying: source)
        }
    }

    package mutating func append(copying source: UnsafeRawBufferPointer) {
        guard let from = source.baseAddress, source.count > 0 else { return }
        reserve(source.count)
        guard let to = unsafe storage.baseAddress else { return }
        unsafe (to + count).copyMemory(from: from, byteCount: source.count)
        count += source.count
    }

    /// Copies a part of another buffer.
    package mutating func append(_ range: Range<Int>, of other: borrowing ByteBuffer) {
        append(other.bytes.extracting(range))
    }

    package mutating func append(zeros: Int) {
        guard zeros > 0 else { return }
        reserve(zeros)
        for offset in count..<count + zeros {
            unsafe storage[offset] = 0
        }
        count += zeros
    }

    /// A byte that is there; 0 where none is.
    package func byte(at offset: Int) -> UInt8 {
        offset >= 0 && offset < count ? unsafe storage[offset] : 0
    }

    /// Replaces the bytes by what `source` puts into a memory of so many bytes.
    ///
    /// - Returns: false, with the buffer empty, when the source answers nil.
    package mutating func fill(
        upTo size: Int, _ source: (UnsafeMutableRawBufferPointer) -> Int?
    ) -> Bool {
        removeAll()
        reserve(size)
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: storage[..<size])
        guard let filled = unsafe source(room), filled >= 0, filled <= size else { return false }
        count = filled
        return true
    }

    /// Replaces a byte that is already there; one that is not is left alone.
    package mutating func replace(at offset: Int, with byte: UInt8) {
        guard offset >= 0, offset < count else { return }
        unsafe storage[offset] = byte
    }

    /// Drops what is behind the first `newCount` bytes.
    package mutating func truncate(to newCount: Int) {
        count = min(max(newCount, 0), count)
    }

    package mutating func removeAll() {
        count = 0
    }

    /// Makes room for `extra` more bytes; at least doubles, so that appending stays linear.
    package mutating func reserve(_ extra: Int) {
        let needed = count + extra
        guard unsafe needed > storage.count else { return }
        let larger = unsafe UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(needed, 2 * storage.count, 256), alignment: 16)
        unsafe larger.copyMemory(from: address)
        unsafe storage.deallocate()
        unsafe storage = larger
    }
}
