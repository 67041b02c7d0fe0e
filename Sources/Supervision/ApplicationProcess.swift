// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Platform
internal import SharedStatus

/// One process of an application, from its start until it is reaped.
final class ApplicationProcess {
    let slot: Int
    let identifier: Int32
    /// Which reload it belongs to.
    var generation: UInt32
    let started: MonotonicTime
    let output: ProcessOutput
    var state = ProcessState.starting
    /// When the state has to have changed: a start, or an end.
    var deadline: MonotonicTime
    /// What shows whether the process accepts connections.
    enum Sign {
        case own(Probe)
        /// A connection that waited for it already.
        case ofHost
    }

    var probe: Sign?
    /// When it was first seen to accept, or to wait for events, where that is all that can be seen.
    var waitsSince: MonotonicTime?
    /// When it was last seen to have something to do.
    var usedAt: MonotonicTime
    private(set) var served: UInt32 = 0
    /// Exchanges in a second, of late.
    private(set) var rate = 0.0
    private var ratedAt: MonotonicTime
    private var ratedServed: UInt32 = 0
    var memory: UInt64 = 0
    private var lookedAt = MonotonicTime(nanoseconds: 0)
    /// Milliseconds until it is told to end once more.
    var pause: UInt32 = 0
    /// Why it was told to end, for the log.
    var reason = ""
    /// While it finishes what it accepted from a shared socket, until it has ended.
    var drain: Drain?

    init(
        slot: Int, identifier: Int32, generation: UInt32, now: MonotonicTime, output: ProcessOutput,
        startTimeout: UInt32
    ) {
        self.slot = slot
        self.identifier = identifier
        self.generation = generation
        started = now
        usedAt = now
        ratedAt = now
        self.output = output
        deadline = now.advanced(byMilliseconds: startTimeout)
    }

    func noteServed(_ count: UInt32, now: MonotonicTime) {
        served = count
        let time = now.microseconds(since: ratedAt)
        guard time >= 50_000 else { return }
        rate = Double(count &- ratedServed) * 1_000_000 / Double(time)
        ratedAt = now
        ratedServed = count
    }

    /// What costs a little, or is done until it helps, is done every so many milliseconds.
    func isDue(now: MonotonicTime, every milliseconds: UInt32) -> Bool {
        guard now >= lookedAt.advanced(byMilliseconds: milliseconds) else { return false }
        lookedAt = now
        return true
    }

    func signal(_ number: Int32) {
        _ = kill(identifier, number)
        drain?.interrupt()
    }

    /// As of waitpid(2), when it has ended.
    var endStatus: Int32? {
        if let drain, drain.isFollowing { return drain.endStatus }
        var status: Int32 = 0
        guard unsafe waitpid(identifier, &status, WNOHANG) == identifier,
            // Not where following it ends just now.
            status & 0xFF != 0x7F
        else { return nil }
        return status
    }

    func age(_ now: MonotonicTime) -> UInt32 { now.milliseconds(from: started) }
}

/// How a process ended, in words.
struct ExitReason {
    let status: Int32

    var isSuccess: Bool { status == 0 }

    var text: String {
        let signal = status & 0x7F
        if signal == 0 { return "exit status \(status >> 8 & 0xFF)" }
        let name = unsafe strsignal(signal).map { unsafe String(cString: $0) } ?? "unknown"
        return "signal \(signal) (\(name))"
    }
}
