// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

@testable import Supervision

@Suite("A process that ends at once")
struct RespawnPolicyTests {
    @Test("is started again after a time that grows to half a minute")
    func grows() {
        var policy = RespawnPolicy()
        var now = MonotonicTime(nanoseconds: 1)
        #expect(policy.mayStart(now: now) && !policy.isFailing)
        for expected: UInt32 in [
            100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000,
        ] {
            policy.failed(now: now)
            #expect(policy.isFailing)
            #expect(!policy.mayStart(now: now.advanced(byMilliseconds: expected - 1)))
            now = now.advanced(byMilliseconds: expected)
            #expect(policy.mayStart(now: now))
        }
        policy.succeeded()
        #expect(policy.mayStart(now: now) && !policy.isFailing)
    }
}
