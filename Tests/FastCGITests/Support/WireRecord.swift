// SPDX-License-Identifier: Apache-2.0

/// A record as it stands on the wire, decoded and encoded without the code under test.
struct WireRecord: Equatable, CustomStringConvertible {
    var type: UInt8
    var requestID: UInt16 = 1
    var content: [UInt8] = []
    var padding = 0

    static func begin(_ role: UInt8 = 1, flags: UInt8 = 0, requestID: UInt16 = 1) -> WireRecord {
        WireRecord(type: 1, requestID: requestID, content: [0, role, flags, 0, 0, 0, 0, 0])
    }

    static func stdout(_ text: String, padding: Int = 0) -> WireRecord {
        WireRecord(type: 6, content: Array(text.utf8), padding: padding)
    }

    static func stderr(_ text: String) -> WireRecord {
        WireRecord(type: 7, content: Array(text.utf8))
    }

    static func end(
        _ protocolStatus: UInt8 = 0, application: UInt32 = 0, padding: Int = 0
    ) -> WireRecord {
        let status = (0..<4).map { UInt8(truncatingIfNeeded: application >> (24 - 8 * $0)) }
        return WireRecord(type: 3, content: status + [protocolStatus, 0, 0, 0], padding: padding)
    }

    func with(id: UInt16) -> WireRecord {
        var copy = self
        copy.requestID = id
        return copy
    }

    /// The bytes; padding is not zero, so that reading it as content would show.
    var bytes: [UInt8] {
        [
            1, type, UInt8(requestID >> 8), UInt8(requestID & 255),
            UInt8(content.count >> 8), UInt8(content.count & 255), UInt8(padding), 0,
        ] + content + Array(repeating: 0xEE, count: padding)
    }

    var description: String {
        "record of type \(type), id \(requestID), \(content.count)+\(padding) bytes"
    }

    /// All records of a run of bytes; nil where it is not made of whole records of version 1.
    static func decode(_ bytes: [UInt8]) -> [WireRecord]? {
        var records: [WireRecord] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let header = Array(rest.prefix(8))
            guard header.count == 8, header[0] == 1, header[7] == 0 else { return nil }
            let length = Int(header[4]) * 256 + Int(header[5])
            let padding = Int(header[6])
            rest = rest.dropFirst(8)
            guard rest.count >= length + padding else { return nil }
            records.append(
                WireRecord(
                    type: header[1], requestID: UInt16(header[2]) * 256 + UInt16(header[3]),
                    content: Array(rest.prefix(length)), padding: padding))
            rest = rest.dropFirst(length + padding)
        }
        return records
    }
}
