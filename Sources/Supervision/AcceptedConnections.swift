// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc

/// Whether a process is at work, where all share a listening socket and no claims tell: it has a
/// connection open that was accepted from it.
enum AcceptedConnections {
    /// Looks at the sockets of a process themselves (pidfd_getfd(2)): the kernel's tables of all
    /// connections may have tens of thousands of lines. One that may not be looked at counts as at
    /// work.
    static func has(_ process: Int32, from socket: ListeningSocket) -> Bool {
        let handle = capr_process_handle(process)
        guard handle >= 0 else { return errno != ESRCH }
        defer { _ = close(handle) }
        return ProcessFiles.sockets(of: process).contains { descriptor in
            capr_is_accepted(handle, descriptor, socket.descriptor) != 0
        }
    }
}
