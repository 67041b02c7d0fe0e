// SPDX-License-Identifier: Apache-2.0

internal import CGateway
internal import FastCGI
internal import GatewayCore
internal import Transport

/// What stands behind a `gateway_exchange`: its steps as C sees them.
extension Dispatch {
    /// Fills in the next step; false for `again`.
    mutating func nextEvent(_ event: inout gateway_event) -> Bool {
        event = gateway_event()
        switch next() {
        case .again: return false
        case .interim:
            event.type = .GATEWAY_EVENT_INTERIM
            fillHead(&event)
        case .head(let isLocalRedirect):
            event.type = .GATEWAY_EVENT_HEAD
            event.flags = isLocalRedirect ? GATEWAY_EVENT_LOCAL_REDIRECT : 0
            fillHead(&event)
        case .body(let bytes):
            event.type = .GATEWAY_EVENT_BODY
            event.data = gateway_bytes(bytes)
        case .stderr(let bytes):
            event.type = .GATEWAY_EVENT_STDERR
            event.data = gateway_bytes(bytes)
        case .wantsBody: event.type = .GATEWAY_EVENT_WANTS_BODY
        case .end: event.type = .GATEWAY_EVENT_END
        }
        if hasMore { event.flags |= GATEWAY_EVENT_MORE }
        return true
    }

    private mutating func fillHead(_ event: inout gateway_event) {
        event.http_status = UInt32(reader.head.status)
        if reader.head.isStatusGiven { event.flags |= GATEWAY_EVENT_STATUS_GIVEN }
        if reader.head.wrongLength != nil { event.flags |= GATEWAY_EVENT_LENGTH_CORRECTED }
        if reader.head.isLengthDropped { event.flags |= GATEWAY_EVENT_LENGTH_DROPPED }
        event.reason = gateway_bytes(BorrowedBytes(reader.head.address).part(reader.head.reason))
        fillFields()
        event.fields =
            fieldMemory.address.assumingMemoryBound(to: gateway_field.self).baseAddress
        event.field_count = reader.head.fields.count
    }

    /// The pointers are into the head, which stays where it is until the next exchange.
    private mutating func fillFields() {
        let count = reader.head.fields.count
        let head = BorrowedBytes(reader.head.address)
        _ = fieldMemory.fill(upTo: count * MemoryLayout<gateway_field>.stride) { room in
            let seen = room.assumingMemoryBound(to: gateway_field.self)
            for index in 0..<count {
                let field = reader.head.fields[index]
                seen[index] = gateway_field(
                    name: gateway_bytes(head.part(field.name)),
                    value: gateway_bytes(head.part(field.value)))
            }
            return room.count
        }
    }
}

extension gateway_bytes {
    init(_ bytes: BorrowedBytes) {
        let buffer = bytes.buffer
        self = gateway_bytes(bytes: buffer.baseAddress, length: buffer.count)
    }
}
