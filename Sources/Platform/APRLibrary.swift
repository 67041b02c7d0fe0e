// SPDX-License-Identifier: Apache-2.0

internal import CAPR

/// APR, initialised once for the process.
///
/// Its initialisation is counted, but not safe between threads, and it is never taken back: the
/// host, or another user of APR in the process, may still need what it would destroy.
package enum APRLibrary {
    private static let status = apr_initialize()

    package static func use() throws(APRError) {
        let status = ForkLock.hold { Self.status }
        guard status == APR_SUCCESS else { throw APRError(status) }
    }
}
