// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import SharedStatus
internal import Transport

/// Which processes there are to be.
extension Supervisor {
    private static let growthPause: UInt32 = 100

    func count(_ state: ProcessState, generation wanted: UInt32? = nil) -> Int {
        processes.count { $0.state == state && (wanted == nil || $0.generation == wanted) }
    }

    /// What is seen of the processes only by looking.
    func look(now: MonotonicTime) {
        for process in processes where process.state == .ready || process.state == .leaving {
            let memory = ProcessFiles.memory(of: process.identifier, definition.memoryMeasure)
            process.memory = memory ?? process.memory
            scoreboard.setMemory(process.memory, of: process.slot)
        }
        if sharedSocket != nil { lookAtSharedUse(now: now) }
    }

    private func lookAtSharedUse(now: MonotonicTime) {
        guard let sharedSocket, definition.processes.count > 1 else { return }
        for process in processes
        where AcceptedConnections.has(process.identifier, from: sharedSocket) != false {
            process.usedAt = now
        }
    }

    /// Starts, replaces and ends processes, so that there are as many as there are to be.
    func balance(now: MonotonicTime) {
        guard !isStopping else { return }
        scale(now: now)
        advanceReload(now: now)
        retire(now: now)
        let wanted = target + min(nearlySpent.count, definition.replaceable)
        if rollout == nil, let spare = serving.first, serving.count > wanted {
            leave(spare, because: "others were started ahead")
        }
        let most = max(definition.replaceable, definition.processes.lowerBound - serving.count)
        while count(.starting) + serving.count < wanted, count(.starting) < most, hasRoomToStart {
            guard start(now: now) else { return }
        }
    }

    /// Those that end still count: beyond the most, only so many replace others.
    var hasRoomToStart: Bool {
        processes.count < definition.processes.upperBound + definition.replaceable
    }

    /// Processes that can be given exchanges.
    var serving: [ApplicationProcess] {
        processes.filter { $0.state == .ready && !isSpent($0) }
    }

    private func isSpent(_ process: ApplicationProcess) -> Bool {
        definition.maxRequests > 0 && Int(process.served) >= definition.maxRequests
            && !policy.isFailing
    }

    /// Those that will have served enough before another one could be ready: it is started ahead.
    private var nearlySpent: [ApplicationProcess] {
        guard definition.maxRequests > 0, rollout == nil else { return [] }
        return serving.filter { process in
            let left = definition.maxRequests - Int(process.served)
            return Double(left) <= process.rate * Double(startTime) * 0.0015 + 1
        }
    }

    private func scale(now: MonotonicTime) {
        target = min(max(target, definition.processes.lowerBound), definition.processes.upperBound)
        if isShort(now: now) {
            grownAt = now
            target += 1
        } else if target > definition.processes.lowerBound, let idle = longestIdle(now: now) {
            target -= 1
            leave(idle, because: "it was idle for too long")
        }
    }

    /// Somebody waits, though all the processes that there are to be are there.
    private func isShort(now: MonotonicTime) -> Bool {
        guard target < definition.processes.upperBound, count(.starting) == 0,
            now >= grownAt.advanced(byMilliseconds: Self.growthPause)
        else { return false }
        return sharedSocket?.hasPending ?? (scoreboard.waitingCount > 0)
    }

    private func longestIdle(now: MonotonicTime) -> ApplicationProcess? {
        guard definition.idleTimeout > 0, rollout == nil else { return nil }
        return processes.filter { $0.state == .ready }.min { $0.usedAt < $1.usedAt }.flatMap {
            $0.usedAt.advanced(byMilliseconds: definition.idleTimeout) <= now ? $0 : nil
        }
    }

    /// Lets processes leave that have served, grown or lived enough, a share of them at once; none
    /// while no new ones can be had.
    private func retire(now: MonotonicTime) {
        guard !policy.isFailing else { return }
        var room = definition.replaceable - count(.leaving) - count(.stopping)
        for process in processes where process.state == .ready {
            guard room > 0 else { return }
            guard let reason = reasonToLeave(process, now: now) else { continue }
            leave(process, because: reason)
            room -= 1
        }
    }

    /// Why a process is to be replaced.
    private func reasonToLeave(_ process: ApplicationProcess, now: MonotonicTime) -> String? {
        if isSpent(process) { return "\(process.served) exchanges" }
        if definition.maxMemory > 0, process.memory > definition.maxMemory {
            return "\(process.memory >> 10) KiB of memory (\(definition.memoryMeasure.rawValue))"
        }
        if definition.lifetime > 0, process.age(now) >= definition.lifetime {
            return "it lived long enough"
        }
        return nil
    }
}
