// SPDX-License-Identifier: Apache-2.0

import FastCGI

/// The params of the request, each name once, in the order in which they came. RFC 3875 §4.1.
///
/// They are put together here, not by gateway_request_http, since whoever debugs an application
/// must be able to replace any of them, REQUEST_URI beside another SCRIPT_NAME included.
struct MetaVariables {
    private(set) var all: [(name: String, value: String)] = []

    /// A request without a body has no length of it.
    init(
        script: String, request: RequestOptions, method: String, bodyLength: UInt64?
    ) throws(Failure) {
        let root = request.documentRoot
        let name = request.scriptName ?? Self.scriptName(of: script, below: root)
        let pathInfo = request.pathInfo ?? ""
        let uriQuery = request.uri?.split(separator: "?", maxSplits: 1).dropFirst().first
        let query = request.query ?? uriQuery.map(String.init) ?? ""
        set("SCRIPT_FILENAME", to: script)
        set("SCRIPT_NAME", to: name)
        if !pathInfo.isEmpty { set("PATH_INFO", to: pathInfo) }
        if let root {
            set("DOCUMENT_ROOT", to: root)
            if !pathInfo.isEmpty { set("PATH_TRANSLATED", to: root + pathInfo) }
        }
        set("QUERY_STRING", to: query)
        let path = Self.encoded(name + pathInfo)
        set("REQUEST_URI", to: request.uri ?? (query.isEmpty ? path : path + "?" + query))
        set("REQUEST_METHOD", to: method)
        set("GATEWAY_INTERFACE", to: "CGI/1.1")
        set("SERVER_PROTOCOL", to: "HTTP/1.1")
        set("SERVER_SOFTWARE", to: "gateway-get/" + String(cString: Library.version))
        set("SERVER_NAME", to: "localhost")
        set("SERVER_ADDR", to: "127.0.0.1")
        set("SERVER_PORT", to: "80")
        set("REMOTE_ADDR", to: "127.0.0.1")
        set("REQUEST_SCHEME", to: "http")
        if let bodyLength {
            set("CONTENT_LENGTH", to: String(bodyLength))
            set("CONTENT_TYPE", to: "application/x-www-form-urlencoded")
        }
        try setFields(request.fields)
        for param in request.params {
            guard let equals = param.firstIndex(of: "="), equals != param.startIndex else {
                throw Failure(.usage, "--env '\(param)': NAME=VALUE is wanted")
            }
            set(String(param[..<equals]), to: String(param[param.index(after: equals)...]))
        }
    }

    var method: String { all.first { $0.name == "REQUEST_METHOD" }?.value ?? "" }

    private mutating func set(_ name: String, to value: String) {
        if let index = all.firstIndex(where: { $0.name == name }) {
            all[index].value = value
        } else {
            all.append((name, value))
        }
    }

    /// The path below the root, or else the script's last component.
    private static func scriptName(of script: String, below root: String?) -> String {
        if var root {
            while root.hasSuffix("/") { root.removeLast() }
            if script.hasPrefix(root + "/") { return String(script.dropFirst(root.count)) }
        }
        return "/" + (script.split(separator: "/").last.map(String.init) ?? "")
    }

    /// As a path stands in a request line. RFC 3986 §3.3.
    private static func encoded(_ path: String) -> String {
        var encoded = ""
        for byte in path.utf8 {
            let character = Unicode.Scalar(byte)
            switch character {
            case "a"..."z", "A"..."Z", "0"..."9": encoded.unicodeScalars.append(character)
            case _ where "/-._~!$&'()*+,;=:@".unicodeScalars.contains(character):
                encoded.unicodeScalars.append(character)
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += (byte < 16 ? "%0" : "%") + digits
            }
        }
        return encoded
    }

    // MARK: Header fields

    /// Fields become the variables that a server makes of them; what a server keeps to itself is
    /// refused, rather than left out without a word.
    private mutating func setFields(_ fields: [String]) throws(Failure) {
        var seen: Set<String> = []
        for field in fields {
            guard let colon = field.firstIndex(of: ":"), colon != field.startIndex else {
                throw Failure(.usage, "-H '\(field)': 'Name: value' is wanted")
            }
            let name = Array(field[..<colon].utf8)
            let value = Self.trimmed(field[field.index(after: colon)...])
            let kind = FieldVariable(name: name.span.bytes)
            let variable: String
            switch kind {
            case .none, .contentLength:
                throw Failure(
                    .usage, "-H '\(field)': a server does not hand this field on; --env can")
            case .contentType: variable = "CONTENT_TYPE"
            case .http, .cookie, .authorization: variable = Self.variable(of: name)
            }
            let old = all.first { $0.name == variable }?.value
            let isFirst = seen.insert(variable).inserted
            set(variable, to: isFirst ? value : "\(old ?? "")\(kind.separator)\(value)")
            if variable == "HTTP_HOST" {
                set("SERVER_NAME", to: String(value.prefix { $0 != ":" }))
            }
        }
    }

    private static func variable(of name: [UInt8]) -> String {
        var buffer = ByteBuffer(capacity: name.count + 5)
        FieldVariable.appendName(of: name.span.bytes, to: &buffer)
        return String(decoding: buffer.address, as: UTF8.self)
    }

    private static func trimmed(_ text: Substring) -> String {
        let isSpace = { (character: Character) in character == " " || character == "\t" }
        let rest = text.drop(while: isSpace)
        return String(rest.prefix(rest.count - rest.reversed().prefix(while: isSpace).count))
    }
}
