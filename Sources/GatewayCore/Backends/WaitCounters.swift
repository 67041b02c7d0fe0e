// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Synchronization

/// How long exchanges waited for their turn. Used by any thread, without a lock.
final class WaitCounters: Sendable {
    private let count = Atomic<UInt64>(0)
    private let sum = Atomic<UInt64>(0)
    private let longest = Atomic<UInt64>(0)
    private let buckets = WaitHistogram.bounds.map { _ in Bucket() }

    private final class Bucket: Sendable {
        let count = Atomic<UInt64>(0)
    }

    func add(microseconds: UInt64) {
        count.wrappingAdd(1, ordering: .relaxed)
        sum.wrappingAdd(microseconds, ordering: .relaxed)
        longest.max(microseconds, ordering: .relaxed)
        buckets[WaitHistogram.bucket(of: microseconds)].count.wrappingAdd(1, ordering: .relaxed)
    }

    var snapshot: WaitHistogram {
        WaitHistogram(
            count: count.load(ordering: .relaxed), sum: sum.load(ordering: .relaxed),
            longest: longest.load(ordering: .relaxed),
            buckets: buckets.map { $0.count.load(ordering: .relaxed) })
    }
}
