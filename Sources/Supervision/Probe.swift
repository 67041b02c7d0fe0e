// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Transport

/// A connection of the supervisor's own, which shows that a process serves.
///
/// It asks something, though any sign of life will do: libfcgi waits two seconds for what a fresh
/// connection has to say, and one that is told to end meanwhile never does.
final class Probe {
    /// For those that do not answer, in milliseconds.
    static let patience: UInt32 = 500

    /// FCGI_GET_VALUES for FCGI_MPXS_CONNS. FastCGI 1.0 section 4.1.
    private static let question: [UInt8] =
        [1, 9, 0, 0, 0, 17, 7, 0, 15, 0] + Array("FCGI_MPXS_CONNS".utf8)
        + [UInt8](repeating: 0, count: 7)

    private let connection: Connection

    /// Nil: nobody can connect now.
    init?(_ endpoint: Endpoint) {
        var connector = Connector(endpoint)
        guard case .connected(let connection) = connector.step() else { return nil }
        let isSent = unsafe Self.question.withUnsafeBytes { bytes in
            var vector = GatherVector()
            vector.append(unsafe BorrowedBytes(bytes))
            guard case .done = connection.send(vector, isImmediate: true, isSIGPIPEIgnored: true)
            else { return false }
            return true
        }
        guard isSent else { return nil }
        self.connection = connection
    }

    /// An answer came, or the process closed the connection.
    var isAnswered: Bool {
        let now = MonotonicTime(nanoseconds: 0)
        return Interest.read.wait(on: connection.descriptor, until: now) != []
    }
}
