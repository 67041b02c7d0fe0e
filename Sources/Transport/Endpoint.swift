// SPDX-License-Identifier: Apache-2.0

internal import CAPR
package import Platform

/// An address of a backend as its user wrote it, and what it stands for.
package struct Endpoint: Sendable {
    package enum Refusal: Error {
        /// Neither `unix:` nor `tcp:`.
        case unknownScheme
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

    /// Reads `unix:/path`, `unix:@abstract`, `tcp:host:port` and `tcp:[v6]:port`; resolves names,
    /// which may block.
    package init(parsing text: String) throws(Refusal) {
        self.text = text
        if let path = text.dropping(prefix: "unix:") {
            addresses = [try Self.unixAddress(path)]
        } else if let rest = text.dropping(prefix: "tcp:") {
            addresses = try Self.tcpAddresses(rest)
        } else {
            throw .unknownScheme
        }
    }

    /// Reads one address or several; the next begins where a space is followed by a scheme.
    package static func list(parsing text: String) throws(Refusal) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        var address = ""
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let isNext = word.hasPrefix("unix:") || word.hasPrefix("tcp:")
            if isNext, !address.isEmpty {
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
