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

    /// Decodes eight bytes; nil when the version is not 1.
    package init?(decoding bytes: [8 of UInt8]) {
        guard bytes[0] == Self.version else { return nil }
        type = bytes[1]
        requestID = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        contentLength = UInt16(bytes[4]) << 8 | UInt16(bytes[5])
        paddingLength = bytes[6]
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.reserve(Self.size)
        buffer.append(Self.version)
        buffer.append(type)
        buffer.append(UInt8(truncatingIfNeeded: requestID >> 8))
        buffer.append(UInt8(truncatingIfNeeded: requestID))
        buffer.append(UInt8(truncatingIfNeeded: contentLength >> 8))
        buffer.append(UInt8(truncatingIfNeeded: contentLength))
        buffer.append(paddingLength)
        buffer.append(0)
    }
}
