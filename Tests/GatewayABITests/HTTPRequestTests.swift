// SPDX-License-Identifier: Apache-2.0

import CGateway
import GatewayABI
import Testing

@Suite("An HTTP request as meta-variables")
struct HTTPRequestTests {
    @Test("an extension splits script name, path info and query")
    func fileExtension() throws {
        var http = HTTP()
        http.target = "/a%20b/index.php/info/x?q=1&r=%2F"
        let variables = try http.variables()
        #expect(variables["SCRIPT_NAME"] == "/a b/index.php")
        #expect(variables["PATH_INFO"] == "/info/x")
        #expect(variables["PATH_TRANSLATED"] == "/srv/www/info/x")
        #expect(variables["SCRIPT_FILENAME"] == "/srv/www/a b/index.php")
        #expect(variables["QUERY_STRING"] == "q=1&r=%2F")
        #expect(variables["REQUEST_URI"] == "/a%20b/index.php/info/x?q=1&r=%2F")
    }

    @Test("a path that ends with a slash gets the index, and QUERY_STRING is always there")
    func index() throws {
        var http = HTTP()
        http.target = "/wiki/"
        let variables = try http.variables()
        #expect(variables["SCRIPT_NAME"] == "/wiki/index.php")
        #expect(variables["QUERY_STRING"] == "")
        #expect(variables["PATH_INFO"] == nil)
    }

    @Test("a prefix leaves the rest as path info")
    func prefix() throws {
        var http = HTTP()
        http.rule = .GATEWAY_SCRIPT_PREFIX
        http.script = "/wiki"
        http.target = "http://example.org/wiki/Main/Page?x"
        let variables = try http.variables()
        #expect(variables["SCRIPT_NAME"] == "/wiki")
        #expect(variables["PATH_INFO"] == "/Main/Page")
        #expect(variables["QUERY_STRING"] == "x")
    }

    @Test(
        "dots are resolved before the script is looked for",
        arguments: [
            ("/a/./b/../index.php", "/a/index.php"), ("/a/%2e%2e/index.php", "/index.php"),
            ("/index.php/..", "/index.php"), ("//index.php", "//index.php"),
        ])
    func dots(_ target: String, _ script: String) throws {
        var http = HTTP()
        http.target = target
        #expect(try http.variables()["SCRIPT_NAME"] == script)
    }

    @Test(
        "a target that means two things is refused",
        arguments: [
            "/../index.php", "/a/../../index.php", "/%2e%2e/index.php", "/a%2Findex.php",
            "/index.php%00.jpg", "/%zz.php", "/%4", "/a\n/index.php", "/a%0a/index.php",
            "index.php",
            "*",
        ])
    func malformed(_ target: String) throws {
        var http = HTTP()
        http.target = target
        #expect(try http.status() == .GATEWAY_ERR_ENCODING)
    }

    @Test(
        "a target that is not the script's is told apart",
        arguments: [
            "/style.css", "/phpx/a.phpx", "/wiki",
        ])
    func noScript(_ target: String) throws {
        var http = HTTP()
        http.target = target
        #expect(try http.status() == .GATEWAY_ERR_NO_SCRIPT)
    }

    @Test("a client cannot forge a variable")
    func forgery() throws {
        var http = HTTP()
        http.fields = [
            ("Proxy", "http://evil/"), ("X_Real", "forged"), ("X.Real", "forged"),
            ("X-Real", "true"), ("Remote_User", "root"), ("", "x"), ("A b", "x"),
            ("Transfer-Encoding", "chunked"), ("Connection", "close"), ("Authorization", "Basic x"),
            ("Proxy-Authorization", "Basic x"), ("Content-Length", "999"),
        ]
        let variables = try http.variables()
        #expect(variables["HTTP_X_REAL"] == "true")
        #expect(variables.keys.filter { $0.hasPrefix("HTTP_") } == ["HTTP_X_REAL"])
        #expect(variables["CONTENT_LENGTH"] == nil)
    }

    @Test("repeated fields are joined, cookies as cookies, and no variable comes twice")
    func repeated() throws {
        var http = HTTP()
        http.fields = [
            ("Accept", "a"), ("cookie", "x=1"), ("ACCEPT", " b "), ("Cookie", "y=2"),
            ("Content-Type", "text/plain"), ("Host", "example.org:8080"),
        ]
        let variables = try http.variables()
        #expect(variables["HTTP_ACCEPT"] == "a, b")
        #expect(variables["HTTP_COOKIE"] == "x=1; y=2")
        #expect(variables["CONTENT_TYPE"] == "text/plain")
        #expect(variables["HTTP_CONTENT_TYPE"] == nil)
        #expect(variables["SERVER_NAME"] == "example.org")
    }

