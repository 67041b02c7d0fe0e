// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
package import Platform
package import SharedStatus
internal import Transport

/// The parent of an application's processes: starts them, watches them, replaces them. One thread.
///
/// `Supervisor+Processes` has the life of a process, `Supervisor+Policy` which processes there are
/// to be, `Supervisor+Reload` how one generation takes over from another, `Supervisor+Control`
/// what it is asked for.
package final class Supervisor {
    /// How often what nobody tells of is looked at, in milliseconds; while something is about to
    /// change, and else.
    private static let shortPause: UInt32 = 10
    private static let longPause: UInt32 = 200

    var definition: ApplicationDefinition
    let directory: RuntimeDirectory
    let scoreboard: Scoreboard
    var log: EventLog
    /// Whose children connect.
    let client: Identity?
    /// One for all processes, where other web servers connect; nil: each slot has its own.
    let sharedSocket: ListeningSocket?
    /// Ends when this process has ended; nil: it stands alone.
    private let host: Int32?

    var processes: [ApplicationProcess] = []
    var sockets: [Int: ListeningSocket] = [:]
    var policy = RespawnPolicy()
    /// How many processes there are to be.
    var target: Int
    /// How long a process takes until it is ready, in milliseconds: a running mean.
    var startTime: UInt32 = 100
    var grownAt = MonotonicTime(nanoseconds: 0)
    var generation: UInt32 = 1
    var rollout: Rollout?
    var reloadCount: UInt32 = 0
    var failedReloadCount: UInt32 = 0
    var watch: FileWatch
    var isStopping = false
    private var lookedAt = MonotonicTime(nanoseconds: 0)

    private let signals: Signals
    /// Set by threads that have something to tell.
    let attention: Signal
    private var control: ControlServer?
    private var lock: Int32 = -1

    /// - Parameters:
    ///   - definition: of the application, its command included
    ///   - directory: where its sockets are
    ///   - scoreboard: given by the host, or of its own
    ///   - client: whose processes may connect beside those of the supervisor's user
    ///   - listening: where all processes listen, instead of each at a socket of its own
    ///   - host: the process that it ends with
    /// - Throws: why it cannot begin.
    package init(
        _ definition: ApplicationDefinition, directory: RuntimeDirectory, scoreboard: Scoreboard,
        client: Identity?, listening: ListeningSocket?, host: Int32?
    ) throws(SystemError) {
        self.definition = definition
        self.directory = directory
        self.scoreboard = scoreboard
        self.client = client
        sharedSocket = listening
        self.host = host
        log = EventLog(application: definition.name, least: definition.logLevel)
        target = definition.processes.lowerBound
        watch = FileWatch(definition.watch, in: definition.directory)
        signals = try Signals([SIGCHLD, SIGHUP, SIGTERM, SIGINT])
        attention = try Signal()
    }

    deinit {
        if lock >= 0 { _ = close(lock) }
    }

    /// Supervises until it is told to stop, or its host has ended.
    ///
    /// - Throws: why it cannot begin.
    package func run() throws(RuntimeDirectory.Refusal) {
        try directory.make(for: client)
        lock = try directory.lock()
        do {
            control = try ControlServer(directory, client: client)
        } catch {
            throw .system(directory.controlPath, error)
        }
        scoreboard.beginSupervision()
        scoreboard.set(definition.scoreboardSettings)
        watchScoreboard()
        while !(isStopping && processes.isEmpty) {
            turn(now: .now)
            wait()
        }
        log.write("notice", "ended")
        directory.remove(slots: Scoreboard.slotRoom)
    }

    /// A futex cannot be polled, so a thread of its own waits for what hosts say.
    private func watchScoreboard() {
        let scoreboard = scoreboard
        let attention = attention
        _ = try? Thread {
            var seen = scoreboard.attention
            while true {
                scoreboard.waitForAttention(otherThan: seen, milliseconds: 10_000)
                let now = scoreboard.attention
                if now != seen { attention.set() }
                seen = now
            }
        }
    }

    /// What is due now.
    private func turn(now: MonotonicTime) {
        reap(now: now)
        if let host, getppid() != host { endWithHost(now: now) }
        advanceProcesses(now: now)
        guard now >= lookedAt.advanced(byMilliseconds: Self.longPause) else {
            return balance(now: now)
        }
        lookedAt = now
        scoreboard.sweep()
        look(now: now)
        if !isStopping, let path = watch.settledChange(now: now) {
            reload(because: "\(path) has changed", now: now)
        }
        balance(now: now)
    }

    private func wait() {
        let isChanging = processes.contains { $0.state != .ready } || rollout != nil
        let pause = isChanging ? Self.shortPause : Self.longPause
        var descriptors = [signals.descriptor, attention.descriptor]
        descriptors += control?.descriptors ?? []
        descriptors += processes.map(\.output.reader)
        if let sharedSocket, target < definition.processes.upperBound, !isChanging {
            descriptors.append(sharedSocket.descriptor)
        }
        let deadline = MonotonicTime.now.advanced(byMilliseconds: pause)
        let ready = Interest.waitForAny(of: descriptors, until: deadline)
        guard !ready.isEmpty else { return }
        attention.rest()
        for process in processes where ready.contains(process.output.reader) {
            process.output.read(now: .now) {
                log.write("stderr", process: process.identifier, $0)
            }
        }
        for number in signals.take() { handle(number) }
        control?.serve(ready) { answer($0) }
    }

    private func handle(_ signal: Int32) {
        switch signal {
        case SIGHUP: reload(because: "SIGHUP", now: .now)
        case SIGTERM, SIGINT: stop()
        default: break
        }
    }

    /// Lets the processes finish what they run, and ends.
    func stop() {
        guard !isStopping else { return }
        log.write("notice", "stops")
        isStopping = true
        endReload("the application stops")
        for process in processes { leave(process, because: "the application stops") }
    }

    /// Nobody is there to wait for what the processes run.
    private func endWithHost(now: MonotonicTime) {
        guard !isStopping else { return }
        log.write("notice", "the host has ended")
        isStopping = true
        for process in processes { end(process, within: 1_000, because: "the host has ended") }
    }
}
