// SPDX-License-Identifier: Apache-2.0

public import CGateway
internal import GatewayCore
internal import Platform

/// See include/gateway.h.
@_cdecl("gateway_open")
public func gatewayOpen(
    _ options: UnsafePointer<gateway_options>?, _ opened: UnsafeMutablePointer<OpaquePointer?>?
) -> gateway_status {
    guard let given = gateway_options(reading: options), let opened = opened else {
        return .GATEWAY_ERR_INVALID
    }
    let known = GATEWAY_SIGPIPE_IGNORED | GATEWAY_MAINTENANCE_THREAD
    guard given.flags & ~known == 0 else { return .GATEWAY_ERR_INVALID }
    do {
        let gateway = try Gateway(
            isSIGPIPEIgnored: given.flags & GATEWAY_SIGPIPE_IGNORED != 0,
            isMaintained: given.flags & GATEWAY_MAINTENANCE_THREAD != 0,
            log: Log(sink(of: given)))
        opened.pointee = Handle(gateway, kind: .gateway).pointer
        return .GATEWAY_OK
    } catch {
        return .GATEWAY_ERR_SYSTEM
    }
}

/// See include/gateway.h.
@_cdecl("gateway_close")
public func gatewayClose(_ gateway: OpaquePointer?) {
    Handle<Gateway>.close(gateway, kind: .gateway)?.close()
}

/// See include/gateway.h.
@_cdecl("gateway_maintain")
public func gatewayMaintain(_ gateway: OpaquePointer?) -> gateway_status {
    guard let gateway = Handle<Gateway>.object(gateway, kind: .gateway) else {
        return .GATEWAY_ERR_INVALID
    }
    gateway.maintain()
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_next_deadline")
public func gatewayNextDeadline(
    _ gateway: OpaquePointer?, _ timeout: UnsafeMutablePointer<UInt32>?
) -> gateway_status {
    guard let gateway = Handle<Gateway>.object(gateway, kind: .gateway), let timeout else {
        return .GATEWAY_ERR_INVALID
    }
    let next = gateway.nextDeadline
    timeout.pointee =
        next < .distantFuture ? next.milliseconds(from: .now) : GATEWAY_WAIT_FOREVER
    return .GATEWAY_OK
}

private func sink(of options: gateway_options) -> Log.Sink? {
    guard let function = options.log else { return nil }
    // The host's pointer goes back to the host only, as a number meanwhile.
    let context = UInt(bitPattern: options.log_context)
    return { level, line in
        function(
            UnsafeMutableRawPointer(bitPattern: context),
            gateway_log_level(rawValue: level.rawValue) ?? .GATEWAY_LOG_ERROR, line)
    }
}
