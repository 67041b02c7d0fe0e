// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform
internal import Synchronization

/// Follows the system calls of a process (ptrace(2)), so that it is stopped where it would accept
/// one more connection. Everything happens in one thread.
final class Tracer {
    /// How often those that stay stopped are looked at, in microseconds.
    private static let pause: UInt32 = 1_000

    private let process: Int32
    private let socket: ListeningSocket
    private let progress: Drain.Progress
    private var threads: Set<Int32> = []
    /// Threads that may be inside accept(2) still.
    private var unseen: Set<Int32> = []
    /// Threads that stay stopped at the entry of accept(2).
    private var held: Set<Int32> = []
    /// How often the process had been told to end when a thread's accept(2) was last interrupted.
    private var interrupted: [Int32: UInt32] = [:]
    private var isOver = false

    init(_ process: Int32, _ socket: ListeningSocket, _ progress: Drain.Progress) {
        self.process = process
        self.socket = socket
        self.progress = progress
    }

    /// Until the process has ended, or must not be followed: it is let go with the thread.
    func run() {
        begin()
        var event = capr_trace_event()
        while !isOver {
            switch unsafe capr_trace_next(held.isEmpty ? 1 : 0, &event) {
            case 1: take(event)
            case 0:
                lookWhetherAtRest()
                letInterruptedGo()
                usleep(Self.pause)
            default: isOver = true
            }
        }
    }

    /// Threads may start others until all are followed, which then begin so.
    private func begin() {
        while true {
            let fresh = ProcessFiles.threads(of: process).filter { !threads.contains($0) }
            if fresh.isEmpty { break }
            for thread in fresh {
                threads.insert(thread)
                if capr_trace_begin(thread) == 0 {
                    unseen.insert(thread)
                } else if thread == process {
                    return refuse(.last)
                }
            }
        }
        if threads.isEmpty { refuse(SystemError(number: ESRCH)) }
    }

    private func refuse(_ error: SystemError) {
        progress.refuse(ProcessID.hasEnded(process) ? SystemError(number: ESRCH) : error)
        isOver = true
    }

    private func take(_ event: capr_trace_event) {
        threads.insert(event.thread)
        if event.kind == CAPR_TRACE_ENDED { return ended(event) }
        if unseen.remove(event.thread) != nil { lookWhetherAtRest() }
        switch event.kind {
        case CAPR_TRACE_ENTRY: enter(event)
        case CAPR_TRACE_STOPPED: capr_trace_stay(event.thread)
        default: capr_trace_resume(event.thread, event.signal)
        }
    }

    private func ended(_ event: capr_trace_event) {
        threads.remove(event.thread)
        unseen.remove(event.thread)
        held.remove(event.thread)
        guard event.thread == process else { return }
        // Whatever it cloned besides threads is followed too, and may stay: it is let go.
        isOver = true
        progress.end(event.status)
    }

    /// A system call is about to begin.
    private func enter(_ event: capr_trace_event) {
        let descriptor = Int32(truncatingIfNeeded: event.argument)
        let isAccept =
            capr_is_accept(Int(event.number)) != 0
            && AcceptedConnections.isListening(descriptor, of: process, at: socket)
        if isAccept || capr_is_poll(Int(event.number)) != 0 { lookWhetherAtRest() }
        guard isAccept, !isOver else { return capr_trace_resume(event.thread, 0) }
        if fcntl(socket.descriptor, F_GETFL) & O_NONBLOCK != 0 {
            // Another process has taken the connection, as far as this one knows.
            usleep(Self.pause)
            answer(event.thread, EAGAIN)
        } else if isAtRest || threads.count > 1 {
            // What other threads have accepted is finished meanwhile.
            held.insert(event.thread)
            letInterruptedGo()
        } else {
            // Its only thread has a connection that it does not wait for.
            capr_trace_resume(event.thread, 0)
        }
    }

    private var isAtRest: Bool { progress.stage == .atRest }

    private func lookWhetherAtRest() {
        guard !isAtRest, unseen.isEmpty else { return }
        switch AcceptedConnections.has(process, from: socket) {
        case true?: break
        case false?: progress.rest()
        case nil: refuse(SystemError(number: EPERM))
        }
    }

    /// The signal that was sent before is delivered on the way out of the system call. Some begin
    /// it again then, as Python, and see what the signal has changed only if it fails otherwise.
    private func letInterruptedGo() {
        let count = progress.toldCount.load(ordering: .acquiring)
        for thread in held where interrupted[thread, default: 0] != count {
            held.remove(thread)
            answer(thread, interrupted[thread] == nil ? EINTR : EAGAIN)
            interrupted[thread] = count
        }
    }

    private func answer(_ thread: Int32, _ error: Int32) {
        _ = capr_trace_answer(thread, -Int64(error))
        capr_trace_resume(thread, 0)
    }
}
