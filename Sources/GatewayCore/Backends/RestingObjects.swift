// SPDX-License-Identifier: Apache-2.0

internal import Platform

/// Objects that hosts have closed, so that their buffers are not made anew for each request. Used
/// by any thread.
///
/// They are kept as addresses: such an object belongs to one thread at a time, and between two
/// threads to this list alone, which the compiler cannot see.
final class RestingObjects<Object: AnyObject>: Sendable {
    private static var maxCount: Int { 32 }
    private let addresses: Locked<[UInt]>

    init() {
        var empty: [UInt] = []
        empty.reserveCapacity(Self.maxCount)
        addresses = Locked(empty)
    }

    deinit {
        while take() != nil {}
    }

    func take() -> Object? {
        guard let address = addresses.withLock({ $0.popLast() }),
            let pointer = unsafe UnsafeRawPointer(bitPattern: address)
        else { return nil }
        return unsafe Unmanaged<Object>.fromOpaque(pointer).takeRetainedValue()
    }

    func keep(_ object: Object) {
        let pointer = unsafe Unmanaged.passRetained(object).toOpaque()
        let address = UInt(bitPattern: pointer)
        let isKept = addresses.withLock { addresses in
            guard addresses.count < Self.maxCount else { return false }
            addresses.append(address)
            return true
        }
        if !isKept { unsafe Unmanaged<Object>.fromOpaque(pointer).release() }
    }
}
