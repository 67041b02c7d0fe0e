// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A number that holds for the process that set it, and for none that it forks. Used by any thread.
package final class ProcessNumber: Sendable {
    /// The fork generation, and the number plus 1 below it; 0: there is none.
    private let known = Atomic<UInt64>(0)

    private var generation: UInt64 { UInt64(ForkGeneration.current) << 32 }

    package init() {
        ForkGeneration.watch()
    }

    package var value: Int? {
        let known = known.load(ordering: .relaxed)
        let number = known & 0xFFFF_FFFF
        return known &- number == generation && number > 0 ? Int(number) - 1 : nil
    }

    package func set(_ value: Int) {
        known.store(generation | UInt64(UInt32(truncatingIfNeeded: value + 1)), ordering: .relaxed)
    }
}
