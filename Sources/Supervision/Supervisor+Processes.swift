// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform
internal import SharedStatus
internal import Transport

/// The life of a process: started, ready, leaving, stopping, reaped.
extension Supervisor {
    // MARK: Start

    /// Starts a process in a free slot; false when that cannot be done now.
    @discardableResult
    func start(now: MonotonicTime) -> Bool {
        guard policy.mayStart(now: now), let slot = freeSlot else { return false }
        do throws(Spawner.Failure) {
            let socket = try socket(of: slot)
            try start(in: slot, listening: socket, now: now)
            return true
        } catch {
            log.write("error", "a process cannot be started: \(error.text)")
            startFailed(now: now)
            return false
        }
    }

    private func start(
        in slot: Int, listening socket: ListeningSocket, now: MonotonicTime
    ) throws(Spawner.Failure) {
        let output: ProcessOutput
        do {
            output = try ProcessOutput()
        } catch {
            throw Spawner.Failure(step: .descriptor, error: error)
        }
        defer { output.closeWriter() }
        var spawner = Spawner(
            arguments: definition.command, environment: environment,
            descriptors: [socket.descriptor, output.writer, output.writer])
        spawner.directory = definition.directory
        spawner.mask = definition.mask
        spawner.limits = definition.limits
        spawner.signalAtDeath = SIGKILL
        spawner.identity = try identity()
        let process = ApplicationProcess(
            slot: slot, identifier: try spawner.start(), generation: generation, now: now,
            output: output, startTimeout: definition.startTimeout)
        processes.append(process)
        scoreboard.started(
            slot, process: process.identifier, generation: generation, now: now)
    }

    private func identity() throws(Spawner.Failure) -> Identity? {
        guard let user = definition.user else { return nil }
        do {
            let identity = try Identity(user: user, group: definition.group)
            // Who is that already cannot change anything, and need not.
            return identity.user == geteuid() && geteuid() != 0 ? nil : identity
        } catch {
            log.write("error", error.text)
            throw Spawner.Failure(step: .user, error: SystemError(number: EINVAL))
        }
    }

    /// That of the supervisor, and what the definition adds.
    private var environment: [String] {
        let added = definition.environment
        // What systemd tells the supervisor is not for its children.
        let own: Set<Substring> = ["NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID"]
        let inherited = Spawner.inheritedEnvironment.filter { variable in
            let name = variable.prefix { $0 != "=" }
            return !own.contains(name) && !added.contains { $0.name == name }
        }
        return inherited + added.map { "\($0.name)=\($0.value)" }
    }

    /// One where connections wait already comes first: a process has ended before it took them.
    private var freeSlot: Int? {
        let taken = Set(processes.map(\.slot))
        let free = (0..<Scoreboard.slotRoom).lazy.filter { !taken.contains($0) }
        return free.first { self.sockets[$0]?.hasPending == true } ?? free.first
    }

    private func socket(of slot: Int) throws(Spawner.Failure) -> ListeningSocket {
        if let known = sharedSocket ?? sockets[slot] { return known }
        do throws(ListeningSocket.Refusal) {
            let fresh = try directory.listen(at: directory.socketPath(slot), for: client)
            sockets[slot] = fresh
            return fresh
        } catch {
            log.write("error", error.text)
            throw Spawner.Failure(step: .descriptor, error: .badDescriptor)
        }
    }

    // MARK: On

