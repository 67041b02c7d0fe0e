// SPDX-License-Identifier: Apache-2.0

internal import Platform

/// Which of a backend's endpoints takes the next exchange: the least busy one that is not at rest.
///
/// An endpoint that refuses connections rests for a time that grows, and is then tried by a single
/// exchange. Pure: time comes in. A backend's only endpoint never rests.
struct Balancer {
    private struct Member {
        var busy = 0
        var failures = 0
        var restsUntil = MonotonicTime(nanoseconds: 0)
        var isOnTrial = false
    }

    private static let firstRest: UInt32 = 100
    private static let longestRest: UInt32 = 30_000

    private var members: [Member]
    private let maxActive: Int
    /// Where the search begins, so that equally busy ones take turns.
    private var next = 0

    /// - Parameters:
    ///   - count: endpoints
    ///   - maxActive: exchanges that one of them runs at once; 0 for no limit
    init(count: Int, maxActive: Int) {
        members = Array(repeating: Member(), count: count)
        self.maxActive = maxActive
    }

    func busy(_ index: Int) -> Int { members[index].busy }

    /// Whether an endpoint has room, at rest or not.
    var hasRoom: Bool { members.contains { hasRoom($0) } }

    /// Takes a place at an endpoint, but not at those, as bits, that refused the exchange before;
    /// nil when none has one.
    mutating func elect(now: MonotonicTime, tried: UInt64 = 0) -> Int? {
        guard let elected = leastBusy(now: now, tried: tried) ?? firstToWake(tried: tried) else {
            return nil
        }
        if members[elected].failures > 0 { members[elected].isOnTrial = true }
        members[elected].busy += 1
        next = (elected + 1) % members.count
        return elected
    }

    mutating func leave(_ index: Int) {
        members[index].busy -= 1
        // It may have been the trial, without a word of how that went: a kept connection says
        // nothing of new ones, and a host may give up before.
        members[index].isOnTrial = false
    }

    mutating func connected(_ index: Int) {
        members[index].failures = 0
        members[index].isOnTrial = false
    }

    mutating func refused(_ index: Int, now: MonotonicTime) {
        guard members.count > 1 else { return }
        let doublings = min(members[index].failures, 16)
        let rest = min(Self.firstRest << UInt32(doublings), Self.longestRest)
        members[index].failures += 1
        members[index].isOnTrial = false
        members[index].restsUntil = now.advanced(byMilliseconds: rest)
    }

    private func leastBusy(now: MonotonicTime, tried: UInt64) -> Int? {
        var best: Int?
        for offset in 0..<members.count {
            let index = (next + offset) % members.count
            let member = members[index]
            guard !isTried(index, tried), hasRoom(member), !member.isOnTrial,
                member.restsUntil <= now
            else { continue }
            if let known = best, members[known].busy <= member.busy { continue }
            best = index
        }
        return best
    }

    /// Where all rest, the one that will wake first is better than none.
    private func firstToWake(tried: UInt64) -> Int? {
        members.indices
            .filter { !isTried($0, tried) && hasRoom(members[$0]) }
            .min { members[$0].restsUntil < members[$1].restsUntil }
    }

    private func hasRoom(_ member: Member) -> Bool {
        maxActive == 0 || member.busy < maxActive
    }

    private func isTried(_ index: Int, _ tried: UInt64) -> Bool {
        index < 64 && tried >> UInt64(index) & 1 != 0
    }
}
