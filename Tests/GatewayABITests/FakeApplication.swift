// SPDX-License-Identifier: Apache-2.0

import CAPR
import CGateway
import GatewayABI
import Glibc
import Testing

/// The application's end of a connection that the host supplies: what was sent is decoded, what is
/// to be answered is written byte by byte as a test wants it.
final class FakeApplication {
    let gateway: OpenGateway
    let backend: OpaquePointer
    let request: OpaquePointer
    /// The host's end.
    private(set) var descriptor: Int32
    private var peer: Int32
    private var exchange: OpaquePointer?

    init(_ options: gateway_backend_options? = nil) throws {
        gateway = try OpenGateway()
        var opened: OpaquePointer?
        if var options {
            #expect(gateway_backend_open(gateway.handle, nil, &options, &opened) == .GATEWAY_OK)
        } else {
            #expect(gateway_backend_open(gateway.handle, nil, nil, &opened) == .GATEWAY_OK)
        }
        backend = try #require(opened)
        #expect(gateway_request_open(backend, &opened) == .GATEWAY_OK)
        request = try #require(opened)
        var pair: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        descriptor = pair[0]
        peer = pair[1]
        _ = fcntl(peer, F_SETFL, O_NONBLOCK)
    }

    deinit {
        gateway_exchange_close(exchange)
        gateway_request_close(request)
        gateway_backend_close(backend)
        close(descriptor)
        close(peer)
    }

    /// Begins a non-blocking exchange on the connection, of its own request or of another.
    func begin(
        requestID: UInt32 = 1, of other: OpaquePointer? = nil,
        _ change: (inout gateway_exchange_options) -> Void = { _ in }
    ) throws -> OpaquePointer {
        gateway_exchange_close(exchange)
        var options = gateway_exchange_options()
        options.size = MemoryLayout<gateway_exchange_options>.size
        options.flags = GATEWAY_EXCHANGE_NONBLOCKING | GATEWAY_EXCHANGE_KEEP_CONNECTION
        options.supplied = 1
        options.descriptor = descriptor
        options.request_id = requestID
        change(&options)
        let status = gateway_exchange_open(backend, other ?? request, &options, &exchange)
        #expect(status == .GATEWAY_OK)
        return try #require(exchange)
    }

    /// Ends the exchange that was begun last.
    func closeExchange() {
        gateway_exchange_close(exchange)
        exchange = nil
    }

    /// The host closes its end.
    func closeDescriptor() {
        close(descriptor)
        descriptor = -1
    }

    /// Goes on with another connection.
    func connectAnew() {
        close(descriptor)
        close(peer)
        var pair: [Int32] = [-1, -1]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        descriptor = pair[0]
        peer = pair[1]
        _ = fcntl(peer, F_SETFL, O_NONBLOCK)
    }

    /// Adds what was sent, and answers whether nothing more can come.
    func isHalfClosed(after seen: inout [UInt8]) -> Bool {
        seen += received()
        var byte: UInt8 = 0
        return recv(peer, &byte, 1, Int32(MSG_PEEK)) == 0
    }

    var stats: gateway_stats {
        var stats = gateway_stats()
        stats.size = MemoryLayout<gateway_stats>.size
        #expect(gateway_backend_stats(backend, &stats) == .GATEWAY_OK)
        return stats
    }

    /// All bytes that were sent so far.
    func received() -> [UInt8] {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(peer, &piece, piece.count)
            guard count > 0 else { return all }
            all += piece[..<count]
        }
    }

    func send(_ bytes: [UInt8]) {
        #expect(write(peer, bytes, bytes.count) == bytes.count)
    }

    func endOutput() {
        shutdown(peer, Int32(SHUT_WR))
    }
}

/// A record as it was sent.
struct Record: Equatable {
    var type: UInt8
    var requestID: UInt16
    var content: [UInt8]

    /// Takes bytes apart that hold whole records.
    static func all(in bytes: [UInt8]) -> [Record] {
        var records: [Record] = []
        var rest = bytes[...]
        while rest.count >= 8 {
            let header = Array(rest.prefix(8))
            let length = Int(header[4]) << 8 | Int(header[5])
            records.append(
                Record(
                    type: header[1], requestID: UInt16(header[2]) << 8 | UInt16(header[3]),
                    content: Array(rest.dropFirst(8).prefix(length))))
            rest = rest.dropFirst(8 + length + Int(header[6]))
        }
        return records
    }

    /// As an application sends it, without padding.
    var bytes: [UInt8] {
        [
            1, type, UInt8(requestID >> 8), UInt8(requestID & 0xFF), UInt8(content.count >> 8),
            UInt8(content.count & 0xFF), 0, 0,
        ] + content
    }

    static func stdout(_ text: String, id: UInt16 = 1) -> [UInt8] {
        Record(type: 6, requestID: id, content: Array(text.utf8)).bytes
    }

    static func end(id: UInt16 = 1, status: UInt8 = 0) -> [UInt8] {
        Record(type: 3, requestID: id, content: [0, 0, 0, 0, status, 0, 0, 0]).bytes
    }
}

/// The pairs of a PARAMS stream, in order.
func params(in bytes: [UInt8]) -> [(name: String, value: String)] {
    var rest = Record.all(in: bytes).filter { $0.type == 4 }.flatMap(\.content)[...]
    func length() -> Int {
        let first = Int(rest.removeFirst())
        if first < 128 { return first }
        let low = rest.prefix(3).reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(3)
        return (first & 0x7F) << 24 | low
    }
    var pairs: [(String, String)] = []
    while !rest.isEmpty {
        let nameLength = length()
        let valueLength = length()
        let name = String(decoding: rest.prefix(nameLength), as: UTF8.self)
        rest = rest.dropFirst(nameLength)
        pairs.append((name, String(decoding: rest.prefix(valueLength), as: UTF8.self)))
        rest = rest.dropFirst(valueLength)
    }
    return pairs
}
