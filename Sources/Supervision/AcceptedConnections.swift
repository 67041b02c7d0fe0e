// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform

/// Whether a process is at work, where all share a listening socket and no claims tell: it has a
/// connection open that was accepted from it.
enum AcceptedConnections {
    /// Looks at the sockets of a process themselves (pidfd_getfd(2)): the kernel's tables of all
    /// connections may have tens of thousands of lines.
    ///
    /// - Returns: nil where they may not be looked at
    static func has(_ process: Int32, from socket: ListeningSocket) -> Bool? {
        let handle = capr_process_handle(process)
        guard handle >= 0 else { return errno == ESRCH ? false : nil }
        defer { _ = close(handle) }
        guard let descriptors = ProcessFiles.sockets(of: process) else {
            return ProcessID.hasEnded(process) ? false : nil
        }
        for descriptor in descriptors {
            switch capr_socket_role_of(handle, descriptor, socket.descriptor) {
            case CAPR_SOCKET_ACCEPTED: return true
            case CAPR_SOCKET_UNKNOWN: return nil
            default: break
            }
        }
        return false
    }

    /// Whether a descriptor of a process is the listening socket.
    static func isListening(
        _ descriptor: Int32, of process: Int32, at socket: ListeningSocket
    ) -> Bool {
        let handle = capr_process_handle(process)
        guard handle >= 0 else { return false }
        defer { _ = close(handle) }
        return capr_socket_role_of(handle, descriptor, socket.descriptor) == CAPR_SOCKET_LISTENING
    }
}
