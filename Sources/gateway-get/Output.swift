// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// Where bytes are written: a descriptor, which is closed with it unless it is a standard one.
final class Output {
    let isTerminal: Bool
    private let descriptor: Int32
    private let name: String
    /// How much is written at once: a pipe that is ready takes PIPE_BUF bytes without waiting, so
    /// that Ctrl-C is heard; a file takes all.
    private let atOnce: Int

    /// Ctrl-C ends a write that has to wait, if it is to be interruptible.
    init(descriptor: Int32, name: String, isInterruptible: Bool = true) {
        self.descriptor = descriptor
        self.name = name
        isTerminal = isatty(descriptor) == 1
        var status = stat()
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        atOnce = isFile || !isInterruptible ? .max : Int(PIPE_BUF)
    }

    /// Makes a file, or empties the one that is there.
    convenience init(file: String) throws(Failure) {
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw Failure(.writeError, "\(file): \(SystemError.last.text)")
        }
        self.init(descriptor: descriptor, name: file)
    }

    deinit {
        if descriptor > STDERR_FILENO { close(descriptor) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if atOnce != .max { try Interruption.wait(for: POLLOUT, on: descriptor) }
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(atOnce))
            let count = Glibc.write(descriptor, piece.baseAddress, piece.count)
            if count >= 0 {
                rest = rest.dropFirst(count)
                continue
            }
            let error = SystemError.last
            if error == .interrupted || error == .wouldBlock { continue }
            // Whoever read a pipe has seen enough.
            throw Failure(
                .writeError, error == .brokenPipe ? "" : "\(name): \(error.text)")
        }
    }

    func write(_ text: String) throws(Failure) {
        try write(Array(text.utf8))
    }

    func write(_ bytes: [UInt8]) throws(Failure) {
        try bytes.withUnsafeBufferPointer { buffer throws(Failure) in
            try write(UnsafeRawBufferPointer(buffer))
        }
    }
}
