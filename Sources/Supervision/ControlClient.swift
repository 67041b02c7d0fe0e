// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
package import Platform
internal import Transport

/// Asks a supervisor for something.
@safe
package struct ControlClient: ~Copyable {
    package struct Answer {
        package var text: String
        /// What came with it, which is the caller's; -1: nothing.
        package var descriptor: Int32
    }

    private let connection: Connection

    /// - Throws: what the system says; ENOENT and ECONNREFUSED where no supervisor is.
    package init(_ directory: RuntimeDirectory) throws(SystemError) {
        let endpoint: Endpoint
        do {
            endpoint = try Endpoint(parsing: "unix:\(directory.controlPath)")
        } catch {
            throw SystemError(number: ENAMETOOLONG)
        }
        var connector = Connector(endpoint)
        switch connector.step() {
        case .connected(let connected): connection = connected
        case .pending: throw .wouldBlock
        case .failed(let error): throw error
        }
        _ = capr_set_nonblocking(connection.descriptor, 0)
    }

    /// - Parameters:
    ///   - words: none of which holds a NUL
    ///   - handed: a descriptor that goes with them
    ///   - milliseconds: for the whole answer
    /// - Returns: what it answers, whole lines.
    /// - Throws: what the system says; ETIMEDOUT; ECONNRESET where the answer is not whole.
    package func ask(
        _ words: [String], handing handed: Int32? = nil, within milliseconds: UInt32
    ) throws(SystemError) -> Answer {
        let deadline = MonotonicTime.now.advanced(byMilliseconds: milliseconds)
        let request: [UInt8] = words.reduce(into: []) { $0 += Array($1.utf8) + [0] }
        let sent = unsafe request.withUnsafeBytes { bytes in
            if let handed {
                return unsafe capr_send_descriptor(
                    connection.descriptor, bytes.baseAddress, bytes.count, handed)
            }
            return unsafe send(
                connection.descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
        guard sent == request.count else { throw .last }
        shutdown(connection.descriptor, Int32(SHUT_WR))
        var bytes: [UInt8] = []
        var answered: Int32 = -1
        while Interest.read.wait(on: connection.descriptor, until: deadline) != [] {
            var received: Int32 = -1
            let count = unsafe withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) {
                room in
                let count = unsafe capr_receive_descriptor(
                    connection.descriptor, room.baseAddress, room.count, &received)
                if count > 0 { unsafe bytes.append(contentsOf: room.prefix(count)) }
                return count
            }
            if received >= 0 {
                if answered >= 0 { _ = close(answered) }
                answered = received
            }
            // A supervisor that ends may leave an answer out, or in the middle of a line.
            if count == 0, bytes.last == UInt8(ascii: "\n") {
                return Answer(text: String(decoding: bytes, as: UTF8.self), descriptor: answered)
            }
            guard count > 0, bytes.count < 16_777_216 else {
                let error = count < 0 ? SystemError.last : SystemError(number: ECONNRESET)
                if answered >= 0 { _ = close(answered) }
                throw error
            }
        }
        if answered >= 0 { _ = close(answered) }
        throw .timedOut
    }
}