    /// Goes on with each process that is about to change.
    func advanceProcesses(now: MonotonicTime) {
        for process in processes {
            switch process.state {
            case .starting:
                if isReady(process, now: now) {
                    becomeReady(process, now: now)
                } else if now >= process.deadline {
                    let reason = "it was not ready in \(definition.startTimeout) ms"
                    noteFailedStart(of: process, because: reason)
                    end(process, within: 0, because: reason)
                }
            case .ready:
                noteUse(of: process, now: now)
            case .leaving:
                if isDrained(process) {
                    end(process, within: definition.stopTimeout, because: process.reason)
                } else if isStopping, now >= process.deadline {
                    end(process, within: 0, because: "it did not finish in time")
                }
            case .stopping:
                if now >= process.deadline {
                    log.write(
                        "warn", process: process.identifier, "did not end in time: it is killed")
                    process.signal(SIGKILL)
                    process.deadline = .distantFuture
                } else if process.isDue(now: now, every: process.pause) {
                    // libfcgi notes the signal, and may be just about to wait in accept(2), which
                    // only another one ends.
                    process.signal(SIGTERM)
                    process.pause = min(2 * process.pause, 1_000)
                }
            case .none: break
            }
        }
    }

    private func becomeReady(_ process: ApplicationProcess, now: MonotonicTime) {
        process.probe = nil
        process.state = .ready
        process.usedAt = now
        scoreboard.open(process.slot)
        policy.succeeded()
        startTime = (startTime * 3 + process.age(now)) / 4
        scoreboard.setMaxRequests(definition.maxRequests)
        log.write(
            "info", process: process.identifier, "is ready after \(process.age(now)) ms")
    }

    /// It answers the supervisor, or has accepted its connection a while ago. Where all processes
    /// share a socket, its system calls show it.
    private func isReady(_ process: ApplicationProcess, now: MonotonicTime) -> Bool {
        guard let socket = sockets[process.slot] else {
            return seemsReady(process, now: now)
        }
        switch process.probe {
        case nil where socket.hasPending:
            // One of a host's, whose process has ended, comes first.
            process.probe = .ofHost
        case nil:
            process.probe = Probe(socket.endpoint).map { .own($0) }
        case .ofHost:
            return !socket.hasPending
        case .own(let probe):
            if probe.isAnswered { return true }
            guard !socket.hasPending else { return false }
            let since = process.waitsSince ?? now
            process.waitsSince = since
            return now >= since.advanced(byMilliseconds: Probe.patience)
        }
        return false
    }

    private func seemsReady(_ process: ApplicationProcess, now: MonotonicTime) -> Bool {
        let waits = ProcessFiles.waits(process.identifier)
        if waits.forConnection { return true }
        // It may have one already, or may not be looked at.
        if let sharedSocket, process.isDue(now: now, every: 50),
            AcceptedConnections.has(process.identifier, from: sharedSocket) != false
        {
            return true
        }
        guard waits.forEvents else {
            process.waitsSince = nil
            return false
        }
        let since = process.waitsSince ?? now
        process.waitsSince = since
        return now >= since.advanced(byMilliseconds: 200)
    }

    private func noteUse(of process: ApplicationProcess, now: MonotonicTime) {
        guard sharedSocket == nil, let shown = scoreboard.process(process.slot) else { return }
        if shown.active > 0 || shown.served != process.served {
            process.noteServed(shown.served, now: now)
            process.usedAt = now
        }
        // It was not reaped, and its socket is the supervisor's.
        if shown.isDoubtful { scoreboard.trust(process.slot) }
        if shown.isOverdue {
            log.write(
                "error", process: process.identifier,
                "has run \(shown.request) for more than \(definition.requestTimeout) ms: ended")
            end(process, within: 1_000, because: "request-timeout")
        } else if definition.concurrency == 1, isStuck(shown, now: now) {
            log.write(
                "error", process: process.identifier,
                "runs \(shown.request) for a host that does not give it up: ended")
            end(process, within: 1_000, because: "request-timeout")
        }
    }

    /// The host should have given it up long ago.
    private func isStuck(_ shown: Scoreboard.Process, now: MonotonicTime) -> Bool {
        guard let since = shown.busySince else { return false }
        let limit = definition.requestTimeout.addingReportingOverflow(10_000).partialValue
        return since.advanced(byMilliseconds: limit) <= now
    }

    // MARK: End

