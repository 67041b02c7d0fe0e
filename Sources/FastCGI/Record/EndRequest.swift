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

    package init(decoding bytes: [8 of UInt8]) {
        applicationStatus =
            UInt32(bytes[0]) << 24 | UInt32(bytes[1]) << 16 | UInt32(bytes[2]) << 8
            | UInt32(bytes[3])
        protocolStatus = ProtocolStatus(rawValue: bytes[4])
    }
}
