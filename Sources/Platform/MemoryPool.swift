// SPDX-License-Identifier: Apache-2.0

internal import CAPR

/// An APR pool with an owner. Used by one thread at a time, never on the way of a request.
@safe
package struct MemoryPool: ~Copyable {
    package let pointer: OpaquePointer

    package init() throws(APRError) {
        var made: OpaquePointer?
        let status = unsafe capr_pool_create(&made, nil)
        guard status == APR_SUCCESS, let made = unsafe made else { throw APRError(status) }
        unsafe pointer = made
    }

    deinit {
        unsafe apr_pool_destroy(pointer)
    }
}
