// SPDX-License-Identifier: Apache-2.0

/// What one exchange takes from an application at most.
package struct ExchangeLimits: Equatable, Sendable {
    /// Bytes of the response head.
    package var maxHeadSize = 262_144
    /// Header fields in it.
    package var maxHeadFields = 1_000
    /// Bytes of STDERR that are told; the rest is counted and dropped.
    package var maxStderrSize = 65_536

    package init() {}
}
