// SPDX-License-Identifier: Apache-2.0

/// The eight bytes before each record's content. FastCGI 1.0 §3.3.
package struct RecordHeader: Equatable, Sendable {
    package static let size = 8
    package static let version: UInt8 = 1

    /// The most content that the gateway puts into a record: a multiple of 8, so that content and
    /// padding stay within 65,535 bytes, beyond which php-fpm refuses a record.
    package static let maxContent = 65_528

    /// The type as it was received; types that nobody has defined are kept too.
    package var type: UInt8
    package var requestID: UInt16
    package var contentLength: UInt16
    package var paddingLength: UInt8

    /// A record to be sent, padded to a multiple of 8 bytes as §3.3 recommends. Content is at most
    /// `maxContent` bytes; more is cut, which callers rule out.
    package init(_ type: RecordType, requestID: UInt16, contentLength: Int) {
        self.type = type.rawValue
        self.requestID = requestID
        self.contentLength = UInt16(clamping: min(contentLength, Self.maxContent))
        paddingLength = UInt8(truncatingIfNeeded: -Int(self.contentLength) & 7)
    }

    /// Decodes eight bytes, read as a number in network byte order; nil when the version is not 1.
    package init?(decoding word: UInt64) {
        guard word >> 56 == UInt64(Self.version) else { return nil }
        type = UInt8(truncatingIfNeeded: word >> 48)
        requestID = UInt16(truncatingIfNeeded: word >> 32)
        contentLength = UInt16(truncatingIfNeeded: word >> 16)
        paddingLength = UInt8(truncatingIfNeeded: word >> 8)
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.append(
            bigEndian: UInt64(Self.version) << 56 | UInt64(type) << 48 | UInt64(requestID) << 32
                | UInt64(contentLength) << 16 | UInt64(paddingLength) << 8)
    }
}
