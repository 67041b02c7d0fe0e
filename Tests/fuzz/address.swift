// SPDX-License-Identifier: Apache-2.0
import Platform
@testable import Transport

/// Whatever a user writes for an address: what is taken is one of the forms that the interface
/// names, word for word, and none of these is refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzAddress(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = isLibraryReady
    var input = FuzzInput(bytes, count)
    // As from a string of C: up to the first NUL, and mended where it is no UTF-8.
    let text = String(decoding: input.bytes().prefix { $0 != 0 }, as: UTF8.self)
    // Characters that are made of several would need the same notion of them here.
    guard text.utf8.allSatisfy({ $0 < 128 }) else {
        _ = try? Endpoint.list(parsing: text)
        return 0
    }
    do {
        let endpoints = try Endpoint.list(parsing: text)
        require((1...64).contains(endpoints.count), "too many endpoints, or none")
        require(
            endpoints.map(\.text).joined(separator: " ") == text.drop { $0 == " " },
            "an address that is not written")
        for endpoint in endpoints {
            require(isAddress(endpoint.text), "an address of no known form")
            require(!endpoint.addresses.isEmpty, "an endpoint without an address")
            let isUnix = endpoint.text.hasPrefix("unix:") || endpoint.text.hasPrefix("/")
            require(
                endpoint.addresses.allSatisfy { ($0.family == .unix) == isUnix }, "another family")
        }
    } catch .unknownHost {
        return 0
    } catch {
        let words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        require(
            words.count > 64 || !words.allSatisfy(isAddress)
                // A path goes on up to the next scheme, and may be too long then.
                || words.dropFirst().contains { word in !schemes.contains(where: word.hasPrefix) },
            "an address of a known form is refused"
        )
    }
    return 0
}

private let isLibraryReady: Bool = (try? APRLibrary.use()) != nil

private let schemes = ["unix:", "tcp:", "fcgi://"]

private func isAddress(_ text: String) -> Bool {
    if text.hasPrefix("unix:@") { return (7...113).contains(text.utf8.count) }
    if text.hasPrefix("unix:") { return text.hasPrefix("unix:/") && text.utf8.count <= 112 }
    if text.hasPrefix("/") { return text.utf8.count <= 107 }
    if text.hasPrefix("tcp:") { return isHostAndPort(text.dropFirst(4)) }
    guard text.hasPrefix("fcgi://") else { return isHostAndPort(text[...]) }
    var rest = text.dropFirst(7)
    if rest.hasSuffix("/") { rest = rest.dropLast() }
    let hasPort = (rest.split(separator: "]").last ?? "").contains(":")
    return isHostAndPort(rest) || !hasPort && isHostAndPort((rest + ":8000")[...])
}

private func isHostAndPort(_ text: Substring) -> Bool {
    guard let colon = text.lastIndex(of: ":") else { return false }
    let port = text[text.index(after: colon)...]
    guard port.allSatisfy({ $0 >= "0" && $0 <= "9" }), let number = Int(port),
        (1...65_535).contains(number)
    else { return false }
    let host = text[..<colon]
    // A path is no host.
    guard !host.contains("/") else { return false }
    if host.hasPrefix("[") { return host.hasSuffix("]") && host.count > 2 }
    return !host.isEmpty && !host.contains(":")
}
