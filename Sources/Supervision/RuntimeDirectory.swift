// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
package import Platform

/// Where the sockets of an application are: a directory of its own, in which nobody else makes or
/// replaces anything, its clients neither.
package struct RuntimeDirectory: Sendable {
    package enum Refusal: Error {
        /// Something else is there, or it is somebody else's.
        case notOurs(String)
        /// Others can replace what is in it.
        case open(String)
        /// Another supervisor has it.
        case inUse(String)
        /// The path of a socket in it would be longer than 107 bytes.
        case tooLong(String)
        case system(String, SystemError)

        package var text: String {
            switch self {
            case .notOurs(let path): "\(path) is not a directory of ours alone"
            case .open(let path): "\(path) is not a directory in which only its owner writes"
            case .inUse(let path): "\(path): the application is supervised already"
            case .tooLong(let path): "\(path) is too long for a socket"
            case .system(let path, let error): "\(path): \(error.text)"
            }
        }
    }

    private static let maxSocketPath = 107

    /// Of all applications of a user.
    package let base: String
    package let path: String

    /// - Parameters:
    ///   - base: nil for the usual one, /run/gateway or that of the user's session
    ///   - name: of the application
    package init(base: String?, name: String) {
        self.base = base ?? Self.usualBase
        path = self.base + "/" + name
    }

    private static var usualBase: String {
        if geteuid() != 0, let session = unsafe getenv("XDG_RUNTIME_DIR") {
            return unsafe String(cString: session) + "/gateway"
        }
        return "/run/gateway"
    }

    package var controlPath: String { path + "/control" }

    package func socketPath(_ slot: Int) -> String { "\(path)/\(slot)" }

    /// Makes it, for a user whose processes may connect.
    package func make(for client: Identity?) throws(Refusal) {
        guard controlPath.utf8.count <= Self.maxSocketPath else { throw .tooLong(controlPath) }
        if unsafe mkdir(base, 0o755) != 0, errno != EEXIST { throw .system(base, .last) }
        try checkBase()
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST { throw .system(path, .last) }
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw .system(path, .last) }
        guard status.st_mode & S_IFMT == S_IFDIR, status.st_uid == geteuid() else {
            throw .notOurs(path)
        }
        // Another user passes through it to the sockets that are his.
        let mode: mode_t = geteuid() == 0 && client != nil ? 0o711 : 0o700
        guard unsafe chmod(path, mode) == 0 else { throw .system(path, .last) }
    }

    /// Who can rename what is in it can put a directory of his own there.
    private func checkBase() throws(Refusal) {
        var status = stat()
        guard unsafe stat(base, &status) == 0 else { throw .system(base, .last) }
        let isOurs = status.st_uid == geteuid() || status.st_uid == 0
        let isClosed = status.st_mode & (S_IWGRP | S_IWOTH) == 0 || status.st_mode & S_ISVTX != 0
        guard status.st_mode & S_IFMT == S_IFDIR, isOurs, isClosed else { throw .open(base) }
    }

    /// Keeps other supervisors out for as long as the descriptor is open, which is answered.
    package func lock() throws(Refusal) -> Int32 {
        let lockPath = path + "/lock"
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        while true {
            let descriptor = unsafe Glibc.open(lockPath, flags, 0o600)
            guard descriptor >= 0 else { throw .system(lockPath, .last) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let error = SystemError.last
                _ = close(descriptor)
                if error == .wouldBlock { throw .inUse(path) }
                throw .system(lockPath, error)
            }
            // The supervisor before may have taken it away meanwhile.
            var held = stat()
            var there = stat()
            if unsafe fstat(descriptor, &held) == 0, unsafe lstat(lockPath, &there) == 0,
                held.st_ino == there.st_ino, held.st_dev == there.st_dev
            {
                return descriptor
            }
            _ = close(descriptor)
        }
    }

    /// Listens at a path in the directory, where nobody but the client connects.
    func listen(at path: String, for client: Identity?) throws(ListeningSocket.Refusal)
        -> ListeningSocket
    {
        let socket = try ListeningSocket("unix:\(path)", mode: 0o600)
        if let client { try socket.give(to: client) }
        return socket
    }

    /// Takes away what the supervisor has made in it.
    package func remove(slots: Int) {
        for slot in 0..<slots { unsafe unlink(socketPath(slot)) }
        unsafe unlink(controlPath)
        unsafe unlink(path + "/lock")
        unsafe rmdir(path)
    }
}
