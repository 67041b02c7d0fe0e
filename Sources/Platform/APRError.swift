// SPDX-License-Identifier: Apache-2.0

package import CAPR

/// What APR answered instead of APR_SUCCESS.
package struct APRError: Error, Equatable, Sendable {
    package var status: apr_status_t

    package init(_ status: apr_status_t) {
        self.status = status
    }
}

/// APR for as long as a gateway is open: its initialisation is counted, so the host's own use of it
/// is not disturbed.
package struct APRLibrary: ~Copyable {
    package init() throws(APRError) {
        let status = apr_initialize()
        guard status == APR_SUCCESS else { throw APRError(status) }
    }

    deinit {
        apr_terminate()
    }
}
