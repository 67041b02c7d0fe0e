// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Platform

/// What exchanges with an application came to, as it lies in shared memory. Counted without a lock.
@safe
struct SharedCounters {
    /// Of 64 bits each, in this order.
    static let count = 48
    private static let waits = 16
    private static let firstBytes = 32
    // In each of the two.
    private static let sum = 1
    private static let longest = 2
    private static let buckets = 3

    private let start: UnsafeMutablePointer<UInt64>

    init(_ start: UnsafeMutableRawPointer) {
        unsafe self.start = start.assumingMemoryBound(to: UInt64.self)
    }

    func add(_ counter: SharedCounter, _ value: UInt64 = 1) {
        unsafe capr_count(start + counter.rawValue, value)
    }

    func value(_ counter: SharedCounter) -> UInt64 { value(counter.rawValue) }

    private func value(_ index: Int) -> UInt64 { unsafe capr_counted(start + index) }

    func addWait(microseconds: UInt64) { add(microseconds, to: Self.waits) }

    var waits: WaitHistogram { histogram(Self.waits) }

    func addFirstByte(microseconds: UInt64) { add(microseconds, to: Self.firstBytes) }

    var firstBytes: WaitHistogram { histogram(Self.firstBytes) }

    private func add(_ microseconds: UInt64, to first: Int) {
        unsafe capr_count(start + first, 1)
        unsafe capr_count(start + first + Self.sum, microseconds)
        unsafe capr_raise(start + first + Self.longest, microseconds)
        let bucket = WaitHistogram.bucket(of: microseconds)
        unsafe capr_count(start + first + Self.buckets + bucket, 1)
    }

    private func histogram(_ first: Int) -> WaitHistogram {
        WaitHistogram(
            count: value(first), sum: value(first + Self.sum), longest: value(first + Self.longest),
            buckets: WaitHistogram.bounds.indices.map { value(first + Self.buckets + $0) })
    }
}

/// What is counted of exchanges.
package enum SharedCounter: Int, CaseIterable, Sendable {
    case complete, connectFailed, timedOut, overloaded, protocolError, truncated, cancelled
    case badRequest, connected, reused, retried, bytesSent, bytesReceived
}
