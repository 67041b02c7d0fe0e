// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc

/// A value of errno.
package struct SystemError: Error, Equatable, Sendable {
    package var number: Int32

    package init(number: Int32) {
        self.number = number
    }

    /// The error of the system call that failed just now on this thread.
    package static var last: SystemError { SystemError(number: errno) }

    package static let interrupted = SystemError(number: EINTR)
    package static let wouldBlock = SystemError(number: EAGAIN)
    package static let inProgress = SystemError(number: EINPROGRESS)
    package static let brokenPipe = SystemError(number: EPIPE)
    package static let connectionReset = SystemError(number: ECONNRESET)
    package static let timedOut = SystemError(number: ETIMEDOUT)
    package static let fileTooLarge = SystemError(number: EFBIG)
    package static let badDescriptor = SystemError(number: EBADF)

    /// The process, or the system, has no descriptor left.
    package var isOutOfDescriptors: Bool { number == EMFILE || number == ENFILE }

    /// There is no socket, or nobody accepts from it.
    package var isNobodyListening: Bool { number == ECONNREFUSED || number == ENOENT }

    /// What the system calls the error, for messages.
    package var text: String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let start = buffer.baseAddress else { return "" }
            return unsafe String(cString: apr_strerror(number, start, apr_size_t(buffer.count)))
        }
    }
}
