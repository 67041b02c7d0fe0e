// SPDX-License-Identifier: Apache-2.0

import CGateway
import Glibc

/// The library's handles for one application and one request, in the order of gateway.h.
final class Library {
    static var version: UnsafePointer<CChar> { gateway_version() }

    let backend: OpaquePointer
    let request: OpaquePointer
    private let gateway: OpaquePointer

    init(
        address: String, options: ConnectionOptions, params: MetaVariables, body: RequestBody?,
        isVerbose: Bool
    ) throws(Failure) {
        var gateway: OpaquePointer?
        var backend: OpaquePointer?
        var request: OpaquePointer?
        do {
            try Self.check("the library", Self.open(isVerbose: isVerbose, &gateway))
            try Self.open(address, options, gateway, &backend)
            request = try Self.request(backend, params, body)
        } catch {
            gateway_request_close(request)
            gateway_backend_close(backend)
            gateway_close(gateway)
            throw error
        }
        guard let gateway, let backend, let request else { throw Failure(.system, "no handle") }
        self.gateway = gateway
        self.backend = backend
        self.request = request
    }

    deinit {
        gateway_request_close(request)
        gateway_backend_close(backend)
        gateway_close(gateway)
    }

    /// One more request, which its user closes; a request is for one exchange at once.
    static func request(
        _ backend: OpaquePointer?, _ params: MetaVariables, _ body: RequestBody?
    ) throws(Failure) -> OpaquePointer? {
        var request: OpaquePointer?
        try check("the request", gateway_request_open(backend, &request))
        do {
            try fill(request, params, body)
        } catch {
            gateway_request_close(request)
            throw error
        }
        return request
    }

    static func check(_ what: String, _ status: gateway_status) throws(Failure) {
        guard status != .GATEWAY_OK else { return }
        let kind: ExitStatus =
            switch status {
            case .GATEWAY_ERR_INVALID, .GATEWAY_ERR_ENCODING, .GATEWAY_ERR_LIMIT: .badRequest
            case .GATEWAY_ERR_ADDRESS: .badAddress
            default: .system
            }
        throw Failure(kind, "\(what): \(String(cString: gateway_status_name(status)))")
    }

    private static func open(
        isVerbose: Bool, _ gateway: inout OpaquePointer?
    ) -> gateway_status {
        var options = gateway_options()
        options.size = MemoryLayout<gateway_options>.size
        options.flags = GATEWAY_SIGPIPE_IGNORED
        if isVerbose {
            options.log = { _, _, line in
                guard let line else { return }
                Console(isVerbose: true).tell("* " + String(cString: line))
            }
        }
        return gateway_open(&options, &gateway)
    }

    private static func open(
        _ address: String, _ given: ConnectionOptions, _ gateway: OpaquePointer?,
        _ backend: inout OpaquePointer?
    ) throws(Failure) {
        var options = gateway_backend_options()
        options.size = MemoryLayout<gateway_backend_options>.size
        if given.keepConnection { options.flags = GATEWAY_BACKEND_KEEP_CONNECTIONS }
        options.max_idle = UInt32(clamping: given.concurrency)
        options.connect_timeout_ms = given.connectTimeout?.milliseconds ?? 0
        options.send_timeout_ms = given.sendTimeout?.milliseconds ?? 0
        options.head_timeout_ms = given.headTimeout?.milliseconds ?? 0
        options.read_timeout_ms = given.readTimeout?.milliseconds ?? 0
        options.total_timeout_ms = given.totalTimeout?.milliseconds ?? 0
        let status = gateway_backend_open(gateway, address, &options, &backend)
        if status == .GATEWAY_ERR_ADDRESS {
            throw Failure(
                .badAddress,
                "\(address): neither /path, unix:@abstract, host:port nor fcgi://host:port, "
                    + "or an unknown host"
            )
        }
        try check(address, status)
    }

    private static func fill(
        _ request: OpaquePointer?, _ params: MetaVariables, _ body: RequestBody?
    ) throws(Failure) {
        for (name, value) in params.all {
            try check(
                name,
                gateway_request_param(
                    request, name, name.utf8.count, value, value.utf8.count))
        }
        guard let body else { return }
        switch body.content {
        case .bytes(let bytes):
            // The array lives as long as the body, and an array's memory stays where it is.
            let status = bytes.withUnsafeBytes { bytes in
                gateway_request_body_bytes(request, bytes.baseAddress, bytes.count)
            }
            try check("the body", status)
        case .file(let descriptor, let offset):
            try check(
                "the body",
                gateway_request_body_descriptor(request, descriptor, offset, body.length))
        }
    }
}
