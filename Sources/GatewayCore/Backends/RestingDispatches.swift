// SPDX-License-Identifier: Apache-2.0

internal import Platform

/// Dispatches without an exchange, so that their buffers are not made anew for each request. Used
/// by any thread.
///
/// They are kept as addresses: a dispatch belongs to one thread at a time, and between two threads
/// to this list alone, which the compiler cannot see.
final class RestingDispatches: Sendable {
    private static let maxCount = 32
    private let addresses: Locked<[UInt]>

    init() {
        var empty: [UInt] = []
        empty.reserveCapacity(Self.maxCount)
        addresses = Locked(empty)
    }

    deinit {
        while take() != nil {}
    }

    func take() -> Dispatch? {
        guard let address = addresses.withLock({ $0.popLast() }),
            let pointer = unsafe UnsafeRawPointer(bitPattern: address)
        else { return nil }
        return unsafe Unmanaged<Dispatch>.fromOpaque(pointer).takeRetainedValue()
    }

    func keep(_ dispatch: Dispatch) {
        let pointer = unsafe Unmanaged.passRetained(dispatch).toOpaque()
        let address = UInt(bitPattern: pointer)
        let isKept = addresses.withLock { addresses in
            guard addresses.count < Self.maxCount else { return false }
            addresses.append(address)
            return true
        }
        if !isKept { unsafe Unmanaged<Dispatch>.fromOpaque(pointer).release() }
    }
}
