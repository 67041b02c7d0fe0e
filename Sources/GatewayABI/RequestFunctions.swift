// SPDX-License-Identifier: Apache-2.0

public import CGateway
internal import FastCGI
internal import GatewayCore
internal import Transport

/// See include/gateway.h.
@_cdecl("gateway_request_open")
public func gatewayRequestOpen(
    _ backend: OpaquePointer?, _ opened: UnsafeMutablePointer<OpaquePointer?>?
) -> gateway_status {
    guard let backend = Handle<Backend>.object(backend, kind: .backend),
        let opened = opened
    else { return .GATEWAY_ERR_INVALID }
    let request = backend.request()
    opened.pointee = Handle(request, kind: .request, in: request.handleMemory).pointer
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_request_param")
public func gatewayRequestParam(
    _ request: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ nameLength: Int,
    _ value: UnsafePointer<CChar>?, _ valueLength: Int
) -> gateway_status {
    guard let content = Handle<Request>.lend(request, kind: .request, { $0.content }),
        nameLength >= 0, name != nil || nameLength == 0,
        valueLength >= 0, value != nil || valueLength == 0
    else { return .GATEWAY_ERR_INVALID }
    do {
        try content.pointee.append(
            name: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: name, count: nameLength)),
            value: RawSpan(_unsafeBytes: UnsafeRawBufferPointer(start: value, count: valueLength)))
        return .GATEWAY_OK
    } catch {
        return gateway_status(error)
    }
}

/// See include/gateway.h.
@_cdecl("gateway_request_params")
public func gatewayRequestParams(
    _ request: OpaquePointer?, _ params: UnsafePointer<gateway_field>?, _ count: Int
) -> gateway_status {
    guard let content = Handle<Request>.lend(request, kind: .request, { $0.content }),
        count >= 0, params != nil || count == 0
    else { return .GATEWAY_ERR_INVALID }
    for param in UnsafeBufferPointer(start: params, count: count) {
        guard let name = BorrowedBytes(param.name), let value = BorrowedBytes(param.value) else {
            return .GATEWAY_ERR_INVALID
        }
        do {
            try content.pointee.append(
                name: RawSpan(_unsafeBytes: name.buffer),
                value: RawSpan(_unsafeBytes: value.buffer))
        } catch {
            return gateway_status(error)
        }
    }
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_request_role")
public func gatewayRequestRole(
    _ request: OpaquePointer?, _ role: gateway_role
) -> gateway_status {
    guard let request = Handle<Request>.object(request, kind: .request),
        role == .GATEWAY_ROLE_RESPONDER || role == .GATEWAY_ROLE_AUTHORIZER
    else { return .GATEWAY_ERR_INVALID }
    do {
        try request.content.pointee.setRole(
            role == .GATEWAY_ROLE_AUTHORIZER ? .authorizer : .responder)
        return .GATEWAY_OK
    } catch {
        return gateway_status(error)
    }
}

/// See include/gateway.h.
@_cdecl("gateway_request_body_bytes")
public func gatewayRequestBodyBytes(
    _ request: OpaquePointer?, _ start: UnsafeRawPointer?, _ length: Int
) -> gateway_status {
    guard let body = bytes(start, length) else { return .GATEWAY_ERR_INVALID }
    return setBody(.bytes(body), of: request)
}

/// See include/gateway.h.
@_cdecl("gateway_request_body_callback")
public func gatewayRequestBodyCallback(
    _ request: OpaquePointer?, _ read: gateway_read_function?,
    _ context: UnsafeMutableRawPointer?, _ length: UInt64
) -> gateway_status {
    guard let read else { return .GATEWAY_ERR_INVALID }
    let source = BodySource(length: known(length)) { room in
        var count = 0
        guard let start = room.baseAddress,
            read(context, start, room.count, &count) == .GATEWAY_READ_OK
        else { return nil }
        return count
    }
    return setBody(.source(source), of: request)
}

/// See include/gateway.h.
@_cdecl("gateway_request_body_descriptor")
public func gatewayRequestBodyDescriptor(
    _ request: OpaquePointer?, _ descriptor: Int32, _ offset: UInt64, _ length: UInt64
) -> gateway_status {
    let end = offset.addingReportingOverflow(length)
    guard descriptor >= 0, !end.overflow, end.partialValue <= UInt64(Int64.max) else {
        return .GATEWAY_ERR_INVALID
    }
    let source = BodySource(descriptor: descriptor, offset: offset, length: length)
    return setBody(.source(source), of: request)
}

/// See include/gateway.h.
@_cdecl("gateway_request_body_written")
public func gatewayRequestBodyWritten(
    _ request: OpaquePointer?, _ length: UInt64
) -> gateway_status {
    setBody(.written(length: known(length)), of: request)
}

/// See include/gateway.h.
@_cdecl("gateway_request_clear")
public func gatewayRequestClear(_ request: OpaquePointer?) -> gateway_status {
    guard let request = Handle<Request>.object(request, kind: .request) else {
        return .GATEWAY_ERR_INVALID
    }
    do {
        try request.content.pointee.clear()
        return .GATEWAY_OK
    } catch {
        return gateway_status(error)
    }
}

/// See include/gateway.h.
@_cdecl("gateway_request_close")
public func gatewayRequestClose(_ request: OpaquePointer?) {
    Handle<Request>.close(request, kind: .request, ownsMemory: false)?.close()
}

private func setBody(_ body: RequestBody, of request: OpaquePointer?) -> gateway_status {
    guard let request = Handle<Request>.object(request, kind: .request) else {
        return .GATEWAY_ERR_INVALID
    }
    do {
        try request.content.pointee.setBody(body)
        return .GATEWAY_OK
    } catch {
        return gateway_status(error)
    }
}

/// Nil for the length that C has for one that is not known.
private func known(_ length: UInt64) -> UInt64? {
    length == .max ? nil : length
}

/// Bytes of the host; nil for NULL with a length, or a length that cannot be.
@inline(__always)
private func bytes(_ start: UnsafeRawPointer?, _ length: Int) -> BorrowedBytes? {
    guard length >= 0, start != nil || length == 0 else { return nil }
    return BorrowedBytes(UnsafeRawBufferPointer(start: start, count: length))
}
