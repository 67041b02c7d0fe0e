// SPDX-License-Identifier: Apache-2.0

package import FastCGI
internal import Transport

/// From an HTTP request to meta-variables. RFC 3875 §4.1.
extension RequestContent {
    package enum HTTPRefusal: Error {
        case inUse
        case noScript
        case tooManyFields
        /// The path or a field cannot be handed on as it is.
        case malformed
        case param(RequestHead.Refusal)
    }

    /// Adds the meta-variables of an HTTP request; after a failure the request cannot be sent.
    package mutating func append(_ http: HTTPRequest) throws(HTTPRefusal) {
        guard !isInUse else { throw .inUse }
        do {
            try appendAll(of: http)
        } catch {
            refuse(.holdsNUL)
            throw error
        }
        isHTTP = true
        streamsBody = http.streamsBody
    }

    /// There are too many fields: the request cannot be sent without them.
    package mutating func refuseFields() -> HTTPRefusal {
        guard !isInUse else { return .inUse }
        refuse(.overLimit)
        return .tooManyFields
    }

    private mutating func appendAll(of http: HTTPRequest) throws(HTTPRefusal) {
        guard http.fields.count <= HTTPRequest.maxFields else { throw refuseFields() }
        try appendScript(of: http)
        try add("GATEWAY_INTERFACE", "CGI/1.1")
        try add("REQUEST_METHOD", http.method)
        try add("REQUEST_URI", http.target)
        try add("REQUEST_SCHEME", http.isSecure ? "https" : "http")
        if http.isSecure { try add("HTTPS", "on") }
        try add("SERVER_PROTOCOL", http.httpVersion, default: "HTTP/1.1")
        try add("SERVER_SOFTWARE", http.serverSoftware, default: "libgateway/0.1.0")
        try add("SERVER_NAME", serverName(of: http), default: "localhost")
        try add("SERVER_PORT", http.serverPort > 0 ? http.serverPort : http.isSecure ? 443 : 80)
        try addIfKnown("SERVER_ADDR", http.serverAddress)
        try addIfKnown("REMOTE_ADDR", http.remoteAddress)
        if http.remotePort > 0 { try add("REMOTE_PORT", http.remotePort) }
        try addIfKnown("REMOTE_USER", http.remoteUser)
        try addIfKnown("AUTH_TYPE", http.authType)
        try addIfKnown("DOCUMENT_ROOT", http.documentRoot)
        try appendFields(of: http)
    }

    private mutating func appendScript(of http: HTTPRequest) throws(HTTPRefusal) {
        let path = try split(http)
        try add("SCRIPT_NAME", path.scriptName)
        if path.pathInfo.byteCount > 0 {
            try add("PATH_INFO", path.pathInfo)
            if !http.documentRoot.isEmpty {
                try add("PATH_TRANSLATED", http.documentRoot, followedBy: path.pathInfo)
            }
        }
        if !http.scriptFilename.isEmpty {
            try add("SCRIPT_FILENAME", http.scriptFilename)
        } else if !http.documentRoot.isEmpty {
            try add("SCRIPT_FILENAME", http.documentRoot, followedBy: path.scriptName)
        }
        try add("QUERY_STRING", http.target.part(path.query))
    }

    private mutating func split(_ http: HTTPRequest) throws(HTTPRefusal) -> ScriptPath {
        do {
            return try unsafe ScriptPath(
                target: RawSpan(_unsafeBytes: http.target.buffer), rule: http.rule,
                script: RawSpan(_unsafeBytes: http.script.buffer),
                index: RawSpan(_unsafeBytes: http.index.buffer))
        } catch {
            throw error == .noScript ? .noScript : .malformed
        }
    }

    // MARK: Header fields

    private mutating func appendFields(of http: HTTPRequest) throws(HTTPRefusal) {
        var name = ByteBuffer(capacity: 64)
        var value = ByteBuffer(capacity: 256)
        for (index, field) in http.fields.enumerated() {
            let variable = field.name.withSpan { FieldVariable(name: $0) }
            name.removeAll()
            switch variable {
            case .none, .contentLength: continue
            case .authorization where !http.passesAuthorization: continue
            case .contentType: name.append("CONTENT_TYPE")
            case .http, .cookie, .authorization:
                field.name.withSpan { FieldVariable.appendName(of: $0, to: &name) }
            }
            // The first of several stands for all of them.
            if http.fields[..<index].contains(where: { $0.hasName(of: field) }) { continue }
            value.removeAll()
            for same in http.fields[index...] where same.hasName(of: field) {
                if !value.isEmpty { value.append(variable.separator) }
                try same.appendValue(to: &value)
            }
            try add(name.bytes, value.bytes)
        }
    }

