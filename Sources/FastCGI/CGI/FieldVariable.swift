// SPDX-License-Identifier: Apache-2.0

/// What becomes of a request's header field as a meta-variable. RFC 3875 §4.1.18.
package enum FieldVariable: Equatable, Sendable {
    /// HTTP_ and the name in capitals, with `_` for `-`.
    case http
    case contentType
    case contentLength
    case authorization
    case cookie
    /// Not for the application.
    case none

    /// Names of anything but letters, digits and `-` are dropped: `X_A` and `X.A` would become the
    /// variable of `X-A`, and a client could set it behind the server's back. `Proxy` would become
    /// HTTP_PROXY, which programs take for their own setting. Hop-by-hop fields (RFC 9110 §7.6.1)
    /// and the framing of the body end at the server.
    package init(name: RawSpan) {
        let whole = 0..<name.byteCount
        for offset in whole where !Self.isPlain(name[offset]) {
            self = .none
            return
        }
        func isName(_ text: StaticString) -> Bool { name.equalsIgnoringCase(text, in: whole) }
        switch name.byteCount {
        case 0: self = .none
        case 2: self = isName("te") ? .none : .http
        case 5: self = isName("proxy") ? .none : .http
        case 6: self = isName("cookie") ? .cookie : .http
        case 7: self = isName("trailer") || isName("upgrade") ? .none : .http
        case 10: self = isName("connection") || isName("keep-alive") ? .none : .http
        case 12: self = isName("content-type") ? .contentType : .http
        case 13: self = isName("authorization") ? .authorization : .http
        case 14: self = isName("content-length") ? .contentLength : .http
        case 16: self = isName("proxy-connection") ? .none : .http
        case 17: self = isName("transfer-encoding") ? .none : .http
        case 19: self = isName("proxy-authorization") ? .none : .http
        default: self = .http
        }
    }

    /// What stands between the values of a field that comes more than once. RFC 9110 §5.3,
    /// RFC 9113 §8.2.3.
    package var separator: StaticString { self == .cookie ? "; " : ", " }

    /// Puts the variable's name for a field into a buffer.
    package static func appendName(of field: RawSpan, to buffer: inout ByteBuffer) {
        buffer.append("HTTP_")
        for offset in 0..<field.byteCount {
            let byte = field[offset]
            let isSmall = byte >= 0x61 && byte <= 0x7A
            buffer.append(byte == 0x2D ? 0x5F : isSmall ? byte & 0xDF : byte)
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D: true
        default: false
        }
    }
}
