// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
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
