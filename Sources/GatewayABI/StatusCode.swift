// SPDX-License-Identifier: Apache-2.0

internal import CGateway
internal import FastCGI
internal import GatewayCore

/// The one place where what the layers below throw becomes a number of the C interface.
extension gateway_status {
    init(_ refusal: RequestContent.Refusal) {
        switch refusal {
        case .inUse: self = .GATEWAY_ERR_STATE
        case .param(.emptyName), .param(.holdsNUL): self = .GATEWAY_ERR_ENCODING
        case .param(.overLimit): self = .GATEWAY_ERR_LIMIT
        }
    }

    init(_ refusal: RequestContent.HTTPRefusal) {
        switch refusal {
        case .inUse: self = .GATEWAY_ERR_STATE
        case .noScript: self = .GATEWAY_ERR_NO_SCRIPT
        case .tooManyFields, .param(.overLimit): self = .GATEWAY_ERR_LIMIT
        case .malformed, .param(.emptyName), .param(.holdsNUL): self = .GATEWAY_ERR_ENCODING
        }
    }

    init(_ refusal: Dispatch.WriteRefusal) {
        switch refusal {
        case .notWritten: self = .GATEWAY_ERR_STATE
        case .tooMuch: self = .GATEWAY_ERR_INVALID
        case .notYet: self = .GATEWAY_AGAIN
        }
    }

    var name: StaticString {
        switch self {
        case .GATEWAY_OK: "GATEWAY_OK"
        case .GATEWAY_AGAIN: "GATEWAY_AGAIN"
        case .GATEWAY_ERR_INVALID: "GATEWAY_ERR_INVALID"
        case .GATEWAY_ERR_STATE: "GATEWAY_ERR_STATE"
        case .GATEWAY_ERR_MEMORY: "GATEWAY_ERR_MEMORY"
        case .GATEWAY_ERR_ADDRESS: "GATEWAY_ERR_ADDRESS"
        case .GATEWAY_ERR_LIMIT: "GATEWAY_ERR_LIMIT"
        case .GATEWAY_ERR_ENCODING: "GATEWAY_ERR_ENCODING"
        case .GATEWAY_ERR_NO_SCRIPT: "GATEWAY_ERR_NO_SCRIPT"
        case .GATEWAY_ERR_SYSTEM: "GATEWAY_ERR_SYSTEM"
        case .GATEWAY_ERR_FORKED: "GATEWAY_ERR_FORKED"
        @unknown default: "unknown status"
        }
    }
}
