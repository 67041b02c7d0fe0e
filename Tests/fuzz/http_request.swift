// SPDX-License-Identifier: Apache-2.0
import FastCGI
@testable import GatewayCore
import Transport

/// Whatever a client sends: each variable comes once, none of the server's own is the client's, and
/// each field that may pass is told whole.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTPRequest(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = FuzzInput(bytes, count)
    let client = Client(&input)
    var content = RequestContent(options: BackendOptions())
    do {
        try client.withRequest { try content.append($0) }
        try content.setBody(.written(length: 5))
        try content.addLength(of: content.body)
    } catch {
        require(content.flaw != nil || !(error is RequestContent.HTTPRefusal), "half a request")
        return 0
    }
    content.head.finish(requestID: 1, role: .responder, keepConnection: false)
    let params = WireRecord.decode(content.head.bytes.array)?.filter { $0.type == 4 }
    guard let pairs = params.flatMap({ WirePair.decode($0.flatMap(\.content)) }) else {
        fatalError("no params")
    }
    check(pairs, client)
    return 0
}

/// What a client can choose.
private struct Client {
    let passesAuthorization: Bool
    let isPrefix: Bool
    var fields: [(name: [UInt8], value: [UInt8])] = []
    let target: [UInt8]

    /// Those that mean something, and those that look like them.
    private static let names = [
        "Host", "Proxy", "X-A", "x-a", "X_A", "Cookie", "Content-Type", "Content-Length",
        "Transfer-Encoding", "Authorization", "Connection", "Proxy-Authorization", "TE", "HTTPS",
        "X-A ", "Upgrade",
    ]

    init(_ input: inout FuzzInput) {
        let flags = input.byte()
        passesAuthorization = flags & 1 != 0
        isPrefix = flags & 2 != 0
        for _ in 0..<flags >> 2 & 15 {
            let kind = input.byte()
            var name = Array(Self.names[Int(kind & 15)].utf8)
            if kind & 32 != 0 { name = input.bytes(Int(input.byte() & 31)) }
            // One of its bits is turned.
            if kind & 64 != 0, let last = name.indices.last {
                name[last - Int(input.byte()) % name.count] ^= 1 << (input.byte() & 7)
            }
            fields.append((name, input.bytes(Int(input.byte() & 31))))
        }
        target = input.bytes()
    }

    func withRequest(_ body: (HTTPRequest) throws -> Void) throws {
        // One block, of which the request borrows its parts.
        let texts = fields.flatMap { [$0.name, $0.value] } + [target]
        let block = UnsafeMutableRawBufferPointer.allocate(
            byteCount: texts.reduce(0) { $0 + $1.count }, alignment: 1)
        defer { block.deallocate() }
        var offset = 0
        let parts = texts.map { text in
            let part = UnsafeMutableRawBufferPointer(rebasing: block[offset..<offset + text.count])
            part.copyBytes(from: text)
            offset += text.count
            return BorrowedBytes(UnsafeRawBufferPointer(part))
        }
        var request = HTTPRequest()
        request.method = BorrowedBytes(literal: "POST")
        request.documentRoot = BorrowedBytes(literal: "/srv/")
        request.remoteAddress = BorrowedBytes(literal: "192.0.2.1")
        request.rule = isPrefix ? .prefix : .fileExtension
        request.script = BorrowedBytes(literal: isPrefix ? "" : ".php")
        request.passesAuthorization = passesAuthorization
        request.fields = fields.indices.map {
            HTTPRequest.Field(name: parts[2 * $0], value: parts[2 * $0 + 1])
        }
        request.target = parts[2 * fields.count]
        try body(request)
    }

    /// What the fields of one variable have to come to.
    func value(of variable: String) -> [UInt8]? {
        let values = fields.filter { variableName($0.name) == variable }.map { trimmed($0.value) }
        guard let first = values.first else { return nil }
        let separator = variable == "HTTP_COOKIE" ? "; " : ", "
        return values.dropFirst().reduce(into: first) { joined, value in
            if !joined.isEmpty { joined += separator.utf8 }
            joined += value
        }
    }

    func variableName(_ name: [UInt8]) -> String? {
        let isPlain = name.allSatisfy { byte in
            byte == UInt8(ascii: "-") || Character(Unicode.Scalar(byte)).isNumber && byte < 128
                || Character(Unicode.Scalar(byte)).isLetter && byte < 128
        }
        guard isPlain, !name.isEmpty else { return nil }
        let text = String(decoding: name, as: UTF8.self).uppercased()
        switch text {
        case "PROXY", "CONTENT-LENGTH", "TRANSFER-ENCODING", "CONNECTION", "PROXY-AUTHORIZATION",
            "TE", "UPGRADE", "TRAILER", "KEEP-ALIVE", "PROXY-CONNECTION":
            return nil
        case "AUTHORIZATION" where !passesAuthorization: return nil
        case "CONTENT-TYPE": return "CONTENT_TYPE"
        default: return "HTTP_" + String(text.map { $0 == "-" ? "_" : $0 })
        }
    }
}

private func check(_ pairs: [WirePair], _ client: Client) {
    var values: [String: [UInt8]] = [:]
    for pair in pairs {
        let name = String(decoding: pair.name, as: UTF8.self)
        require(values.updateValue(pair.value, forKey: name) == nil, "a variable that comes twice")
        require(!pair.name.contains { $0 >= 97 && $0 <= 122 }, "a name in small letters")
        let isClients = name.hasPrefix("HTTP_") || name == "CONTENT_TYPE"
        guard isClients else { continue }
        guard let expected = client.value(of: name) else { fatalError("a field out of nowhere") }
        require(pair.value == expected, "a field that says something else")
        require(pair.value.allSatisfy { $0 >= 32 && $0 != 127 || $0 == 9 }, "a control character")
    }
    for variable in client.fields.compactMap({ client.variableName($0.name) }) {
        require(values[variable] != nil, "a field that is lost")
    }
    let own = [
        "CONTENT_LENGTH": "5", "REQUEST_METHOD": "POST", "REMOTE_ADDR": "192.0.2.1",
        "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_PORT": "80", "DOCUMENT_ROOT": "/srv/",
        "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_SCHEME": "http",
    ]
    for (name, value) in own {
        require(values[name].map { $0.elementsEqual(value.utf8) } == true, "a forged variable")
    }
    require(values["REQUEST_URI"] == client.target, "another target")
    let name = values["SCRIPT_NAME"] ?? []
    require(values["SCRIPT_FILENAME"] == Array("/srv".utf8) + name, "a file elsewhere")
    require(
        !name.split(separator: UInt8(ascii: "/")).contains { $0.elementsEqual("..".utf8) },
        "a file above the root")
    let known: Set<String> = [
        "GATEWAY_INTERFACE", "REQUEST_METHOD", "REQUEST_URI", "REQUEST_SCHEME", "SERVER_PROTOCOL",
        "SERVER_SOFTWARE", "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR", "DOCUMENT_ROOT",
        "SCRIPT_NAME", "PATH_INFO", "PATH_TRANSLATED", "SCRIPT_FILENAME", "QUERY_STRING",
        "CONTENT_LENGTH", "CONTENT_TYPE",
    ]
    require(
        values.keys.allSatisfy { known.contains($0) || $0.hasPrefix("HTTP_") },
        "an unknown variable")
}

private func trimmed(_ value: [UInt8]) -> [UInt8] {
    let isBlank: (UInt8) -> Bool = { $0 == 32 || $0 == 9 }
    return Array(value.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
}

extension BorrowedBytes {
    fileprivate init(literal text: StaticString) {
        self.init(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
