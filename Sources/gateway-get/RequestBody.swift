// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// What -d says, ready to be sent as often as is asked for.
final class RequestBody {
    enum Content {
        case bytes([UInt8])
        case file(descriptor: Int32, offset: UInt64)
    }

    let content: Content
    let length: UInt64

    init(_ text: String) throws(Failure) {
        guard text.hasPrefix("@") else {
            content = .bytes(Array(text.utf8))
            length = UInt64(text.utf8.count)
            return
        }
        let path = String(text.dropFirst())
        let isStandard = path == "-"
        let descriptor = isStandard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure(path) }
        let begin = max(0, lseek(descriptor, 0, SEEK_CUR))
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure(path) }
        if status.st_mode & S_IFMT == S_IFREG {
            content = .file(descriptor: descriptor, offset: UInt64(begin))
            length = UInt64(max(0, status.st_size - begin))
        } else {
            let (copy, size) = try Self.copy(of: descriptor, named: path)
            if !isStandard { close(descriptor) }
            content = .file(descriptor: copy, offset: 0)
            length = size
        }
    }

    deinit {
        if case .file(let descriptor, _) = content, descriptor > STDERR_FILENO {
            close(descriptor)
        }
    }

    /// Reads all there is into a file without a name: applications want CONTENT_LENGTH before the
    /// body, and memory stays as it is.
    private static func copy(of descriptor: Int32, named name: String) throws(Failure) -> (
        Int32, UInt64
    ) {
        guard let file = tmpfile() else { throw Failure(.system, SystemError.last.text) }
        defer { fclose(file) }
        let kept = fcntl(fileno(file), F_DUPFD_CLOEXEC, 3)
        guard kept >= 0 else { throw Failure(.system, SystemError.last.text) }
        var size: UInt64 = 0
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            try Interruption.wait(for: POLLIN, on: descriptor)
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return (kept, size) }
            guard count > 0 else { throw failure(name) }
            guard fwrite(buffer, 1, count, file) == count, fflush(file) == 0 else {
                throw failure("a copy of " + name)
            }
            size += UInt64(count)
        }
    }

    private static func failure(_ name: String) -> Failure {
        let error = SystemError.last
        return Failure(.readError, "-d @\(name): \(error.text)")
    }
}
