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

    /// Reads a length and moves `position` behind it; nil when it is not there whole.
    static func decodeLength(_ bytes: RawSpan, at position: inout Int) -> Int? {
        guard position < bytes.byteCount else { return nil }
        guard bytes[position] > 127 else {
            position += 1
            return Int(bytes[position - 1])
        }
        guard position + 4 <= bytes.byteCount else { return nil }
        let marked: UInt32 = bytes.load(at: position)
        position += 4
        return Int(marked.bigEndian & 0x7FFF_FFFF)
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
        var zeros = ZeroBytes()
        unsafe name.copyText(to: to, zeros: &zeros)
        unsafe value.copyText(to: to + name.byteCount, zeros: &zeros)
        guard zeros.areNone else { return false }
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

/// Where in steps of sixteen bytes a zero was seen.
private struct ZeroBytes {
    private var mask = SIMDMask<SIMD16<Int8>>(repeating: false)

    var areNone: Bool {
        @inline(__always)
        get {
            let words = unsafe unsafeBitCast(mask, to: SIMD2<UInt64>.self)
            return words[0] | words[1] == 0
        }
    }

    @inline(__always)
    mutating func look(at bytes: SIMD16<UInt8>) {
        mask = mask .| (bytes .== SIMD16(repeating: 0))
    }
}

extension RawSpan {
    /// Copies text, and notes the zeros in it.
    ///
    /// Every byte is covered by steps of one size; the last step may overlap the one before.
    @inline(__always)
    fileprivate func copyText(to: UnsafeMutableRawPointer, zeros: inout ZeroBytes) {
        let size = byteCount
        if size >= 16 {
            unsafe zeros.look(at: copy(at: 0, to: to))
            var offset = 16
            while offset < size &- 16 {
                unsafe zeros.look(at: copy(at: offset, to: to))
                offset &+= 16
            }
            unsafe zeros.look(at: copy(at: size &- 16, to: to))
        } else if size >= 8 {
            let first: UInt64 = unsafe copy(at: 0, to: to)
            let last: UInt64 = unsafe copy(at: size &- 8, to: to)
            unsafe zeros.look(at: unsafeBitCast(SIMD2(first, last), to: SIMD16<UInt8>.self))
        } else if size >= 4 {
            let first: UInt32 = unsafe copy(at: 0, to: to)
            let last: UInt32 = unsafe copy(at: size &- 4, to: to)
            let both = SIMD4(first, last, first, last)
            unsafe zeros.look(at: unsafeBitCast(both, to: SIMD16<UInt8>.self))
        } else {
            for offset in 0..<size {
                let byte: UInt8 = unsafe copy(at: offset, to: to)
                if byte == 0 { zeros.look(at: SIMD16(repeating: 0)) }
            }
        }
    }

    /// Copies as many bytes as the answer has, which the caller has checked to be there.
    @inline(__always)
    private func copy<Word: BitwiseCopyable>(
        at offset: Int, to: UnsafeMutableRawPointer
    ) -> Word {
        let word = unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Word.self)
        unsafe to.storeBytes(of: word, toByteOffset: offset, as: Word.self)
        return word
    }
}
