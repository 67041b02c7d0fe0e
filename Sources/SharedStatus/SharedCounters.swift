// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Platform

/// What exchanges with an application came to, as it lies in shared memory. Counted without a lock.
@safe
struct SharedCounters {
    /// Of 64 bits each, in this order.
    static let count = 32
    private static let waited = 16
    private static let waitedFor = 17
    private static let longestWait = 18
    private static let firstBucket = 19

    private let start: UnsafeMutablePointer<UInt64>

    init(_ start: UnsafeMutableRawPointer) {
        unsafe self.start = start.assumingMemoryBound(to: UInt64.self)
    }

    func add(_ counter: SharedCounter, _ value: UInt64 = 1) {
        unsafe capr_count(start + counter.rawValue, value)
    }

    func value(_ counter: SharedCounter) -> UInt64 { value(counter.rawValue) }

    private func value(_ index: Int) -> UInt64 { unsafe capr_counted(start + index) }

    /// Under the segment's lock, since the longest is compared.
    func addWait(microseconds: UInt64) {
        unsafe capr_count(start + Self.waited, 1)
        unsafe capr_count(start + Self.waitedFor, microseconds)
        unsafe start[Self.longestWait] = max(start[Self.longestWait], microseconds)
        let bucket = WaitHistogram.bucket(of: microseconds)
        unsafe capr_count(start + Self.firstBucket + bucket, 1)
    }

    var waits: WaitHistogram {
        WaitHistogram(
            count: value(Self.waited), sum: value(Self.waitedFor), longest: value(Self.longestWait),
            buckets: WaitHistogram.bounds.indices.map { value(Self.firstBucket + $0) })
    }
}

/// What is counted of exchanges.
package enum SharedCounter: Int, CaseIterable, Sendable {
    case complete, connectFailed, timedOut, overloaded, protocolError, truncated, cancelled
    case badRequest, connected, reused, retried, bytesSent, bytesReceived
}
