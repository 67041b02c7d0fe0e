// SPDX-License-Identifier: Apache-2.0

/// Bytes that the protocols give a meaning to.
package enum ASCII {
    package static let tab: UInt8 = 0x09
    package static let lineFeed: UInt8 = 0x0A
    package static let carriageReturn: UInt8 = 0x0D
    package static let space: UInt8 = 0x20
    package static let comma: UInt8 = 0x2C
    package static let slash: UInt8 = 0x2F
    package static let zero: UInt8 = 0x30
    package static let nine: UInt8 = 0x39
    package static let colon: UInt8 = 0x3A
    package static let delete: UInt8 = 0x7F
}

extension Array where Element == UInt8 {
    /// A copy of the bytes.
    package init(_ bytes: RawSpan) {
        self = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
    }
}

extension RawSpan {
    /// The byte at an offset within the span, which the caller has checked.
    @inlinable @inline(__always)
    package subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < byteCount)
        return unsafe unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
    }

    /// A number from an offset within the span, which the caller has checked.
    @inlinable @inline(__always)
    package func load<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number {
        precondition(offset >= 0 && offset &+ MemoryLayout<Number>.size <= byteCount)
        return unsafe unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: Number.self)
    }

    /// The eight bytes from an offset within the span, which the caller has checked.
    @inlinable @inline(__always)
    package func word(at offset: Int) -> UInt64 { load(at: offset) }

    /// The first place of a byte in a range; eight bytes are looked at in one step.
    package func firstOffset(of byte: UInt8, in range: Range<Int>) -> Int? {
        let end = Swift.min(range.upperBound, byteCount)
        var offset = Swift.max(range.lowerBound, 0)
        let pattern = UInt64(repeating: byte)
        while offset &+ 8 <= end {
            let found = (word(at: offset).littleEndian ^ pattern).zeroBytes
            if found != 0 {
                return offset &+ found.trailingZeroBitCount >> 3
            }
            offset &+= 8
        }
        while offset < end {
            if self[offset] == byte { return offset }
            offset &+= 1
        }
        return nil
    }

    /// The first control character in a range; the tab is none here.
    @inline(__always)
    func firstControl(in range: Range<Int>) -> Int? {
        var offset = range.lowerBound
        while offset &+ 8 <= range.upperBound {
            let found = word(at: offset).littleEndian.controlBytes
            guard found != 0 else {
                offset &+= 8
                continue
            }
            offset &+= found.trailingZeroBitCount >> 3
            if self[offset] != ASCII.tab { return offset }
            offset &+= 1
        }
        while offset < range.upperBound {
            let byte = self[offset]
            if byte < ASCII.space && byte != ASCII.tab || byte == ASCII.delete { return offset }
            offset &+= 1
        }
        return nil
    }

    func holdsControl(in range: Range<Int>) -> Bool { firstControl(in: range) != nil }

    /// Whether all the bytes are those of a literal, which has an address.
    @inlinable @inline(__always)
    package func equals(_ text: StaticString) -> Bool {
        guard byteCount == text.utf8CodeUnitCount, text.hasPointerRepresentation else {
            return false
        }
        let expected = unsafe RawSpan(_unsafeStart: text.utf8Start, byteCount: byteCount)
        guard byteCount >= 8 else {
            for offset in 0..<byteCount where self[offset] != expected[offset] { return false }
            return true
        }
        var offset = 0
        while offset &+ 8 < byteCount {
            if word(at: offset) != expected.word(at: offset) { return false }
            offset &+= 8
        }
        // These overlap the ones before.
        return word(at: byteCount &- 8) == expected.word(at: byteCount &- 8)
    }

    /// Whether the bytes of a range are those of `name` without regard to case, as field names are.
    @inline(__always)
    package func equalsIgnoringCase(_ name: StaticString, in range: Range<Int>) -> Bool {
        range.count == name.utf8CodeUnitCount && holdsIgnoringCase(name, at: range.lowerBound)
    }

    /// Whether the bytes of two ranges are the same name of a field.
    package func equalsIgnoringCase(_ name: Range<Int>, in range: Range<Int>) -> Bool {
        guard name.count == range.count else { return false }
        for index in 0..<name.count {
            let byte = lowercased(at: name.lowerBound &+ index)
            if byte != lowercased(at: range.lowerBound &+ index) { return false }
        }
        return true
    }

    private func lowercased(at offset: Int) -> UInt8 {
        let byte = self[offset]
        return byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }

    private func holdsIgnoringCase(_ name: StaticString, at offset: Int) -> Bool {
        guard offset &+ name.utf8CodeUnitCount <= byteCount else { return false }
        return name.withUTF8Buffer { expected in
            var difference: UInt8 = 0
            for index in 0..<expected.count {
                let letter = unsafe expected[index]
                // A letter's case is one bit.
                let mask: UInt8 = letter >= 0x61 ? 0xDF : 0xFF
                difference |= (self[offset &+ index] ^ letter) & mask
            }
            return difference == 0
        }
    }
}

/// Eight bytes that are looked at in one step.
extension UInt64 {
    package init(repeating byte: UInt8) {
        self = 0x0101_0101_0101_0101 &* UInt64(byte)
    }

    /// The upper bit of each byte that is zero. Above the lowest of these bits others may be set
    /// that should not: only whether there is one, and the lowest one, are right.
    @inline(__always)
    package var zeroBytes: UInt64 {
        (self &- UInt64(repeating: 0x01)) & ~self & UInt64(repeating: 0x80)
    }

    /// The upper bit of each byte that is below space or DEL. Above the lowest of these bits others
    /// may be set that should not.
    fileprivate var controlBytes: UInt64 {
        let belowSpace = self &- UInt64(repeating: ASCII.space)
        let isDelete = (self ^ UInt64(repeating: ASCII.delete)) &- UInt64(repeating: 1)
        return (belowSpace | isDelete) & ~self & UInt64(repeating: 0x80)
    }
}
