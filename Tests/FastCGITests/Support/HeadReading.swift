// SPDX-License-Identifier: Apache-2.0
import FastCGI

/// What became of a head that arrives in pieces.
struct HeadReading: Equatable {
    var fault: String?
    var isComplete = false
    var used = 0
    /// Bytes that the head keeps.
    var size = 0
    var status: UInt16 = 0
    var kind = ResponseHead.Kind.document
    var contentLength: UInt64?
    var fields: [String] = []

    init(_ pieces: [[UInt8]], maxSize: Int = 65_536, maxFields: Int = 200) {
        var head = ResponseHead(maxSize: maxSize, maxFields: maxFields)
        for piece in pieces {
            // Bytes around the piece do not count.
            let input = Array("\n".utf8) + piece + Array("\n\n".utf8)
            do {
                used += try head.read(input.span.bytes, in: 1..<1 + piece.count)
            } catch .badField(let fault) {
                self.fault = "\(fault)"
                return
            } catch {
                fault = "\(error)"
                return
            }
        }
        isComplete = head.isComplete
        size = head.bytes.byteCount
        status = head.status
        kind = head.kind
        contentLength = head.contentLength
        let bytes = head.bytes.array
        fields = head.fields.map { field in
            String(decoding: bytes[field.name], as: UTF8.self) + "="
                + String(decoding: bytes[field.value], as: UTF8.self)
        }
    }
}
