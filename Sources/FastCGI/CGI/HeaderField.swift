// SPDX-License-Identifier: Apache-2.0

/// Where a header field's name and value stand in the bytes of its response head.
package struct HeaderField: Equatable, Sendable {
    package var name: Range<Int>
    package var value: Range<Int>

    /// Why a line is not a header field. RFC 3875 §6.3, RFC 9110 §5.
    package enum Fault: Error {
        case noColon
        case badName
        case controlCharacter
    }

    /// Reads a line without its end: a token, a colon, and a value whose surrounding white space
    /// does not count. A line that was seen to hold no control character is not searched for one.
    package init(line: Range<Int>, of bytes: RawSpan, mayHoldControl: Bool) throws(Fault) {
        let colon = Self.endOfToken(line, of: bytes)
        guard colon < line.upperBound, bytes[colon] == ASCII.colon, colon > line.lowerBound else {
            throw bytes.firstOffset(of: ASCII.colon, in: line) == nil ? .noColon : .badName
        }
        name = line.lowerBound..<colon
        value = Self.trim(colon + 1..<line.upperBound, of: bytes)
        guard !mayHoldControl || !bytes.holdsControl(in: value) else { throw .controlCharacter }
    }

    /// A value without the white space around it; nil when it holds a control character.
    package static func trimmedValue(of value: RawSpan) -> Range<Int>? {
        let trimmed = trim(0..<value.byteCount, of: value)
        return value.holdsControl(in: trimmed) ? nil : trimmed
    }

    @inline(__always)
    static func trim(_ value: Range<Int>, of bytes: RawSpan) -> Range<Int> {
        var start = value.lowerBound
        var end = value.upperBound
        while start < end, isWhiteSpace(bytes[start]) { start += 1 }
        while end > start, isWhiteSpace(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    /// Fields that speak of one connection only (RFC 9110 §7.6.1): those of the application's are
    /// never the client's.
    package func isHopByHop(in bytes: RawSpan) -> Bool {
        switch name.count {
        case 2: bytes.equalsIgnoringCase("te", in: name)
        case 7:
            bytes.equalsIgnoringCase("trailer", in: name)
                || bytes.equalsIgnoringCase("upgrade", in: name)
        case 10:
            bytes.equalsIgnoringCase("connection", in: name)
                || bytes.equalsIgnoringCase("keep-alive", in: name)
        case 16: bytes.equalsIgnoringCase("proxy-connection", in: name)
        case 17: bytes.equalsIgnoringCase("transfer-encoding", in: name)
        default: false
        }
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.tab
    }

    /// Where the first byte stands that no token holds.
    private static func endOfToken(_ range: Range<Int>, of bytes: RawSpan) -> Int {
        var offset = range.lowerBound
        while offset < range.upperBound {
            // What is behind the line is looked at too, which saves single steps.
            if offset &+ 8 <= bytes.byteCount {
                let letters = bytes.word(at: offset).littleEndian.lettersAndHyphensFirst
                offset = min(offset &+ letters, range.upperBound)
                if letters == 8 || offset == range.upperBound { continue }
            }
            guard isTokenCharacter(bytes[offset]) else { break }
            offset &+= 1
        }
        return offset
    }

    /// RFC 9110 §5.6.2: letters, digits and !#$%&'*+-.^_`|~, as two words of bits.
    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        let bits: UInt64 =
            byte < 64 ? 0x03FF_6CFA_0000_0000 : byte < 128 ? 0x57FF_FFFF_C7FF_FFFE : 0
        return bits >> UInt64(byte & 63) & 1 != 0
    }
}

extension UInt64 {
    /// How many of eight bytes, from the lowest, are letters or hyphens, as nearly all are in the
    /// names of fields.
    fileprivate var lettersAndHyphensFirst: Int {
        let upper = UInt64(repeating: 0x80)
        // With the upper bits out of the way, adding tells which bytes reach a bound.
        let lower = (self & ~upper) | UInt64(repeating: 0x20)
        let reachA = lower &+ UInt64(repeating: 0x80 - 0x61)
        let passZ = lower &+ UInt64(repeating: 0x80 - 0x7B)
        let other = ((self & ~upper) ^ UInt64(repeating: 0x2D)) &+ UInt64(repeating: 0x7F)
        let accepted = (reachA & ~passZ | ~other) & ~self & upper
        return (~accepted & upper).trailingZeroBitCount >> 3
    }
}
