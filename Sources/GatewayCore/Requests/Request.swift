// SPDX-License-Identifier: Apache-2.0

/// A request as a host holds it: content that stays in its place while handles point to it, and is
/// reached by its address for the reason that `Exchange` gives.
@safe
package final class Request {
    package let content: UnsafeMutablePointer<RequestContent>
    /// Where the C interface keeps what its handle points to, so that a request allocates nothing.
    package let handleMemory: UnsafeMutableRawPointer
    /// Its options are the request's. Nil at rest.
    private var backend: Backend?

    init(options: BackendOptions) {
        unsafe content = .allocate(capacity: 1)
        unsafe content.initialize(to: RequestContent(options: options))
        unsafe handleMemory = .allocate(byteCount: 16, alignment: 16)
    }

    deinit {
        unsafe content.deinitialize(count: 1)
        unsafe content.deallocate()
        unsafe handleMemory.deallocate()
    }

    func open(on backend: Backend) {
        self.backend = backend
    }

    /// Ends it, and keeps its memory for the next one, unless that is large. A request whose
    /// exchange is open ends with that.
    package func close() {
        guard let backend, unsafe content.pointee.rest() else { return }
        self.backend = nil
        backend.rest(self)
    }
}
