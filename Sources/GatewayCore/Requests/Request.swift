// SPDX-License-Identifier: Apache-2.0

/// A request as a host holds it: content that stays in its place while handles point to it, and is
/// reached by its address for the reason that `Exchange` gives.
@safe
package final class Request {
    package let content: UnsafeMutablePointer<RequestContent>
    /// Its options are the request's.
    private let backend: Backend

    package init(backend: Backend) {
        self.backend = backend
        unsafe content = .allocate(capacity: 1)
        unsafe content.initialize(to: RequestContent(options: backend.options))
    }

    deinit {
        unsafe content.deinitialize(count: 1)
        unsafe content.deallocate()
    }
}
