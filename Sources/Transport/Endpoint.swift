// SPDX-License-Identifier: Apache-2.0

internal import CAPR
package import Platform

/// An address of a backend as its user wrote it, and what it stands for.
package struct Endpoint: Sendable {
    package enum Refusal: Error {
        /// Neither a path nor a host and a port, or after an unknown scheme.
        case unknownForm
        /// The path is missing or longer than 107 bytes.
        case badPath
        /// The host is missing, or an address in brackets is not closed.
        case badHost
        /// The port is missing or not from 1 to 65535.
        case badPort
        /// More than 64.
        case tooMany
        /// The name cannot be resolved.
        case unknownHost(APRError)
    }

    package let text: String
    /// To be tried in turn.
    package let addresses: [SocketAddress]
    /// The file of a Unix socket that has one.
    package let path: String?

    /// Reads `unix:/path`, `unix:@abstract`, `/path`, `tcp:host:port`, `host:port` and
    /// `fcgi://host:port` (httpd's form, where the port may be missing and is 8000 then); a host is
    /// a name, an IPv4 address, or an IPv6 address in brackets. Resolves names, which may block.
    package init(parsing text: String) throws(Refusal) {
        self.text = text
        var path: String?
        switch Form(of: text) {
        case .unix(let name):
            addresses = [try Self.unixAddress(name)]
            path = name.hasPrefix("/") ? String(name) : nil
        case .tcp(let rest): addresses = try Self.tcpAddresses(rest)
        case .fcgi(let rest): addresses = try Self.tcpAddresses(Self.withPort(rest))
        case nil: throw .unknownForm
        }
        self.path = path
    }

    /// Reads one address or several with spaces between them. A path may hold spaces itself: after
    /// one, the next address begins only where a scheme does.
    package static func list(parsing text: String) throws(Refusal) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        var address = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            if !address.isEmpty, Form.begins(word, after: address) {
                endpoints.append(try Endpoint(parsing: address))
                address = ""
            }
            if !address.isEmpty { address += " " }
            address += word
        }
        endpoints.append(try Endpoint(parsing: address))
        guard endpoints.count <= maxCount else { throw .tooMany }
        return endpoints
    }

    private static let maxCount = 64
    /// mod_proxy's port of the scheme `fcgi`.
    private static let defaultPort = ":8000"

    /// Which of the forms an address has, with what follows its scheme.
    private enum Form {
        case unix(Substring)
        case tcp(Substring)
        case fcgi(Substring)

        init?(of text: String) {
            if let path = text.dropping(prefix: "unix:") {
                self = .unix(path)
            } else if let rest = text.dropping(prefix: "tcp:") {
                self = .tcp(rest)
            } else if let rest = text.dropping(prefix: "fcgi://") {
                self = .fcgi(rest)
            } else if text.hasPrefix("/") {
                self = .unix(text[...])
            } else if text.contains(":"), !text.contains("/") {
                self = .tcp(text[...])
            } else {
                return nil
            }
        }

        /// Whether a word begins another address than the one before it.
        static func begins(_ word: Substring, after address: String) -> Bool {
            if ["unix:", "tcp:", "fcgi://"].contains(where: { word.hasPrefix($0) }) { return true }
            if case .unix = Form(of: address) { return false }
            return !word.isEmpty
        }
    }

    /// The slash that ends a URL is no part of the address.
    private static func withPort(_ rest: Substring) -> Substring {
        let authority = rest.last == "/" ? rest.dropLast() : rest
        let afterHost = authority.lastIndex(of: "]").map { authority[$0...] } ?? authority
        return afterHost.contains(":") ? authority : authority + defaultPort
    }

    private static func unixAddress(_ path: Substring) throws(Refusal) -> SocketAddress {
        let isAbstract = path.utf8.first == UInt8(ascii: "@")
        guard isAbstract || path.utf8.first == UInt8(ascii: "/") else { throw .badPath }
        let bytes = Array(isAbstract ? path.dropFirst().utf8 : path.utf8)
        let address = unsafe bytes.withUnsafeBytes { bytes in
            unsafe SocketAddress(unixPath: bytes, isAbstract: isAbstract)
        }
        guard let address else { throw .badPath }
        return address
    }

    private static func tcpAddresses(_ text: Substring) throws(Refusal) -> [SocketAddress] {
        guard let colon = text.lastIndex(of: ":") else { throw .badPort }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits),
            port > 0
        else { throw .badPort }
        var host = text[..<colon]
        if host.first == "[" {
            guard host.last == "]" else { throw .badHost }
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            throw .badHost
        }
        // APR would take a path for the address of a Unix socket.
        guard !host.isEmpty, !host.contains("/") else { throw .badHost }
        do {
            return try resolve(String(host), port: port)
        } catch {
            throw .unknownHost(error)
        }
    }

    private static func resolve(_ host: String, port: UInt16) throws(APRError) -> [SocketAddress] {
        let pool = try MemoryPool()
        var first: UnsafeMutablePointer<apr_sockaddr_t>?
        let status = unsafe apr_sockaddr_info_get(
            &first, host, APR_UNSPEC, port, 0, pool.pointer)
        guard status == APR_SUCCESS else { throw APRError(status) }
        var addresses: [SocketAddress] = []
        var next = unsafe first
        while let resolved = unsafe next {
            if let address = unsafe SocketAddress(resolved: resolved) { addresses.append(address) }
            unsafe next = resolved.pointee.next
        }
        guard !addresses.isEmpty else { throw APRError(APR_EGENERAL) }
        return addresses
    }
}

extension String {
    fileprivate func dropping(prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }
}
