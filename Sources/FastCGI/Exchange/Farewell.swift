// SPDX-License-Identifier: Apache-2.0

/// What is still sent to an application whose exchange is given up.
package struct Farewell: Equatable, Sendable {
    package var bytes: [UInt8]
    /// The request is not whole: the connection is half-closed behind the bytes, so that no
    /// application waits for more.
    package var isCutShort: Bool

    package init(bytes: [UInt8], isCutShort: Bool) {
        self.bytes = bytes
        self.isCutShort = isCutShort
    }
}
