// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Testing

@testable import Supervision

@Suite("An answer of a supervisor")
struct ControlClientTests {
    /// What comes of a request for the status when this is sent before the connection ends.
    private func ask(answering text: String) throws -> String {
        var template = Array("/tmp/libgateway-control.XXXXXX".utf8CString)
        try #require(unsafe mkdtemp(&template) != nil)
        let base = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unsafe _ = rmdir(base) }
        let directory = RuntimeDirectory(base: base, name: "wiki")
        try directory.make(for: nil)
        defer { directory.remove(slots: 0) }
        let socket = try directory.listen(at: directory.controlPath, for: nil)
        let client = try ControlClient(directory)
        // It is there before it is asked for, which saves a thread.
        let descriptor = accept(socket.descriptor, nil, nil)
        try #require(descriptor >= 0)
        #expect(unsafe write(descriptor, text, text.utf8.count) == text.utf8.count)
        shutdown(descriptor, Int32(SHUT_WR))
        defer { _ = close(descriptor) }
        return try client.ask(["status"], within: 5_000).text
    }

    @Test("is whole lines")
    func whole() throws {
        #expect(try ask(answering: "wiki: generation 1\n") == "wiki: generation 1\n")
    }

    @Test("is none where the supervisor ended before it", arguments: ["", "wiki: gener"])
    func cut(_ text: String) {
        #expect(throws: SystemError(number: ECONNRESET)) { try ask(answering: text) }
    }
}
