// SPDX-License-Identifier: Apache-2.0

/// An exchange as a host holds it: a dispatch that stays in its place while handles point to it.
///
/// The dispatch is reached by its address: what it does in a call is one access, where a property
/// of a class would be checked for overlapping accesses at each of hundreds.
@safe
package final class Exchange {
    private let dispatch: UnsafeMutablePointer<Dispatch>
    /// Where the C interface keeps what its handle points to, so that a request allocates nothing.
    package let handleMemory: UnsafeMutableRawPointer
    private let busy: UnsafeMutablePointer<Bool>

    init(options: BackendOptions) {
        unsafe dispatch = .allocate(capacity: 1)
        unsafe dispatch.initialize(to: Dispatch(options: options))
        unsafe busy = .allocate(capacity: 1)
        unsafe busy.initialize(to: false)
        unsafe handleMemory = .allocate(byteCount: 16, alignment: 16)
    }

    deinit {
        unsafe dispatch.deinitialize(count: 1)
        unsafe dispatch.deallocate()
        unsafe busy.deallocate()
        unsafe handleMemory.deallocate()
    }

    /// A function of the host's is running: what it calls on the exchange is refused.
    package var isBusy: Bool {
        get { unsafe busy.pointee }
        set { unsafe busy.pointee = newValue }
    }

    @inline(__always)
    package func withDispatch<Result>(_ body: (inout Dispatch) -> Result) -> Result {
        unsafe body(&dispatch.pointee)
    }

    /// Ends it, and keeps its memory for the next one.
    package func close() {
        withDispatch { dispatch in
            let backend = dispatch.backend
            dispatch.close()
            if !dispatch.isInherited { backend?.rest(self) }
        }
    }
}
