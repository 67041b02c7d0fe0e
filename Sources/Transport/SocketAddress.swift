// SPDX-License-Identifier: Apache-2.0

internal import CAPR
package import Platform

/// One address that a socket can be connected to.
@safe
package struct SocketAddress: Sendable {
    package enum Family: Sendable { case unix, tcp }

    package let family: Family
    private var storage: sockaddr_storage
    private let length: socklen_t

    /// Where a Unix socket's path is within its address.
    private static let pathOffset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    /// sun_path is 108 bytes, of which the last ends the string.
    private static let maxPath = 107

    /// A socket in the file system, or one in the abstract namespace (unix(7)).
    ///
    /// - Returns: nil when the path is empty or longer than 107 bytes.
    package init?(unixPath path: UnsafeRawBufferPointer, isAbstract: Bool) {
        guard path.count > 0, path.count <= Self.maxPath else { return nil }
        family = .unix
        storage = sockaddr_storage()
        storage.ss_family = sa_family_t(AF_UNIX)
        let start = Self.pathOffset + (isAbstract ? 1 : 0)
        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[start...]).copyMemory(from: path)
        }
        // An abstract name is all the bytes there are, a path ends with NUL.
        length = socklen_t(start + path.count + (isAbstract ? 0 : 1))
    }

    /// An address that APR has resolved.
    init?(resolved: UnsafePointer<apr_sockaddr_t>) {
        let size = Int(unsafe resolved.pointee.salen)
        guard size > 0, size <= MemoryLayout<sockaddr_storage>.size else { return nil }
        family = .tcp
        storage = sockaddr_storage()
        length = socklen_t(size)
        unsafe withUnsafeMutableBytes(of: &storage) { bytes in
            unsafe withUnsafePointer(to: resolved.pointee.sa) { address in
                unsafe bytes.copyMemory(from: UnsafeRawBufferPointer(start: address, count: size))
            }
        }
    }

    /// A new socket of the address's family: non-blocking, close-on-exec.
    package func openSocket() -> Int32 {
        socket(
            Int32(storage.ss_family),
            Int32(
                SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue
                    | SOCK_CLOEXEC.rawValue), 0)
    }

    func connect(_ descriptor: Int32) -> Int32 {
        unsafe withUnsafePointer(to: storage) { address in
            unsafe capr_connect(descriptor, address, length)
        }
    }

    /// Binds a socket of the family to the address and listens there; nil when that went well.
    package func listen(_ descriptor: Int32, backlog: Int32) -> SystemError? {
        if family == .tcp {
            var on: Int32 = 1
            unsafe _ = setsockopt(
                descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        }
        let status = unsafe withUnsafePointer(to: storage) { address in
            unsafe capr_bind(descriptor, address, length)
        }
        guard status == 0, CAPR.listen(descriptor, backlog) == 0 else { return .last }
        return nil
    }
}
