// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Platform
@testable import Supervision

@Suite("What the log takes of a process's output")
struct LineBudgetTests {
    @Test("is so many lines and bytes in a second; the rest is counted")
    func limits() {
        var budget = LineBudget()
        let begin = MonotonicTime(nanoseconds: 5_000_000_000)
        _ = budget.renew(now: begin)
        var taken = 0
        for count in Array(repeating: 10, count: 201) + [30] where budget.hasRoom(for: count) {
            taken += 1
        }
        #expect(taken == 200)
        let early = budget.renew(now: begin.advanced(byMilliseconds: 999))
        #expect(early == nil)
        let told = budget.renew(now: begin.advanced(byMilliseconds: 1_000))
        #expect(told == "2 lines (40 bytes) of its output are left out here")
        let room = [65_536, 1].map { count in budget.hasRoom(for: count) }
        #expect(room == [true, false])
        let last = budget.close()
        #expect(last == "1 lines (1 bytes) of its output are left out here")
        let nothing = budget.close()
        #expect(nothing == nil)
    }
}
