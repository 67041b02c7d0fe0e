// SPDX-License-Identifier: Apache-2.0

public import CGateway
internal import GatewayCore

/// See include/gateway.h.
@_cdecl("gateway_handle")
public func gatewayHandle(
    _ backend: OpaquePointer?, _ request: OpaquePointer?,
    _ options: UnsafePointer<gateway_exchange_options>?,
    _ callbacks: UnsafePointer<gateway_callbacks>?, _ context: UnsafeMutableRawPointer?,
    _ result: UnsafeMutablePointer<gateway_result>?
) -> gateway_status {
    guard let functions = gateway_callbacks(reading: callbacks),
        result == nil || gateway_result.isWritable(result)
    else { return .GATEWAY_ERR_INVALID }
    var opened: Exchange?
    let status = open(backend, request, options, &opened)
    guard let exchange = opened else { return status }
    defer { exchange.close() }
    guard exchange.withDispatch({ !$0.isNonblocking && !$0.isBodyWritten }) else {
        return .GATEWAY_ERR_INVALID
    }
    var event = gateway_event()
    while exchange.nextEvent(&event), event.type != .GATEWAY_EVENT_END {
        if functions.tell(event, context) == .GATEWAY_STOP {
            exchange.withDispatch { $0.cancel() }
        }
    }
    gateway_result(exchange.withDispatch { $0.report }).write(to: result)
    return .GATEWAY_OK
}

extension gateway_callbacks {
    /// Hands an event to the function for it, if the host has one.
    fileprivate func tell(
        _ event: gateway_event, _ context: UnsafeMutableRawPointer?
    ) -> gateway_callback_status {
        switch event.type {
        case .GATEWAY_EVENT_HEAD:
            head?(context, event.http_status, event.fields, event.field_count)
                ?? .GATEWAY_CONTINUE
        case .GATEWAY_EVENT_BODY:
            body?(context, event.data.bytes, event.data.length) ?? .GATEWAY_CONTINUE
        case .GATEWAY_EVENT_STDERR:
            error_text?(context, event.data.bytes, event.data.length) ?? .GATEWAY_CONTINUE
        case .GATEWAY_EVENT_WANTS_BODY, .GATEWAY_EVENT_INTERIM, .GATEWAY_EVENT_END:
            .GATEWAY_CONTINUE
        @unknown default: .GATEWAY_CONTINUE
        }
    }
}
