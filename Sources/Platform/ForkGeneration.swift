// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Synchronization

/// Tells a process from the parent that forked it, without a system call.
///
/// The number grows in each child. What was opened under another number belongs to the parent.
package enum ForkGeneration {
    private static let count = Atomic<UInt32>(0)
    private static let isWatching = Atomic<Bool>(false)

    package static var current: UInt32 { count.load(ordering: .relaxed) }

    /// Begins to count forks, once for the life of the process: the library is never unloaded.
    package static func watch() {
        guard !isWatching.exchange(true, ordering: .relaxed) else { return }
        _ = pthread_atfork(
            {
                // What the child begins with is made by then: it would wait for ever for a thread
                // that was just making it.
                _ = ForkGeneration.current
                ProcessID.prepare()
                ForkLock.lock()
            },
            { ForkLock.unlock() },
            {
                ForkGeneration.count.wrappingAdd(1, ordering: .relaxed)
                ProcessID.forget()
                ForkLock.unlock()
            })
    }
}
