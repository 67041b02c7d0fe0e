// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import SharedStatus

/// A rolling reload: new processes are ready before old ones leave.
extension Supervisor {
    /// Begins one. While another is under way, that one goes on to the newest generation.
    ///
    /// - Parameters:
    ///   - reason: for the log
    ///   - changed: a definition to go over to; nil: the same
    ///   - client: to be told how it went
    ///   - now: the time
    func reload(
        because reason: String, changed: ApplicationDefinition? = nil,
        client: ControlServer.Client? = nil, now: MonotonicTime
    ) {
        guard !isStopping else {
            client?.answer("failed: the application stops\n")
            return
        }
        var next = rollout ?? Rollout(began: now, previous: (generation, definition))
        if let client { next.waiting.append(client) }
        rollout = next
        generation += 1
        if let changed { take(changed) }
        // Whatever kept processes from starting may be what has changed.
        policy.succeeded()
        log.write("notice", "reload to generation \(generation): \(reason)")
        publish()
    }

    private func take(_ changed: ApplicationDefinition) {
        definition = changed
        watch = FileWatch(changed.watch, in: changed.directory)
        scoreboard.set(changed.scoreboardSettings)
    }

    func advanceReload(now: MonotonicTime) {
        guard let rollout else { return }
        let newest = generation
        for process in processes where process.generation != newest && process.state == .starting {
            leave(process, because: "its generation is over")
        }
        let ready = serving.count { $0.generation == newest }
        // The new ones that are ready stand for old ones.
        let old = serving.filter { $0.generation != newest }
        let surplus = max(0, old.count + ready - target)
        for process in soonestAtRest(old).prefix(surplus) {
            leave(process, because: "generation \(newest) takes over")
        }
        if old.isEmpty, ready > 0 {
            reloadCount += 1
            let time = now.milliseconds(from: rollout.began)
            endReload(nil, "reloaded to generation \(newest) in \(time) ms")
            return
        }
        var room = definition.replaceable - count(.starting, generation: newest)
        while room > 0, ready + count(.starting, generation: newest) < target,
            hasRoomToStart
        {
            guard start(now: now) else { return }
            room -= 1
        }
    }

    /// Those at rest come first, then those whose request is the newest: one that runs a long one
    /// holds up no other.
    private func soonestAtRest(_ some: [ApplicationProcess]) -> [ApplicationProcess] {
        guard some.count > 1 else { return some }
        let known = some.map { (process: $0, since: scoreboard.process($0.slot)?.busySince) }
        return known.sorted { left, right in
            guard let right = right.since else { return false }
            return left.since.map { $0 > right } ?? true
        }.map(\.process)
    }

    /// A process of the newest generation did not start: without one that did, the old ones stay.
    func startOfReloadFailed(now: MonotonicTime) {
        guard let rollout, count(.ready, generation: generation) == 0 else { return }
        let failed = generation
        let before = rollout.previous
        failedReloadCount += 1
        if before.definition != definition { take(before.definition) }
        for process in processes where process.generation == failed && process.state == .starting {
            process.generation = before.generation
            end(process, within: 0, because: "generation \(failed) does not start")
        }
        generation = before.generation
        // Those of a generation in between are as good as the old ones.
        for process in processes { process.generation = generation }
        endReload("generation \(failed) does not start; generation \(generation) goes on serving")
        policy.succeeded()
        scoreboard.setMaxRequests(definition.maxRequests)
    }

    /// Ends the reload that is under way, if there is one, and tells who waits for it.
    func endReload(_ failure: String?, _ success: String = "") {
        guard let rollout else { return }
        self.rollout = nil
        if let failure {
            log.write("error", "the reload failed: \(failure)")
        } else {
            log.write("notice", success)
        }
        let answer = failure.map { "failed: \($0)\n" } ?? "\(success)\n"
        for client in rollout.waiting { client.answer(answer) }
        publish()
    }

    private func publish() {
        scoreboard.setReload(
            generation: generation, reloads: reloadCount, failures: failedReloadCount)
    }
}
