// SPDX-License-Identifier: Apache-2.0

/// The content of END_REQUEST. FastCGI 1.0 §5.5.
package struct EndRequest: Equatable, Sendable {
    package enum ProtocolStatus: UInt8, Sendable {
        case requestComplete = 0
        case cannotMultiplex = 1
        case overloaded = 2
        case unknownRole = 3
    }

    package static let size = 8

    package var applicationStatus: UInt32
    /// Nil for a number that the specification does not define.
    package var protocolStatus: ProtocolStatus?

    /// Decodes eight bytes, read as a number in network byte order.
    package init(decoding word: UInt64) {
        applicationStatus = UInt32(truncatingIfNeeded: word >> 32)
        protocolStatus = ProtocolStatus(rawValue: UInt8(truncatingIfNeeded: word >> 24))
    }
}
