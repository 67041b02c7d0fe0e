// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform

/// Where a supervisor is asked for something: a Unix socket in the application's directory.
///
/// A client sends words, each ended by NUL, and ends its side; the answer is text up to the end of
/// the connection.
final class ControlServer {
    static let maxRequest = 131_072
    private static let maxClients = 32
    /// To send a request, in milliseconds.
    private static let patience: UInt32 = 5_000

    /// Who asks.
    final class Client {
        let descriptor: Int32
        private let user: UInt32
        fileprivate var bytes: [UInt8] = []
        /// A descriptor that came with the words; -1: none.
        private(set) var handed: Int32 = -1
        fileprivate let deadline = MonotonicTime.now.advanced(byMilliseconds: patience)

        fileprivate init(_ descriptor: Int32, user: UInt32) {
            self.descriptor = descriptor
            self.user = user
        }

        deinit {
            _ = close(descriptor)
            if handed >= 0 { _ = close(handed) }
        }

        /// Whether it may change anything: root, and whoever runs the supervisor.
        var isTrusted: Bool { user == 0 || user == geteuid() }

        var words: [String] {
            bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
                String(decoding: $0, as: UTF8.self)
            }
        }

        /// The connection ends when nobody has the client any more.
        func answer(_ text: String) {
            let bytes = Array(text.utf8)
            _ = capr_set_nonblocking(descriptor, 0)
            var limit = timeval(tv_sec: 1, tv_usec: 0)
            let size = socklen_t(MemoryLayout<timeval>.size)
            unsafe _ = setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe _ = send(
                    descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
            }
        }

        func answer(_ text: String, handing handed: Int32) {
            let bytes = Array(text.utf8)
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe _ = capr_send_descriptor(
                    descriptor, bytes.baseAddress, bytes.count, handed)
            }
        }

        /// Reads what there is; true when the request is whole, nil when it never will be.
        fileprivate func read() -> Bool? {
            unsafe withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { room in
                while true {
                    var received: Int32 = -1
                    let count = unsafe capr_receive_descriptor(
                        descriptor, room.baseAddress, room.count, &received)
                    if received >= 0 {
                        if handed >= 0 { _ = close(handed) }
                        handed = received
                    }
                    if count == 0 { return true }
                    guard count > 0 else { return errno == EAGAIN ? false : nil }
                    unsafe bytes.append(contentsOf: room.prefix(count))
                    guard bytes.count <= maxRequest else { return nil }
                }
            }
        }
    }

    private let socket: ListeningSocket
    private var clients: [Client] = []

    init(_ directory: RuntimeDirectory, client: Identity?) throws(SystemError) {
        let path = directory.controlPath
        // Who has the directory's lock is the only one to listen here.
        unsafe unlink(path)
        do {
            socket = try directory.listen(at: path, for: client)
        } catch {
            throw SystemError(number: EADDRINUSE)
        }
        _ = capr_set_nonblocking(socket.descriptor, 1)
    }

    var descriptors: [Int32] { [socket.descriptor] + clients.map(\.descriptor) }

    func serve(_ ready: Set<Int32>, _ answer: (Client) -> Void) {
        if ready.contains(socket.descriptor) { accept() }
        let now = MonotonicTime.now
        clients.removeAll { client in
            guard ready.contains(client.descriptor) else { return now >= client.deadline }
            switch client.read() {
            case true?: answer(client)
            case false?: return now >= client.deadline
            case nil: break
            }
            return true
        }
    }

    private func accept() {
        while clients.count < Self.maxClients {
            var user: UInt32 = .max
            let descriptor = unsafe capr_accept(socket.descriptor, &user)
            guard descriptor >= 0 else { return }
            clients.append(Client(descriptor, user: user))
        }
    }
}
