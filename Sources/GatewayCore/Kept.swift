// SPDX-License-Identifier: Apache-2.0

/// A strong reference that is counted when it is taken and when it is let go, not at each use:
/// counting is an atomic operation, and an exchange would do dozens of them.
@safe
struct Kept<Object: AnyObject>: ~Copyable {
    private var reference: Unmanaged<Object>?

    /// None yet.
    init() {
        unsafe reference = nil
    }

    deinit {
        unsafe reference?.release()
    }

    mutating func take(_ object: Object) {
        drop()
        unsafe reference = .passRetained(object)
    }

    mutating func drop() {
        unsafe reference?.release()
        unsafe reference = nil
    }

    /// Nil where there is no object.
    @inline(__always)
    func use<Result>(_ body: (Object) -> Result) -> Result? {
        guard let reference = unsafe reference else { return nil }
        return unsafe reference._withUnsafeGuaranteedRef(body)
    }
}
