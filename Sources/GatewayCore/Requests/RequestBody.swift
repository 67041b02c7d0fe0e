// SPDX-License-Identifier: Apache-2.0

package import Transport

/// Where the body of a request comes from.
package enum RequestBody {
    case none
    /// The host's memory, until the exchange is closed.
    case bytes(BorrowedBytes)
    case callback(BodyReader)
    /// The host writes it while the exchange runs.
    case written
}

/// A function of the host's that supplies a body.
@safe
package struct BodyReader {
    /// Fills a part of the buffer and answers how much; 0 is the end, nil a failure.
    package typealias Function = (UnsafeMutableRawBufferPointer) -> Int?

    private let function: Function

    package init(_ function: @escaping Function) {
        unsafe self.function = function
    }

    /// Fills the buffer as far as the body goes.
    ///
    /// - Returns: how many bytes it holds; nil when the body cannot be had.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> (count: Int, isLast: Bool)? {
        var count = 0
        while count < buffer.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            guard let read = unsafe function(rest), read >= 0, read <= rest.count else {
                return nil
            }
            if read == 0 { return (count, true) }
            count += read
        }
        return (count, false)
    }
}
