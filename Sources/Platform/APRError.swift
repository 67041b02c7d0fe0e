// SPDX-License-Identifier: Apache-2.0

package import CAPR

/// What APR answered instead of APR_SUCCESS.
package struct APRError: Error, Equatable, Sendable {
    package var status: apr_status_t

    package init(_ status: apr_status_t) {
        self.status = status
    }
}