    /// It is given nothing more, and ends when it has finished what it was given.
    func leave(_ process: ApplicationProcess, because reason: String) {
        switch process.state {
        case .ready:
            process.state = .leaving
            process.reason = reason
            process.deadline = MonotonicTime.now.advanced(byMilliseconds: definition.stopTimeout)
            scoreboard.close(process.slot)
            if let sharedSocket {
                process.drain = Drain(process.identifier, from: sharedSocket, attention: attention)
            }
        case .starting: end(process, within: definition.stopTimeout, because: reason)
        case .leaving, .stopping, .none: break
        }
    }

    private func isDrained(_ process: ApplicationProcess) -> Bool {
        guard let drain = process.drain else {
            return scoreboard.process(process.slot)?.active == 0
        }
        switch drain.stage {
        case .working: return false
        case .atRest: return true
        case .refused(let error):
            if error.number != ESRCH {
                log.write(
                    "error", process: process.identifier,
                    "is told to end, at work or not: ptrace(2) may not be used: \(error.text)")
            }
            return true
        }
    }

    /// Tells it to end; SIGKILL follows after so many milliseconds.
    func end(_ process: ApplicationProcess, within milliseconds: UInt32, because reason: String) {
        guard process.state != .stopping else { return }
        scoreboard.close(process.slot)
        scoreboard.setState(.stopping, of: process.slot)
        log.write("info", process: process.identifier, "is told to end: \(reason)")
        process.state = .stopping
        process.pause = 50
        _ = process.isDue(now: .now, every: 0)
        process.deadline = MonotonicTime.now.advanced(byMilliseconds: milliseconds)
        process.signal(milliseconds == 0 ? SIGKILL : SIGTERM)
        process.signal(SIGCONT)
    }

    /// Takes leave of those that have ended.
    func reap(now: MonotonicTime) {
        for process in processes {
            guard let status = process.endStatus else { continue }
            process.output.finish(now: now) {
                log.write("stderr", process: process.identifier, $0)
            }
            processes.removeAll { $0 === process }
            ended(process, ExitReason(status: status), now: now)
            scoreboard.vacate(process.slot)
        }
    }

    private func ended(_ process: ApplicationProcess, _ reason: ExitReason, now: MonotonicTime) {
        switch process.state {
        case .starting:
            noteFailedStart(of: process, because: "it ended with \(reason.text)")
        case .ready, .leaving:
            let shown = scoreboard.process(process.slot)
            var text = "ended by itself with \(reason.text)"
            if let shown, shown.active > 0 { text += " while it ran \(shown.request)" }
            // Its host counts the request until it has read to the end: one that ends after a whole
            // response, as gitweb does, may still be seen at it. A response that is not whole is
            // the host's to report.
            log.write(reason.isSuccess ? "info" : "error", process: process.identifier, text)
            // What is accepted from a shared socket is counted by nobody.
            let mayHaveServed = shown?.served != 0 || sharedSocket != nil && reason.isSuccess
            if process.age(now) < 1_000, !mayHaveServed { startFailed(now: now) }
        case .stopping, .none:
            log.write("info", process: process.identifier, "has ended with \(reason.text)")
        }
    }

    private func noteFailedStart(of process: ApplicationProcess, because reason: String) {
        var text = "did not start: \(reason)"
        let said = process.output.lastLines.joined(separator: " | ")
        if !said.isEmpty { text += "; it said: \(said)" }
        log.write("error", process: process.identifier, text)
        startFailed(now: .now, generation: process.generation)
    }

    /// While starts fail, no process that serves is given up, whatever it has served.
    private func startFailed(now: MonotonicTime, generation failed: UInt32? = nil) {
        policy.failed(now: now)
        scoreboard.setMaxRequests(0)
        for process in processes where process.state == .ready { scoreboard.open(process.slot) }
        if failed == nil || failed == generation { startOfReloadFailed(now: now) }
    }
}
