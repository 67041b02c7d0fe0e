// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Testing

@Suite("Asking an application for its values")
struct ValuesTests {
    private func ask(_ address: String, timeout: UInt32 = 0) throws -> gateway_values? {
        let backend = try OpenBackend(address)
        var values = gateway_values()
        values.size = MemoryLayout<gateway_values>.size
        let status = gateway_backend_values(backend.backend, 0, timeout, &values)
        #expect(
            gateway_backend_values(backend.backend, 1, timeout, &values) == .GATEWAY_ERR_INVALID)
        return status == .GATEWAY_OK ? values : nil
    }

    private static let all =
        GATEWAY_VALUES_MAX_CONNECTIONS | GATEWAY_VALUES_MAX_REQUESTS | GATEWAY_VALUES_MULTIPLEXES

    private static func pair(_ name: String, _ value: String) -> [UInt8] {
        [UInt8(name.utf8.count), UInt8(value.utf8.count)] + name.utf8 + value.utf8
    }

    private static func record(_ type: UInt8, _ content: [UInt8]) -> [UInt8] {
        [1, type, 0, 0, 0, UInt8(content.count), 0, 0] + content
    }

    @Test("tells what it answers, however it is split")
    func answered() throws {
        let application = ScriptedApplication { connection in
            let question = connection.readRecord()
            #expect(question?.type == 9)
            #expect(question?.requestID == 0)
            let asked = ["FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS"]
            #expect(question?.content == asked.flatMap { Self.pair($0, "") })
            let content =
                Self.pair("FCGI_MPXS_CONNS", "0") + Self.pair("OTHER", "zzz")
                + Self.pair("FCGI_MAX_CONNS", "12") + Self.pair("FCGI_MAX_REQS", "34")
            for byte in Self.record(10, content) { connection.send([byte]) }
            connection.waitForEnd()
        }
        defer { application.stop() }
        let values = try #require(try ask(application.address))
        #expect(values.known == Self.all)
        #expect(values.max_connections == 12)
        #expect(values.max_requests == 34)
        #expect(values.multiplexes == 0)
    }

    @Test(
        "knows nothing of one that does not answer such questions, or answers nonsense",
        arguments: [
            record(11, [9, 0, 0, 0, 0, 0, 0, 0]), record(10, pair("FCGI_MAX_CONNS", "-1")),
            record(10, [14, 200, 1, 2]), [2, 2, 2, 2, 2, 2, 2, 2], [],
        ])
    func unanswered(answer: [UInt8]) throws {
        let application = ScriptedApplication { connection in
            _ = connection.readRecord()
            connection.send(answer)
        }
        defer { application.stop() }
        #expect(try ask(application.address)?.known == 0)
    }

    @Test("gives up in time, and where nobody listens")
    func silent() throws {
        let application = ScriptedApplication { $0.waitForEnd() }
        defer { application.stop() }
        #expect(try ask(application.address, timeout: 20) == nil)
        #expect(try ask("unix:@gateway-tests-nobody") == nil)
    }
}
