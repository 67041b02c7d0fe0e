// SPDX-License-Identifier: Apache-2.0

public import CGateway
internal import Platform
internal import SharedStatus

/// See include/gateway.h.
@_cdecl("gateway_capacity_open")
public func gatewayCapacityOpen(
    _ opened: UnsafeMutablePointer<OpaquePointer?>?
) -> gateway_status {
    guard let opened else { return .GATEWAY_ERR_INVALID }
    do {
        opened.pointee = Handle(try SharedCapacity(), kind: .capacity).pointer
        return .GATEWAY_OK
    } catch {
        return .GATEWAY_ERR_SYSTEM
    }
}

/// See include/gateway.h.
@_cdecl("gateway_capacity_close")
public func gatewayCapacityClose(_ capacity: OpaquePointer?) {
    _ = Handle<SharedCapacity>.close(capacity, kind: .capacity)
}

/// See include/gateway.h.
@_cdecl("gateway_capacity_application")
public func gatewayCapacityApplication(
    _ capacity: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ exchanges: UInt32,
    _ queueLength: UInt32, _ application: UnsafeMutablePointer<UInt32>?
) -> gateway_status {
    guard let shared = Handle<SharedCapacity>.object(capacity, kind: .capacity), let name,
        let application, (1...SharedCapacity.maxCapacity).contains(Int(exchanges)),
        Int(queueLength) <= SharedCapacity.maxQueueLength
    else { return .GATEWAY_ERR_INVALID }
    let key = Array(String(cString: name).utf8)
    guard (1...SharedCapacity.maxKeySize).contains(key.count) else { return .GATEWAY_ERR_INVALID }
    let index = shared.application(
        key, capacity: Int(exchanges), queueLength: queueLength == 0 ? 100 : Int(queueLength))
    guard let index else { return .GATEWAY_ERR_LIMIT }
    application.pointee = UInt32(index)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_capacity_enter")
public func gatewayCapacityEnter(
    _ capacity: OpaquePointer?, _ application: UInt32, _ timeout: UInt32,
    _ place: UnsafeMutablePointer<UInt32>?
) -> gateway_status {
    guard let shared = shared(capacity, application), let place else {
        return .GATEWAY_ERR_INVALID
    }
    let deadline = MonotonicTime.now.advanced(byMilliseconds: timeout)
    do throws(SharedCapacity.Refusal) {
        place.pointee = UInt32(try shared.enter(Int(application), until: deadline))
        return .GATEWAY_OK
    } catch {
        switch error {
        case .queueFull: return .GATEWAY_ERR_LIMIT
        case .tookTooLong: return .GATEWAY_AGAIN
        }
    }
}

/// See include/gateway.h.
@_cdecl("gateway_capacity_rest")
public func gatewayCapacityRest(
    _ capacity: OpaquePointer?, _ application: UInt32, _ place: UInt32
) -> gateway_status {
    guard let shared = shared(capacity, application, place) else { return .GATEWAY_ERR_INVALID }
    return shared.rest(Int(place), at: Int(application)) ? .GATEWAY_OK : .GATEWAY_AGAIN
}

/// See include/gateway.h.
@_cdecl("gateway_capacity_resume")
public func gatewayCapacityResume(
    _ capacity: OpaquePointer?, _ application: UInt32, _ place: UInt32
) -> gateway_status {
    guard let shared = shared(capacity, application, place) else { return .GATEWAY_ERR_INVALID }
    return shared.resume(Int(place), at: Int(application)) ? .GATEWAY_OK : .GATEWAY_AGAIN
}

/// See include/gateway.h.
@_cdecl("gateway_capacity_leave")
public func gatewayCapacityLeave(
    _ capacity: OpaquePointer?, _ application: UInt32, _ place: UInt32
) -> gateway_status {
    guard let shared = shared(capacity, application, place) else { return .GATEWAY_ERR_INVALID }
    shared.leave(Int(place), at: Int(application))
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_capacity_asked")
public func gatewayCapacityAsked(
    _ capacity: OpaquePointer?, _ timeout: UInt32, _ application: UnsafeMutablePointer<UInt32>?
) -> gateway_status {
    guard let shared = Handle<SharedCapacity>.object(capacity, kind: .capacity),
        let application
    else { return .GATEWAY_ERR_INVALID }
    guard let asked = shared.waitUntilAsked(milliseconds: timeout) else { return .GATEWAY_AGAIN }
    application.pointee = UInt32(asked)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_capacity_wake")
public func gatewayCapacityWake(_ capacity: OpaquePointer?) -> gateway_status {
    guard let shared = Handle<SharedCapacity>.object(capacity, kind: .capacity) else {
        return .GATEWAY_ERR_INVALID
    }
    shared.callAttention()
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_capacity_stats")
public func gatewayCapacityStats(
    _ capacity: OpaquePointer?, _ application: UInt32,
    _ stats: UnsafeMutablePointer<gateway_place_stats>?
) -> gateway_status {
    guard let shared = shared(capacity, application),
        gateway_place_stats.isWritable(stats)
    else { return .GATEWAY_ERR_INVALID }
    let report = shared.report(of: Int(application))
    let now = gateway_place_stats(
        size: 0, capacity: report.capacity, active: report.active, idle: report.idle,
        waiting: report.waiting, admitted: report.admitted, waited: report.waited,
        overloaded: report.overloaded)
    now.write(to: stats)
    return .GATEWAY_OK
}

extension gateway_place_stats: SizedStruct {}

/// The capacity behind a handle, of which the application and the place can be.
private func shared(
    _ capacity: OpaquePointer?, _ application: UInt32, _ place: UInt32 = 0
) -> SharedCapacity? {
    guard let shared = Handle<SharedCapacity>.object(capacity, kind: .capacity),
        Int(application) < shared.applicationCount, Int(place) < SharedCapacity.maxCapacity
    else { return nil }
    return shared
}
