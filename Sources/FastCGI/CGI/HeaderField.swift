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
    /// does not count.
    package init(line: Range<Int>, of bytes: RawSpan) throws(Fault) {
        guard let colon = bytes.firstOffset(of: ASCII.colon, in: line) else { throw .noColon }
        name = line.lowerBound..<colon
        guard !name.isEmpty else { throw .badName }
        for offset in name where !Self.isTokenCharacter(bytes[offset]) {
            throw .badName
        }
        var start = colon + 1
        var end = line.upperBound
        while start < end, Self.isWhiteSpace(bytes[start]) { start += 1 }
        while end > start, Self.isWhiteSpace(bytes[end - 1]) { end -= 1 }
        value = start..<end
        for offset in value where Self.isControl(bytes[offset]) {
            throw .controlCharacter
        }
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

    private static func isControl(_ byte: UInt8) -> Bool {
        (byte < ASCII.space && byte != ASCII.tab) || byte == ASCII.delete
    }

    /// RFC 9110 §5.6.2: letters, digits and !#$%&'*+-.^_`|~, as two words of bits.
    private static func isTokenCharacter(_ byte: UInt8) -> Bool {
        let bits: UInt64 =
            byte < 64 ? 0x03FF_6CFA_0000_0000 : byte < 128 ? 0x57FF_FFFF_C7FF_FFFE : 0
        return bits >> UInt64(byte & 63) & 1 != 0
    }
}
