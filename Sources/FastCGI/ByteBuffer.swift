// SPDX-License-Identifier: Apache-2.0

/// A run of bytes in memory of its own that grows up to what its user allows.
///
/// Owned by one exchange or request, used by one thread at a time. Clearing keeps the memory, so
/// that a buffer that is used again allocates nothing.
@safe
package struct ByteBuffer: ~Copyable {
    private var storage: UnsafeMutableRawPointer
    package private(set) var capacity = 16
    package private(set) var count = 0
    /// What it has room for once there is more than a few bytes.
    private let expected: Int

    package init(capacity: Int = 0) {
        expected = max(capacity, 256)
        unsafe storage = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        unsafe storage.deallocate()
    }

    package var isEmpty: Bool { count == 0 }

    /// The bytes, for as long as the buffer is not changed.
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let filled = unsafe RawSpan(_unsafeStart: storage, byteCount: count)
            return unsafe _overrideLifetime(filled, borrowing: self)
        }
    }

    /// The address of the bytes, for system calls and for C; valid until the buffer changes.
    package var address: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: storage, count: count)
    }

    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe storage.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    /// Appends a number in network byte order.
    @inline(__always)
    package mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(
        bigEndian number: Number
    ) {
        reserve(MemoryLayout<Number>.size)
        unsafe storage.storeBytes(of: number.bigEndian, toByteOffset: count, as: Number.self)
        count += MemoryLayout<Number>.size
    }

    package mutating func append(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { source in
            unsafe append(copying: source)
        }
    }

    package mutating func append(copying source: UnsafeRawBufferPointer) {
        guard let from = source.baseAddress, source.count > 0 else { return }
        reserve(source.count)
        unsafe (storage + count).copyMemory(from: from, byteCount: source.count)
        count += source.count
    }

    /// Copies a part of another buffer.
    package mutating func append(_ range: Range<Int>, of other: borrowing ByteBuffer) {
        append(other.bytes.extracting(range))
    }

    package mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes in
            unsafe append(copying: UnsafeRawBufferPointer(bytes))
        }
    }

    /// Writes a number in decimal digits.
    package mutating func append(decimal number: UInt64) {
        var digits: [20 of UInt8] = .init(repeating: 0)
        var first = digits.count
        var rest = number
        repeat {
            first -= 1
            digits[first] = ASCII.zero + UInt8(rest % 10)
            rest /= 10
        } while rest > 0
        for index in first..<digits.count { append(digits[index]) }
    }

    package mutating func append(zeros: Int) {
        guard zeros > 0 else { return }
        reserve(zeros)
        unsafe (storage + count).initializeMemory(as: UInt8.self, repeating: 0, count: zeros)
        count += zeros
    }

    /// A byte that is there; 0 where none is.
    package func byte(at offset: Int) -> UInt8 {
        offset >= 0 && offset < count
            ? unsafe storage.load(fromByteOffset: offset, as: UInt8.self) : 0
    }

    /// Replaces the bytes by what `source` puts into a memory of so many bytes.
    ///
    /// - Returns: false, with the buffer empty, when the source answers nil.
    package mutating func fill(
        upTo size: Int, _ source: (UnsafeMutableRawBufferPointer) -> Int?
    ) -> Bool {
        removeAll()
        reserve(size)
        let room = unsafe UnsafeMutableRawBufferPointer(start: storage, count: size)
        guard let filled = unsafe source(room), filled >= 0, filled <= size else { return false }
        count = filled
        return true
    }

    /// Replaces a byte that is already there; one that is not is left alone.
    package mutating func replace(at offset: Int, with byte: UInt8) {
        guard offset >= 0, offset < count else { return }
        unsafe storage.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
    }

    /// Drops what is behind the first `newCount` bytes.
    package mutating func truncate(to newCount: Int) {
        count = min(max(newCount, 0), count)
    }

    package mutating func removeAll() {
        count = 0
    }

    /// Where to write `size` more bytes, which count once they are added.
    @inline(__always)
    mutating func room(for size: Int) -> UnsafeMutableRawPointer {
        reserve(size)
        return unsafe storage + count
    }

    /// Adds bytes that were written to the room made for them.
    @inline(__always)
    mutating func add(written size: Int) {
        count = min(count &+ size, capacity)
    }

    /// Makes room for `extra` more bytes; at least doubles, so that appending stays linear.
    @inline(__always)
    package mutating func reserve(_ extra: Int) {
        if extra > capacity &- count { grow(extra) }
    }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        let larger = max(count + extra, 2 * capacity, expected)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 16)
        unsafe memory.copyMemory(from: storage, byteCount: count)
        unsafe storage.deallocate()
        unsafe storage = memory
        capacity = larger
    }
}
