// SPDX-License-Identifier: Apache-2.0

package import Transport

/// How one exchange is to be run.
package struct DispatchOptions {
    /// Is told of bytes as they are sent, or received.
    package typealias Traffic = (_ isSent: Bool, _ bytes: BorrowedBytes) -> Void

    /// A connection of the host's, instead of one of the backend's.
    package struct Supplied: Sendable {
        package var descriptor: Int32
        package var isNonblocking: Bool
        /// Of a blocking one: how long calls on it wait, in milliseconds; 0: not known.
        package var timeout: UInt32
        package var isTCP: Bool
        package var keepsConnection: Bool
        package var requestID: UInt16
        /// Of the exchange before on the same connection; 0 on a fresh one.
        package var previousRequestID: UInt16
        /// That the connection holds.
        package var place: SharedPlace?

        package init(
            descriptor: Int32, isNonblocking: Bool, timeout: UInt32, isTCP: Bool,
            keepsConnection: Bool, requestID: UInt16, previousRequestID: UInt16,
            place: SharedPlace?
        ) {
            self.place = place
            self.descriptor = descriptor
            self.isNonblocking = isNonblocking
            self.timeout = timeout
            self.isTCP = isTCP
            self.keepsConnection = keepsConnection
            self.requestID = requestID
            self.previousRequestID = previousRequestID
        }
    }

    package var isNonblocking = false
    package var tellsInterim = false
    /// The host compares the body with its Content-Length.
    package var takesAnyLength = false
    package var traffic: Traffic?
    package var supplied: Supplied?
    package var timeouts: Timeouts

    package init(timeouts: Timeouts) {
        self.timeouts = timeouts
    }
}
