// SPDX-License-Identifier: Apache-2.0

/// How a name and a value are put on the wire. FastCGI 1.0 §3.4.
package enum NameValuePair {
    /// Lengths up to 127 take one byte, longer ones four.
    @inline(__always)
    package static func lengthSize(_ length: Int) -> Int {
        length <= 127 ? 1 : 4
    }

    @inline(__always)
    package static func encodedSize(nameLength: Int, valueLength: Int) -> Int {
        lengthSize(nameLength) &+ lengthSize(valueLength) &+ nameLength &+ valueLength
    }

    package static func encodeLength(_ length: Int, into buffer: inout ByteBuffer) {
        let size = lengthSize(length)
        unsafe writeLength(length, to: buffer.room(for: size))
        buffer.add(written: size)
    }

    /// Appends a pair that takes `size` bytes, unless it holds NUL: then nothing is appended.
    ///
    /// One pass over memory that is made at once: params are many and short, and calls to find NUL
    /// and to copy would cost more than their bytes do.
    ///
    /// - Returns: whether the pair was appended.
    @inline(__always)
    static func encode(
        name: RawSpan, value: RawSpan, size: Int, into buffer: inout ByteBuffer
    ) -> Bool {
        var to = unsafe buffer.room(for: size)
        unsafe to += writeLength(name.byteCount, to: to)
        unsafe to += writeLength(value.byteCount, to: to)
        let zeros = unsafe name.copyText(to: to) | value.copyText(to: to + name.byteCount)
        guard zeros & UInt64(repeating: 0x80) == 0 else { return false }
        buffer.add(written: size)
        return true
    }

    @inline(__always) @discardableResult
    private static func writeLength(_ length: Int, to: UnsafeMutableRawPointer) -> Int {
        guard length > 127 else {
            unsafe to.storeBytes(of: UInt8(truncatingIfNeeded: length), as: UInt8.self)
            return 1
        }
        let marked = UInt32(truncatingIfNeeded: length) | 0x8000_0000
        unsafe to.storeBytes(of: marked.bigEndian, as: UInt32.self)
        return 4
    }
}

extension RawSpan {
    /// Copies text, and answers a number that has one of its bytes' upper bits set where a byte of
    /// the text is NUL.
    ///
    /// Every byte is covered by steps of one size; the last step may overlap the one before.
    @inline(__always)
    fileprivate func copyText(to: UnsafeMutableRawPointer) -> UInt64 {
        let size = byteCount
        var zeros: UInt64 = 0
        if size >= 8 {
            var offset = 0
            while offset < size &- 8 {
                zeros |= unsafe copyWord(at: offset, to: to)
                offset &+= 8
            }
            zeros |= unsafe copyWord(at: size &- 8, to: to)
        } else if size >= 4 {
            let first: UInt32 = load(at: 0)
            let last: UInt32 = load(at: size &- 4)
            unsafe to.storeBytes(of: first, as: UInt32.self)
            unsafe to.storeBytes(of: last, toByteOffset: size &- 4, as: UInt32.self)
            zeros = (UInt64(first) << 32 | UInt64(last)).unmaskedZeroBytes
        } else {
            for offset in 0..<size {
                let byte = self[offset]
                unsafe to.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
                if byte == 0 { zeros = .max }
            }
        }
        return zeros
    }

    @inline(__always)
    private func copyWord(at offset: Int, to: UnsafeMutableRawPointer) -> UInt64 {
        let word = word(at: offset)
        unsafe to.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
        return word.unmaskedZeroBytes
    }
}
