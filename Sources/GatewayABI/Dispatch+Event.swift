// SPDX-License-Identifier: Apache-2.0

internal import CGateway
internal import FastCGI
internal import GatewayCore
internal import Transport

/// What stands behind a `gateway_exchange`: its steps as C sees them.
extension Dispatch {
    /// The next step; nil for `again`.
    mutating func nextEvent() -> gateway_event? {
        var event = gateway_event()
        switch next() {
        case .again: return nil
        case .head(let isLocalRedirect):
            event.type = .GATEWAY_EVENT_HEAD
            event.flags = isLocalRedirect ? GATEWAY_EVENT_LOCAL_REDIRECT : 0
            event.http_status = UInt32(reader.head.status)
            if reader.head.isStatusGiven { event.flags |= GATEWAY_EVENT_STATUS_GIVEN }
            event.reason = gateway_bytes(
                BorrowedBytes(reader.head.address).part(reader.head.reason))
            fillFields()
            event.fields =
                fieldMemory.address.assumingMemoryBound(to: gateway_field.self)
                .baseAddress
            event.field_count = reader.head.fields.count
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
        return event
    }

    /// The pointers are into the head, which stays where it is until the next exchange.
    private mutating func fillFields() {
        fieldMemory.removeAll()
        let head = BorrowedBytes(reader.head.address)
        for field in reader.head.fields {
            let seen = gateway_field(
                name: gateway_bytes(head.part(field.name)),
                value: gateway_bytes(head.part(field.value)))
            withUnsafeBytes(of: seen) { fieldMemory.append(copying: $0) }
        }
    }
}

extension gateway_bytes {
    init(_ bytes: BorrowedBytes) {
        let buffer = bytes.buffer
        self = gateway_bytes(bytes: buffer.baseAddress, length: buffer.count)
    }
}
