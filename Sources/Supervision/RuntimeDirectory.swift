// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
package import Platform

/// Where the sockets of an application are: a directory of its own that strangers cannot enter.
package struct RuntimeDirectory: Sendable {
    package enum Refusal: Error {
        /// Something else is there, or it is somebody else's.
        case notOurs(String)
        /// Another supervisor has it.
        case inUse(String)
        /// The path of a socket in it would be longer than 107 bytes.
        case tooLong(String)
        case system(String, SystemError)

        package var text: String {
            switch self {
            case .notOurs(let path): "\(path) is not a directory of ours alone"
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
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST { throw .system(path, .last) }
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw .system(path, .last) }
        let owner = client?.user ?? geteuid()
        guard status.st_mode & S_IFMT == S_IFDIR,
            status.st_uid == geteuid() || status.st_uid == owner
        else { throw .notOurs(path) }
        guard unsafe chmod(path, 0o700) == 0 else { throw .system(path, .last) }
        if let client { try give(path, to: client) }
    }

    /// Keeps other supervisors out for as long as the descriptor is open, which is answered.
    package func lock() throws(Refusal) -> Int32 {
        let lockPath = path + "/lock"
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        let descriptor = unsafe Glibc.open(lockPath, flags, 0o600)
        guard descriptor >= 0 else { throw .system(lockPath, .last) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = SystemError.last
            _ = close(descriptor)
            if error == .wouldBlock { throw .inUse(path) }
            throw .system(lockPath, error)
        }
        return descriptor
    }

    package func give(_ path: String, to client: Identity) throws(Refusal) {
        guard geteuid() == 0 else { return }
        guard unsafe lchown(path, client.user, client.group) == 0 else {
            throw .system(path, .last)
        }
    }

    /// Takes away what the supervisor has made in it.
    package func remove(slots: Int) {
        for slot in 0..<slots { unsafe unlink(socketPath(slot)) }
        unsafe unlink(controlPath)
        unsafe unlink(path + "/lock")
        unsafe rmdir(path)
    }
}
