// SPDX-License-Identifier: Apache-2.0

/// What an application says of itself in answer to GET_VALUES. FastCGI 1.0 §4.1.
package struct ApplicationValues: Equatable, Sendable {
    /// FCGI_MAX_CONNS: connections that it takes at once.
    package var maxConnections: UInt32?
    /// FCGI_MAX_REQS: requests that it runs at once.
    package var maxRequests: UInt32?
    /// FCGI_MPXS_CONNS: whether it takes several requests on one connection.
    package var multiplexes: Bool?

    package init() {}

    private static let maxConnectionsName: StaticString = "FCGI_MAX_CONNS"
    private static let maxRequestsName: StaticString = "FCGI_MAX_REQS"
    private static let multiplexesName: StaticString = "FCGI_MPXS_CONNS"

    /// Writes the record that asks for them.
    package static func encodeQuestion(into buffer: inout ByteBuffer) {
        var content = ByteBuffer(capacity: 64)
        for name in [maxConnectionsName, maxRequestsName, multiplexesName] {
            NameValuePair.encodeLength(name.utf8CodeUnitCount, into: &content)
            NameValuePair.encodeLength(0, into: &content)
            content.append(name)
        }
        let header = RecordHeader(.getValues, requestID: 0, contentLength: content.count)
        header.encode(into: &buffer)
        buffer.append(content.bytes)
        buffer.append(zeros: Int(header.paddingLength))
    }

    /// Reads the content of GET_VALUES_RESULT; what cannot be read is as if it were not there.
    package init(decoding content: RawSpan) {
        var position = 0
        while let nameLength = NameValuePair.decodeLength(content, at: &position),
            let valueLength = NameValuePair.decodeLength(content, at: &position),
            nameLength <= content.byteCount - position,
            valueLength <= content.byteCount - position - nameLength
        {
            let value = position + nameLength
            note(
                content.extracting(position..<value),
                content.extracting(value..<value + valueLength))
            position = value + valueLength
        }
    }

    private mutating func note(_ name: RawSpan, _ value: RawSpan) {
        guard let number = Self.number(value) else { return }
        if name.equals(Self.maxConnectionsName) { maxConnections = number }
        if name.equals(Self.maxRequestsName) { maxRequests = number }
        if name.equals(Self.multiplexesName) { multiplexes = number != 0 }
    }

    private static func number(_ digits: RawSpan) -> UInt32? {
        guard (1...9).contains(digits.byteCount) else { return nil }
        var number: UInt32 = 0
        for offset in 0..<digits.byteCount {
            let byte = digits[offset]
            guard byte >= ASCII.zero, byte <= ASCII.nine else { return nil }
            number = number * 10 + UInt32(byte - ASCII.zero)
        }
        return number
    }
}
