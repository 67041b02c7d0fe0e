// SPDX-License-Identifier: Apache-2.0

package import Transport

/// Where the body of a request comes from.
package enum RequestBody {
    case none
    /// The host's memory, until the exchange is closed.
    case bytes(BorrowedBytes)
    case source(BodySource)
    /// The host writes it while the exchange runs.
    case written(length: UInt64?)

    /// Nil when it is known at the end only.
    var length: UInt64? {
        switch self {
        case .none: 0
        case .bytes(let bytes): UInt64(bytes.count)
        case .source(let source): source.length
        case .written(let length): length
        }
    }
}
