// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
package import Platform
package import Transport

/// A socket that applications accept connections from. It is made once, and outlives each process
/// that it is handed to, so that no restart ever has to bind again.
package final class ListeningSocket: Sendable {
    package enum Refusal: Error {
        case address(String)
        /// Somebody listens there.
        case inUse(String)
        /// What is there is no socket.
        case notASocket(String)
        case system(String, SystemError)

        package var text: String {
            switch self {
            case .address(let address): "\"\(address)\" is no address to listen at"
            case .inUse(let address): "\(address): somebody listens there"
            case .notASocket(let address): "\(address): what is there is no socket"
            case .system(let address, let error): "\(address): \(error.text)"
            }
        }
    }

    private static let backlog: Int32 = 1_024

    package let descriptor: Int32
    package let endpoint: Endpoint
    /// Of its file, if it has one.
    private let path: String?

    /// - Parameters:
    ///   - address: in a form that `Endpoint` reads
    ///   - mode: of the socket's file, less what the umask takes; nil for the usual one
    /// - Throws: why nobody can listen there.
    package init(_ address: String, mode: UInt32? = nil) throws(Refusal) {
        do {
            endpoint = try Endpoint(parsing: address)
        } catch {
            throw .address(address)
        }
        guard let first = endpoint.addresses.first else { throw .address(address) }
        path = endpoint.path
        if let path { try Self.removeStale(path, endpoint: endpoint) }
        let descriptor = first.openSocket()
        guard descriptor >= 0 else { throw .system(address, .last) }
        // The file that bind(2) makes has the mode of the socket.
        if let mode { _ = fchmod(descriptor, mode) }
        if let error = first.listen(descriptor, backlog: Self.backlog) {
            _ = close(descriptor)
            if error.number == EADDRINUSE { throw .inUse(address) }
            throw .system(address, error)
        }
        // Applications expect that accept(2) waits.
        _ = capr_set_nonblocking(descriptor, 0)
        self.descriptor = descriptor
    }

    deinit {
        _ = close(descriptor)
    }

    /// A file that nobody listens behind is left over; a live one is somebody else's.
    private static func removeStale(_ path: String, endpoint: Endpoint) throws(Refusal) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket(endpoint.text) }
        var connector = Connector(endpoint)
        switch connector.step() {
        case .connected: throw .inUse(endpoint.text)
        case .pending: throw .inUse(endpoint.text)
        case .failed(let error):
            guard error.number == ECONNREFUSED else { throw .system(endpoint.text, error) }
        }
        guard unsafe unlink(path) == 0 else { throw .system(endpoint.text, .last) }
    }

    /// Lets the processes of a user connect, who has to own the socket's file for that.
    ///
    /// - Throws: why that cannot be.
    package func give(to client: Identity) throws(Refusal) {
        guard let path, geteuid() == 0 else { return }
        guard unsafe lchown(path, client.user, client.group) == 0 else {
            throw .system(endpoint.text, .last)
        }
    }

    /// Whether a connection waits to be accepted.
    package var hasPending: Bool {
        Interest.read.wait(on: descriptor, until: MonotonicTime(nanoseconds: 0)) != []
    }
}
