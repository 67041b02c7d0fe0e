// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Glibc
import Testing

@Suite("A request whose memory was another's")
struct RequestTests {
    @Test("has nothing of the one before")
    func isEmpty() throws {
        let fake = try FakeApplication()
        let first = try opened(on: fake)
        #expect(gateway_request_param(first, "SECRET", 6, "s", 1) == .GATEWAY_OK)
        #expect(gateway_request_param(first, "A\0B", 3, "v", 1) == .GATEWAY_ERR_ENCODING)
        #expect(gateway_request_body_bytes(first, "body", 4) == .GATEWAY_OK)
        #expect(gateway_request_role(first, .GATEWAY_ROLE_AUTHORIZER) == .GATEWAY_OK)
        gateway_request_close(first)
        let second = try opened(on: fake)
        defer { gateway_request_close(second) }
        #expect(second == first)
        #expect(gateway_request_param(second, "OWN", 3, "o", 1) == .GATEWAY_OK)
        let sent = try sent(second, by: fake)
        #expect(params(in: sent).map(\.name) == ["OWN"])
        let records = Record.all(in: sent)
        #expect(records.first?.content.prefix(2) == [0, 1])
        #expect(records.filter { $0.type == 5 }.map(\.content) == [[]])
    }

    @Test("does not get that of one whose exchange is open")
    func ofAnOpenExchange() throws {
        let fake = try FakeApplication()
        let first = try opened(on: fake)
        #expect(gateway_request_param(first, "FIRST", 5, "1", 1) == .GATEWAY_OK)
        let exchange = try fake.begin(of: first)
        gateway_request_close(first)
        let second = try opened(on: fake)
        defer { gateway_request_close(second) }
        #expect(second != first)
        #expect(gateway_request_param(second, "SECOND", 6, "2", 1) == .GATEWAY_OK)
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_AGAIN)
        #expect(params(in: fake.received()).map(\.name) == ["FIRST"])
    }

    @Test("takes many params at once, up to the first that is refused")
    func manyParams() throws {
        let fake = try FakeApplication()
        let request = try opened(on: fake)
        defer { gateway_request_close(request) }
        #expect(gateway_request_params(request, nil, 0) == .GATEWAY_OK)
        #expect(gateway_request_params(request, nil, 1) == .GATEWAY_ERR_INVALID)
        #expect(add([("A", "1"), ("B", ""), ("C", "3")], to: request) == .GATEWAY_OK)
        let sent = params(in: try sent(request, by: fake))
        #expect(sent.map { "\($0.name)=\($0.value)" } == ["A=1", "B=", "C=3"])
        let refused = try opened(on: fake)
        defer { gateway_request_close(refused) }
        #expect(add([("A", "1"), ("B", "\0"), ("C", "3")], to: refused) == .GATEWAY_ERR_ENCODING)
        let exchange = try fake.begin(of: refused)
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_OK)
        #expect(event.type == .GATEWAY_EVENT_END)
        #expect(fake.received().isEmpty)
    }

    /// Adds pairs in one call.
    private func add(
        _ pairs: [(name: String, value: String)], to request: OpaquePointer
    ) -> gateway_status {
        let names = pairs.map { strdup($0.name) }
        let values = pairs.map { pair in
            // A NUL in the middle has to survive.
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: 16, alignment: 1)
            copy.copyBytes(from: pair.value.utf8)
            return (copy, pair.value.utf8.count)
        }
        defer {
            names.forEach { free($0) }
            values.forEach { $0.0.deallocate() }
        }
        let fields = zip(names, values).map { name, value in
            gateway_field(
                name: gateway_bytes(bytes: name, length: 1),
                value: gateway_bytes(bytes: value.0.baseAddress, length: value.1))
        }
        return gateway_request_params(request, fields, fields.count)
    }

    private func opened(on fake: FakeApplication) throws -> OpaquePointer {
        var request: OpaquePointer?
        #expect(gateway_request_open(fake.backend, &request) == .GATEWAY_OK)
        return try #require(request)
    }

    /// What an exchange of the request sends at once.
    private func sent(_ request: OpaquePointer, by fake: FakeApplication) throws -> [UInt8] {
        let exchange = try fake.begin(of: request)
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_AGAIN)
        return fake.received()
    }
}
