// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Synchronization
internal import Transport

/// Wakes the maintenance thread when something becomes due before it would look. Used by any
/// thread; costs exchanges an atomic load, unless the thread has to be woken.
final class MaintenanceBell: Sendable {
    /// -1: there is no thread.
    private let descriptor = Atomic<Int32>(-1)
    private let generation = Atomic<UInt32>(.max)
    /// When the thread looks by itself; while it is awake it has to be told of everything.
    private let sleepsUntil = Atomic<Int64>(.max)

    /// A thread of this process can be woken.
    var isThere: Bool { generation.load(ordering: .acquiring) == ForkGeneration.current }

    func hang(_ signal: Signal) {
        sleepsUntil.store(.max, ordering: .relaxed)
        descriptor.store(signal.descriptor, ordering: .relaxed)
        generation.store(ForkGeneration.current, ordering: .releasing)
    }

    func takeDown() {
        generation.store(.max, ordering: .releasing)
    }

    /// Something is due at that time.
    func ring(before time: MonotonicTime) {
        guard isThere, time.nanoseconds < sleepsUntil.load(ordering: .sequentiallyConsistent) else {
            return
        }
        Signal.set(descriptor.load(ordering: .relaxed))
    }

    /// The thread looks at what is due.
    func wake() { sleepsUntil.store(.max, ordering: .sequentiallyConsistent) }

    /// The thread has looked, and sleeps. What was added meanwhile has rung.
    func sleep(until time: MonotonicTime) {
        sleepsUntil.store(time.nanoseconds, ordering: .sequentiallyConsistent)
    }
}