    @Test(
        "a name of other characters is nobody's twin",
        arguments: [["X\r1", "X-1"], ["X-1", "X\r1"], ["X-\u{11}", "X-1"]])
    func twins(_ names: [String]) throws {
        var http = HTTP()
        http.fields = names.map { ($0, $0 == "X-1" ? "own" : "forged") }
        let variables = try http.variables()
        #expect(variables["HTTP_X_1"] == "own")
    }

    @Test("a field with a control character is refused")
    func controlCharacter() throws {
        var http = HTTP()
        http.fields = [("X-A", "a\nb")]
        #expect(try http.status() == .GATEWAY_ERR_ENCODING)
        http.fields = Array(repeating: ("X-A", "a"), count: 1_001)
        #expect(try http.status() == .GATEWAY_ERR_LIMIT)
    }

    @Test("CONTENT_LENGTH is that of the body")
    func contentLength() throws {
        var http = HTTP()
        http.fields = [("Content-Length", "999")]
        http.body = "five!"
        #expect(try http.variables()["CONTENT_LENGTH"] == "5")
    }

    @Test("server facts have their defaults")
    func facts() throws {
        let variables = try HTTP().variables()
        #expect(variables["GATEWAY_INTERFACE"] == "CGI/1.1")
        #expect(variables["REQUEST_METHOD"] == "GET")
        #expect(variables["SERVER_PROTOCOL"] == "HTTP/1.1")
        #expect(variables["SERVER_NAME"] == "localhost")
        #expect(variables["SERVER_PORT"] == "80")
        #expect(variables["REQUEST_SCHEME"] == "http")
        #expect(variables["SERVER_SOFTWARE"] == "libgateway/0.1.0")
        #expect(variables["HTTPS"] == nil)
    }
}

/// A request with what most tests have in common.
private struct HTTP {
    var target = "/index.php"
    var rule = gateway_script_rule.GATEWAY_SCRIPT_EXTENSION
    var script = ".php"
    var fields: [(String, String)] = []
    var body: String?

    func status() throws -> gateway_status {
        try add(to: FakeApplication())
    }

    /// What the application gets; fails when one comes twice.
    func variables() throws -> [String: String] {
        let application = try FakeApplication()
        #expect(try add(to: application) == .GATEWAY_OK)
        let bytes = Array((body ?? "").utf8)
        return try bytes.withUnsafeBytes { bytes in
            if body != nil {
                let status = gateway_request_body_bytes(
                    application.request, bytes.baseAddress, bytes.count)
                #expect(status == .GATEWAY_OK)
            }
            let exchange = try application.begin()
            var event = gateway_event()
            event.size = MemoryLayout<gateway_event>.size
            #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_AGAIN)
            let pairs = params(in: application.received())
            return Dictionary(pairs.map { ($0.name, $0.value) }) { first, _ in
                Issue.record("a variable comes twice: \(first)")
                return first
            }
        }
    }

    private func add(to application: FakeApplication) throws -> gateway_status {
        withBytes(["GET", target, script, "index.php", "/srv/www"]) { texts in
            withBytes(fields.flatMap { [$0.0, $0.1] }) { parts in
                var http = gateway_http_request()
                http.size = MemoryLayout<gateway_http_request>.size
                http.script_rule = rule
                http.method = texts[0]
                http.target = texts[1]
                http.script = texts[2]
                http.index = texts[3]
                http.document_root = texts[4]
                let fields = stride(from: 0, to: parts.count, by: 2).map {
                    gateway_field(name: parts[$0], value: parts[$0 + 1])
                }
                return fields.withUnsafeBufferPointer { fields in
                    http.fields = fields.baseAddress
                    http.field_count = fields.count
                    return gateway_request_http(application.request, &http)
                }
            }
        }
    }
}

/// Lends texts as bytes of C for the time of a call.
private func withBytes<Result>(
    _ texts: [String], _ body: ([gateway_bytes]) throws -> Result
) rethrows -> Result {
    let copies = texts.map { text in
        let copy = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(text.utf8.count, 1), alignment: 1)
        copy.copyBytes(from: text.utf8)
        return gateway_bytes(bytes: copy.baseAddress, length: text.utf8.count)
    }
    defer { for copy in copies { UnsafeMutableRawPointer(mutating: copy.bytes)?.deallocate() } }
    return try body(copies)
}
