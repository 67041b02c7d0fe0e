// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Platform
internal import Synchronization

/// A lock in memory that processes share; who dies with it held leaves it to the next one.
///
/// It is no `pthread_mutex_t`: a robust one is linked into a list of its holder's by pointers that
/// lie in the same memory, where any other process may have set them, and libc writes to where
/// they lead.
@safe
struct SharedLock {
    /// Somebody may wait. The rest of the word is the process that has the lock, or 0.
    private static let isAwaited: UInt32 = 0x8000_0000
    /// Milliseconds after which whoever waits looks whether that process is there.
    private static let patience: UInt32 = 20

    private let address: UnsafeMutablePointer<UInt32>

    init(_ address: UnsafeMutablePointer<UInt32>) {
        unsafe self.address = address
    }

    /// Laid out as the number is.
    private var word: UnsafeMutablePointer<Atomic<UInt32>> {
        unsafe UnsafeMutableRawPointer(address).assumingMemoryBound(to: Atomic<UInt32>.self)
    }

    @inline(__always)
    func lock() {
        let own = UInt32(bitPattern: ProcessID.own)
        if !change(from: 0, to: own).isDone { wait(own) }
    }

    @inline(__always)
    func unlock() {
        let last = unsafe word.pointee.exchange(0, ordering: .releasing)
        if last & Self.isAwaited != 0 { unsafe capr_futex_wake_one(address) }
    }

    @inline(never)
    private func wait(_ own: UInt32) {
        var seen = unsafe word.pointee.load(ordering: .relaxed)
        while true {
            if seen == 0 {
                // Others may wait as well.
                let taken = change(from: 0, to: own | Self.isAwaited)
                if taken.isDone { return }
                seen = taken.seen
            } else if seen & Self.isAwaited == 0 {
                let marked = change(from: seen, to: seen | Self.isAwaited)
                seen = marked.isDone ? seen | Self.isAwaited : marked.seen
            } else {
                unsafe capr_futex_wait(address, seen, Self.patience)
                let before = seen
                seen = unsafe word.pointee.load(ordering: .relaxed)
                guard seen == before, hasEnded(seen) else { continue }
                if change(from: seen, to: own | Self.isAwaited).isDone { return }
            }
        }
    }

    private func hasEnded(_ seen: UInt32) -> Bool {
        ProcessID.hasEnded(Int32(bitPattern: seen & ~Self.isAwaited))
    }

    @inline(__always)
    private func change(from old: UInt32, to new: UInt32) -> (isDone: Bool, seen: UInt32) {
        let (isDone, seen) = unsafe word.pointee.compareExchange(
            expected: old, desired: new, successOrdering: .acquiring, failureOrdering: .relaxed)
        return (isDone, seen)
    }
}
