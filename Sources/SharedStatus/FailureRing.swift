// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc

/// How exchanges with an application failed last, as it lies in shared memory. Used under the
/// segment's lock.
@safe
struct FailureRing {
    static let room = 4
    private static let offset = 8
    static let size = offset + room * MemoryLayout<SharedFailure>.stride

    private let start: UnsafeMutableRawPointer

    init(_ start: UnsafeMutableRawPointer) {
        unsafe self.start = start
    }

    /// How many there were.
    private var count: UInt64 {
        get { unsafe start.load(as: UInt64.self) }
        nonmutating set { unsafe start.storeBytes(of: newValue, as: UInt64.self) }
    }

    private func place(of number: UInt64) -> UnsafeMutablePointer<SharedFailure> {
        let first = unsafe (start + Self.offset).assumingMemoryBound(to: SharedFailure.self)
        return unsafe first + Int(number % UInt64(Self.room))
    }

    func add(_ failure: SharedFailure) {
        unsafe place(of: count).pointee = failure
        count &+= 1
    }

    /// One of the last, the newest first; nil when there were not so many.
    func failure(_ age: Int) -> SharedFailure? {
        guard (0..<Self.room).contains(age), UInt64(age) < count else { return nil }
        return unsafe place(of: count &- 1 &- UInt64(age)).pointee
    }
}

/// How an exchange failed.
package struct SharedFailure: Sendable {
    package static let messageSize = 256

    package var outcome: UInt32
    package var stage: UInt32
    /// Milliseconds since 1970.
    package var time: UInt64
    /// A string of C.
    package var message = [256 of UInt8](repeating: 0)

    /// One that happens now.
    package init(outcome: UInt32, stage: UInt32) {
        self.outcome = outcome
        self.stage = stage
        var now = timespec()
        _ = unsafe clock_gettime(CLOCK_REALTIME, &now)
        time = UInt64(clamping: now.tv_sec) &* 1_000 &+ UInt64(clamping: now.tv_nsec / 1_000_000)
    }
}
