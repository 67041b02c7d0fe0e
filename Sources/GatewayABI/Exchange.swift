// SPDX-License-Identifier: Apache-2.0

internal import CGateway
internal import FastCGI
internal import GatewayCore
internal import Transport

/// What stands behind a `gateway_exchange`: a dispatch, and the fields of its response as C reads
/// them. One thread at a time.
final class Exchange {
    let dispatch: Dispatch
    private let backend: Backend
    private var fields: [gateway_field] = []

    init(_ request: Request, on backend: Backend, options: DispatchOptions) {
        self.backend = backend
        dispatch = backend.takeDispatch()
        dispatch.open(request, on: backend, options: options)
    }

    func close() {
        dispatch.close()
        if !dispatch.isInherited { backend.rest(dispatch) }
    }

    /// The next step as the event that C sees; nil for `again`.
    func next() -> gateway_event? {
        var event = gateway_event()
        switch dispatch.next() {
        case .again: return nil
        case .head(let isLocalRedirect):
            event.type = .GATEWAY_EVENT_HEAD
            event.flags = isLocalRedirect ? GATEWAY_EVENT_LOCAL_REDIRECT : 0
            fillFields()
            event.http_status = UInt32(dispatch.reader.head.status)
            event.fields = fields.withUnsafeBufferPointer { $0.baseAddress }
            event.field_count = fields.count
        case .body(let bytes):
            event.type = .GATEWAY_EVENT_BODY
            event.data = gateway_bytes(bytes)
        case .stderr(let bytes):
            event.type = .GATEWAY_EVENT_STDERR
            event.data = gateway_bytes(bytes)
        case .wantsBody: event.type = .GATEWAY_EVENT_WANTS_BODY
        case .end: event.type = .GATEWAY_EVENT_END
        }
        if dispatch.hasMore { event.flags |= GATEWAY_EVENT_MORE }
        return event
    }

    /// The pointers are into the head, which stays where it is until the next exchange.
    private func fillFields() {
        fields.removeAll(keepingCapacity: true)
        let head = BorrowedBytes(dispatch.reader.head.address)
        for field in dispatch.reader.head.fields {
            fields.append(
                gateway_field(
                    name: gateway_bytes(head.part(field.name)),
                    value: gateway_bytes(head.part(field.value))))
        }
    }
}

extension gateway_bytes {
    init(_ bytes: BorrowedBytes) {
        let buffer = bytes.buffer
        self = gateway_bytes(bytes: buffer.baseAddress, length: buffer.count)
    }
}
