// SPDX-License-Identifier: Apache-2.0

public import CGateway
internal import FastCGI
internal import GatewayCore
internal import Transport

/// See include/gateway.h.
@_cdecl("gateway_request_http")
public func gatewayRequestHTTP(
    _ request: OpaquePointer?, _ http: UnsafePointer<gateway_http_request>?
) -> gateway_status {
    guard let request = Handle<Request>.object(request, kind: .request), http != nil,
        let given = gateway_http_request(reading: http)
    else { return .GATEWAY_ERR_INVALID }
    guard given.field_count <= HTTPRequest.maxFields else {
        return gateway_status(request.content.pointee.refuseFields())
    }
    guard let http = HTTPRequest(given) else { return .GATEWAY_ERR_INVALID }
    do {
        try request.content.pointee.append(http)
        return .GATEWAY_OK
    } catch {
        return gateway_status(error)
    }
}

extension gateway_http_request: SizedStruct {}

extension HTTPRequest {
    /// Nil when something is missing, of an impossible length, or unknown.
    fileprivate init?(_ given: gateway_http_request) {
        self.init()
        let known =
            GATEWAY_HTTP_SECURE | GATEWAY_HTTP_PASS_AUTHORIZATION | GATEWAY_HTTP_STREAM_BODY
        guard given.flags & ~known == 0, given.method.length > 0, given.target.length > 0,
            given.server_port <= 65_535, given.remote_port <= 65_535,
            given.fields != nil || given.field_count == 0
        else { return nil }
        switch given.script_rule {
        case .GATEWAY_SCRIPT_PREFIX: rule = .prefix
        case .GATEWAY_SCRIPT_EXTENSION: rule = .fileExtension
        @unknown default: return nil
        }
        isSecure = given.flags & GATEWAY_HTTP_SECURE != 0
        passesAuthorization = given.flags & GATEWAY_HTTP_PASS_AUTHORIZATION != 0
        streamsBody = given.flags & GATEWAY_HTTP_STREAM_BODY != 0
        serverPort = given.server_port
        remotePort = given.remote_port
        let areRead =
            read(given.method, into: &method) && read(given.target, into: &target)
            && read(given.protocol, into: &httpVersion) && read(given.script, into: &script)
            && read(given.index, into: &index) && read(given.document_root, into: &documentRoot)
            && read(given.script_filename, into: &scriptFilename)
            && read(given.server_name, into: &serverName)
            && read(given.server_address, into: &serverAddress)
            && read(given.remote_address, into: &remoteAddress)
            && read(given.remote_user, into: &remoteUser)
            && read(given.auth_type, into: &authType)
            && read(given.server_software, into: &serverSoftware)
        guard areRead else { return nil }
        fields.reserveCapacity(given.field_count)
        for field in UnsafeBufferPointer(start: given.fields, count: given.field_count) {
            guard let name = BorrowedBytes(field.name), let value = BorrowedBytes(field.value)
            else { return nil }
            fields.append(Field(name: name, value: value))
        }
    }
}

private func read(_ given: gateway_bytes, into bytes: inout BorrowedBytes) -> Bool {
    guard let read = BorrowedBytes(given) else { return false }
    bytes = read
    return true
}

extension BorrowedBytes {
    /// Nil for NULL with a length, or a length that cannot be.
    init?(_ given: gateway_bytes) {
        guard given.length >= 0, given.bytes != nil || given.length == 0 else { return nil }
        self.init(UnsafeRawBufferPointer(start: given.bytes, count: given.length))
    }
}
