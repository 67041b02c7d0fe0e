// SPDX-License-Identifier: Apache-2.0

internal import CAPR

/// A lock's name for ThreadSanitizer. Does nothing where that is not linked in.
package final class LockMark: Sendable {
    package init() {}

    package func acquired() {
        unsafe capr_lock_acquired(Unmanaged.passUnretained(self).toOpaque())
    }

    package func released() {
        unsafe capr_lock_released(Unmanaged.passUnretained(self).toOpaque())
    }
}
