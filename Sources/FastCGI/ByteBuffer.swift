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

    /// Appends a number in network byte order.
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

    /// Appends bytes that hold no NUL; where one does, nothing is appended.
    ///
    /// One pass, eight bytes a step: params are many and short, and a call for each of them to find
    /// NUL and a call to copy cost more than the bytes do.
    ///
    /// - Returns: whether the bytes were appended.
    package mutating func appendText(_ text: RawSpan) -> Bool {
        let size = text.byteCount
        guard size > 0 else { return true }
        reserve(size)
        guard let base = unsafe storage.baseAddress else { return false }
        let to = unsafe base + count
        var offset = 0
        while offset &+ 8 <= size {
            let word = text.word(at: offset)
            guard !word.holdsZeroByte else { return false }
            unsafe to.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        if size >= 8 {
            // The last eight bytes: some of them are written again.
            let word = text.word(at: size &- 8)
            guard !word.holdsZeroByte else { return false }
            unsafe to.storeBytes(of: word, toByteOffset: size &- 8, as: UInt64.self)
        } else {
            while offset < size {
                let byte = text[offset]
                guard byte != 0 else { return false }
                unsafe to.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
                offset &+= 1
            }
        }
        count &+= size
        return true
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
        guard unsafe extra > storage.count &- count else { return }
        grow(extra)
    }

    @inline(never)
    private mutating func grow(_ extra: Int) {
        let needed = count + extra
        let larger = unsafe UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(needed, 2 * storage.count, 256), alignment: 16)
        unsafe larger.copyMemory(from: address)
        unsafe storage.deallocate()
        unsafe storage = larger
    }
}
