// SPDX-License-Identifier: Apache-2.0

public import CGateway
internal import GatewayCore

/// The address of a string that is part of the library.
@inline(__always)
private func text(_ string: StaticString) -> UnsafePointer<CChar>? {
    UnsafeRawPointer(string.utf8Start).assumingMemoryBound(to: CChar.self)
}

/// See include/gateway.h.
@_cdecl("gateway_version")
public func gatewayVersion() -> UnsafePointer<CChar>? {
    text("0.1.0")
}

/// See include/gateway.h.
@_cdecl("gateway_version_number")
public func gatewayVersionNumber() -> UInt32 {
    UInt32(GATEWAY_VERSION_MAJOR) * 1_000_000 + UInt32(GATEWAY_VERSION_MINOR) * 1_000
        + UInt32(GATEWAY_VERSION_PATCH)
}

/// See include/gateway.h.
@_cdecl("gateway_abi_version")
public func gatewayABIVersion() -> UInt32 {
    UInt32(GATEWAY_ABI_VERSION)
}

/// See include/gateway.h.
@_cdecl("gateway_status_name")
public func gatewayStatusName(_ status: gateway_status) -> UnsafePointer<CChar>? {
    text(status.name)
}

/// See include/gateway.h.
@_cdecl("gateway_outcome_name")
public func gatewayOutcomeName(_ outcome: gateway_outcome) -> UnsafePointer<CChar>? {
    text(Outcome(rawValue: outcome.rawValue)?.name ?? "unknown outcome")
}

/// See include/gateway.h.
@_cdecl("gateway_stage_name")
public func gatewayStageName(_ stage: gateway_stage) -> UnsafePointer<CChar>? {
    text(Stage(rawValue: stage.rawValue)?.name ?? "unknown stage")
}
