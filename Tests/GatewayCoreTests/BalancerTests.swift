// SPDX-License-Identifier: Apache-2.0

import Platform
import Testing

@testable import GatewayCore

@Suite("The balancer")
struct BalancerTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    @Test("elects the least busy endpoint, and equally busy ones in turn")
    func leastBusy() {
        var balancer = Balancer(count: 3, maxActive: 0)
        let first = (0..<3).map { _ in balancer.elect(now: start) }
        #expect(first == [0, 1, 2])
        balancer.leave(1)
        #expect(balancer.elect(now: start) == 1)
        #expect(balancer.busy(1) == 1)
    }

    @Test("elects none beyond the limit of each endpoint")
    func limit() {
        var balancer = Balancer(count: 2, maxActive: 1)
        #expect(balancer.elect(now: start) == 0)
        #expect(balancer.elect(now: start) == 1)
        #expect(balancer.elect(now: start) == nil)
        balancer.leave(0)
        #expect(balancer.elect(now: start) == 0)
    }

    @Test("lets an endpoint that refuses rest for longer each time, then tries it once")
    func rest() {
        var balancer = Balancer(count: 2, maxActive: 0)
        #expect(balancer.elect(now: start) == 0)
        balancer.refused(0, now: start)
        balancer.leave(0)
        for _ in 0..<3 { #expect(balancer.elect(now: start) == 1) }
        let awake = start.advanced(byMilliseconds: 100)
        #expect(balancer.elect(now: awake) == 0)
        // One exchange is the trial; no other goes there meanwhile.
        #expect(balancer.elect(now: awake) == 1)
        balancer.refused(0, now: awake)
        balancer.leave(0)
        #expect(balancer.elect(now: awake.advanced(byMilliseconds: 199)) == 1)
        #expect(balancer.elect(now: awake.advanced(byMilliseconds: 200)) == 0)
        balancer.connected(0)
        #expect(balancer.elect(now: awake.advanced(byMilliseconds: 200)) == 0)
    }

    @Test("tries an endpoint again after a trial that was given up before it could tell")
    func givenUp() {
        var balancer = Balancer(count: 2, maxActive: 0)
        balancer.refused(0, now: start)
        let awake = start.advanced(byMilliseconds: 100)
        #expect(balancer.elect(now: awake) == 0)
        balancer.leave(0)
        #expect(balancer.elect(now: awake) == 1)
        #expect(balancer.elect(now: awake) == 0)
    }

    @Test("elects the one that wakes first where all rest, and none that was tried")
    func allRest() {
        var balancer = Balancer(count: 2, maxActive: 0)
        balancer.refused(1, now: start)
        balancer.refused(0, now: start.advanced(byMilliseconds: 5))
        #expect(balancer.elect(now: start.advanced(byMilliseconds: 6)) == 1)
        #expect(balancer.elect(now: start.advanced(byMilliseconds: 6), tried: 0b10) == 0)
        #expect(balancer.elect(now: start.advanced(byMilliseconds: 6), tried: 0b11) == nil)
    }

    @Test("never lets the only endpoint rest")
    func onlyOne() {
        var balancer = Balancer(count: 1, maxActive: 0)
        balancer.refused(0, now: start)
        #expect(balancer.elect(now: start) == 0)
        #expect(balancer.elect(now: start) == 0)
    }
}
