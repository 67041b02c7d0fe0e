// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Testing

@Suite("Arguments that make no sense")
struct ArgumentTests {
    @Test("NULL is refused everywhere and closes nothing")
    func null() {
        #expect(gateway_open(nil, nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_backend_open(nil, nil, nil, nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_maintain(nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_backend_stats(nil, nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_request_open(nil, nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_request_param(nil, nil, 0, nil, 0) == .GATEWAY_ERR_INVALID)
        #expect(gateway_request_params(nil, nil, 0) == .GATEWAY_ERR_INVALID)
        #expect(gateway_request_role(nil, .GATEWAY_ROLE_RESPONDER) == .GATEWAY_ERR_INVALID)
        #expect(gateway_request_body_bytes(nil, nil, 0) == .GATEWAY_ERR_INVALID)
        #expect(gateway_request_body_callback(nil, nil, nil, 0) == .GATEWAY_ERR_INVALID)
        #expect(gateway_request_body_written(nil, 0) == .GATEWAY_ERR_INVALID)
        #expect(gateway_request_body_descriptor(nil, 0, 0, 0) == .GATEWAY_ERR_INVALID)
        #expect(gateway_request_http(nil, nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_request_clear(nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_exchange_open(nil, nil, nil, nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_exchange_next(nil, nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_exchange_write(nil, nil, 0, 0) == .GATEWAY_ERR_INVALID)
        #expect(gateway_exchange_wait(nil, nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_exchange_block(nil, 0) == .GATEWAY_ERR_INVALID)
        #expect(gateway_exchange_result(nil, nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_exchange_cancel(nil) == .GATEWAY_ERR_INVALID)
        #expect(gateway_handle(nil, nil, nil, nil, nil, nil) == .GATEWAY_ERR_INVALID)
        gateway_exchange_close(nil)
        gateway_request_close(nil)
        gateway_backend_close(nil)
        gateway_close(nil)
    }

    @Test(
        "an address that cannot be read is refused",
        arguments: [
            "", "unix:", "unix:relative", "unix:@", "tcp:", "tcp:host", "tcp:host:", "tcp:host:0",
            "tcp:host:65536", "tcp:::1:80", "tcp:[::1:80", "tcp::80", "http://host/", "host",
            "::1:80", "127.0.0.1:0", "127.0.0.1:80/path", "fcgi://", "fcgi:127.0.0.1:80",
            "fcgi://127.0.0.1:65536", "fcgi://127.0.0.1/path", "127.0.0.1:80 host", "relative/path",
            "unix:/" + String(repeating: "a", count: 107),
        ])
    func address(_ address: String) throws {
        let gateway = try OpenGateway()
        var backend: OpaquePointer?
        #expect(
            gateway_backend_open(gateway.handle, address, nil, &backend) == .GATEWAY_ERR_ADDRESS)
        #expect(backend == nil)
    }

    @Test(
        "an address is read in every form, alone and among others",
        arguments: [
            ("unix:/a", 1), ("/a", 1), ("unix:@a", 1), ("tcp:127.0.0.1:80", 1),
            ("127.0.0.1:80", 1), ("[::1]:80", 1), ("tcp:[::1]:80", 1), ("fcgi://127.0.0.1:80", 1),
            ("fcgi://127.0.0.1:80/", 1), ("fcgi://127.0.0.1", 1), ("fcgi://[::1]", 1),
            ("/a b /c", 1), ("/a b unix:/c", 2), ("127.0.0.1:80 /a [::1]:81", 2),
            ("127.0.0.1:80 [::1]:81 fcgi://127.0.0.1 /a", 4),
        ])
    func address(_ address: String, count: UInt32) throws {
        let gateway = try OpenGateway()
        var opened: OpaquePointer?
        #expect(gateway_backend_open(gateway.handle, address, nil, &opened) == .GATEWAY_OK)
        let backend = try #require(opened)
        defer { gateway_backend_close(backend) }
        var stats = gateway_stats()
        stats.size = MemoryLayout<gateway_stats>.size
        #expect(gateway_endpoint_stats(backend, count - 1, &stats) == .GATEWAY_OK)
        #expect(gateway_endpoint_stats(backend, count, &stats) == .GATEWAY_ERR_INVALID)
    }

    @Test("a size that is none, an unknown flag and a handle of another kind are refused")
    func structs() throws {
        let gateway = try OpenGateway()
        var options = gateway_backend_options()
        var backend: OpaquePointer?
        options.size = 3
        #expect(open(gateway, &options, &backend) == .GATEWAY_ERR_INVALID)
        options.size = .max
        #expect(open(gateway, &options, &backend) == .GATEWAY_ERR_INVALID)
        options.size = MemoryLayout<gateway_backend_options>.size
        options.flags = 0x8000_0000
        #expect(open(gateway, &options, &backend) == .GATEWAY_ERR_INVALID)
        options.flags = 0
        options.head_timeout_ms = 86_400_001
        #expect(open(gateway, &options, &backend) == .GATEWAY_ERR_INVALID)
        #expect(gateway_request_open(gateway.handle, &backend) == .GATEWAY_ERR_INVALID)
    }

    @Test("the head of a struct is enough, and what is behind it is not read")
    func shortStruct() throws {
        let gateway = try OpenGateway()
        var options = gateway_backend_options()
        options.size = MemoryLayout<Int>.size
        options.flags = 0xFFFF_FFFF
        var backend: OpaquePointer?
        #expect(open(gateway, &options, &backend) == .GATEWAY_OK)
        gateway_backend_close(backend)
    }

    @Test("a parameter that cannot be sent makes the exchange a bad request")
    func badParameter() throws {
        let gateway = try OpenGateway()
        var backend: OpaquePointer?
        var request: OpaquePointer?
        #expect(gateway_backend_open(gateway.handle, "unix:/nowhere", nil, &backend) == .GATEWAY_OK)
        #expect(gateway_request_open(backend, &request) == .GATEWAY_OK)
        #expect(gateway_request_param(request, "A\0B", 3, "v", 1) == .GATEWAY_ERR_ENCODING)
        var result = gateway_result()
        result.size = MemoryLayout<gateway_result>.size
        #expect(gateway_handle(backend, request, nil, nil, nil, &result) == .GATEWAY_OK)
        #expect(result.outcome == .GATEWAY_OUTCOME_BAD_REQUEST)
        #expect(result.http_status == 400)
        #expect(gateway_request_clear(request) == .GATEWAY_OK)
        let large = String(repeating: "v", count: 1_048_577)
        #expect(
            gateway_request_param(request, "A", 1, large, large.utf8.count) == .GATEWAY_ERR_LIMIT)
        #expect(gateway_handle(backend, request, nil, nil, nil, &result) == .GATEWAY_OK)
        #expect(result.http_status == 431)
        gateway_request_close(request)
        gateway_backend_close(backend)
    }

    private func open(
        _ gateway: OpenGateway, _ options: inout gateway_backend_options,
        _ backend: inout OpaquePointer?
    ) -> gateway_status {
        gateway_backend_open(gateway.handle, "unix:/nowhere", &options, &backend)
    }
}

/// A gateway for one test.
final class OpenGateway {
    let handle: OpaquePointer

    init(_ flags: UInt32 = 0) throws {
        var options = gateway_options()
        options.size = MemoryLayout<gateway_options>.size
        options.flags = flags
        var opened: OpaquePointer?
        #expect(gateway_open(&options, &opened) == .GATEWAY_OK)
        handle = try #require(opened)
    }

    deinit {
        gateway_close(handle)
    }
}