    /// The host of the Host field; a client's word, so only where it can be nothing else.
    private mutating func serverName(of http: HTTPRequest) -> BorrowedBytes {
        guard http.serverName.isEmpty else { return http.serverName }
        let host = http.fields.first { field in
            field.name.withSpan { $0.equalsIgnoringCase("host", in: 0..<$0.byteCount) }
        }
        guard let host else { return .none }
        return host.value.part(0..<host.hostLength)
    }

    // MARK: Adding

    private mutating func add(_ name: RawSpan, _ value: RawSpan) throws(HTTPRefusal) {
        do {
            try append(name: name, value: value)
        } catch {
            switch error {
            case .inUse: throw .inUse
            case .param(let refusal): throw .param(refusal)
            }
        }
    }

    private mutating func add(_ name: StaticString, _ value: RawSpan) throws(HTTPRefusal) {
        try add(unsafe RawSpan(_unsafeBytes: name.rawBytes), value)
    }

    private mutating func add(_ name: StaticString, _ value: StaticString) throws(HTTPRefusal) {
        try add(name, unsafe RawSpan(_unsafeBytes: value.rawBytes))
    }

    private mutating func add(
        _ name: StaticString, _ value: BorrowedBytes, default text: StaticString = ""
    ) throws(HTTPRefusal) {
        if value.isEmpty { return try add(name, text) }
        try add(name, unsafe RawSpan(_unsafeBytes: value.buffer))
    }

    private mutating func addIfKnown(
        _ name: StaticString, _ value: BorrowedBytes
    ) throws(HTTPRefusal) {
        if !value.isEmpty { try add(name, value) }
    }

    private mutating func add(_ name: StaticString, _ number: UInt32) throws(HTTPRefusal) {
        var digits = ByteBuffer(capacity: 20)
        digits.append(decimal: UInt64(number))
        try add(name, digits.bytes)
    }

    /// A root without its last slash, and a path behind it.
    private mutating func add(
        _ name: StaticString, _ root: BorrowedBytes, followedBy path: RawSpan
    ) throws(HTTPRefusal) {
        var joined = ByteBuffer(capacity: root.count + path.byteCount)
        unsafe joined.append(copying: root.buffer)
        if joined.byte(at: joined.count - 1) == ASCII.slash {
            joined.truncate(to: joined.count - 1)
        }
        joined.append(path)
        try add(name, joined.bytes)
    }
}

extension HTTPRequest.Field {
    /// Whether it is the same field; the other's name is of letters, digits and hyphens.
    fileprivate func hasName(of other: HTTPRequest.Field) -> Bool {
        guard name.count == other.name.count else { return false }
        return name.withSpan { name in
            other.name.withSpan { other in
                for offset in 0..<name.byteCount {
                    // A letter's case is one bit, which makes a digit or hyphen another character.
                    let mask: UInt8 = other[offset] >= 0x41 ? 0xDF : 0xFF
                    if (name[offset] ^ other[offset]) & mask != 0 { return false }
                }
                return true
            }
        }
    }

    /// Without white space around it; control characters are refused.
    fileprivate func appendValue(to buffer: inout ByteBuffer) throws(RequestContent.HTTPRefusal) {
        let value = unsafe RawSpan(_unsafeBytes: self.value.buffer)
        guard let trimmed = HeaderField.trimmedValue(of: value) else { throw .malformed }
        buffer.append(value.extracting(trimmed))
    }

    /// How much of a Host field is its host: letters, digits, dots, hyphens, or an address in
    /// brackets; 0 when it is anything else.
    fileprivate var hostLength: Int {
        value.withSpan { value in
            var isBracketed = false
            for offset in 0..<value.byteCount {
                switch value[offset] {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E: continue
                case 0x5B where offset == 0: isBracketed = true
                case 0x5D where isBracketed: return offset + 1
                case ASCII.colon where isBracketed: continue
                case ASCII.colon: return offset
                default: return 0
                }
            }
            return isBracketed ? 0 : value.byteCount
        }
    }
}

extension StaticString {
    fileprivate var rawBytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
    }
}
