// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform
internal import Synchronization
internal import Transport

/// Lets a process finish what it has accepted and keeps it from accepting more, where all share a
/// listening socket and nobody claims.
///
/// Under load a process rests between close(2) and accept(2) for a few microseconds only, and is
/// never found at rest by looking: a thread of the drain's own follows its system calls.
final class Drain: Sendable {
    enum Stage: Sendable {
        case working
        /// It has no connection, and gets none any more.
        case atRest
        /// It may not be followed, or not be looked at.
        case refused(SystemError)
    }

    /// What the thread tells, and is told.
    final class Progress: Sendable {
        let stage = Mutex(Stage.working)
        /// As of waitpid(2), which only the thread can call.
        let endStatus = Mutex<Int32?>(nil)
        /// How often the process was told to end.
        let toldCount = Atomic<UInt32>(0)
        private let attention: Signal

        init(_ attention: Signal) {
            self.attention = attention
        }

        func reach(_ next: Stage) {
            stage.withLock { $0 = next }
            attention.set()
        }

        func end(_ status: Int32) {
            endStatus.withLock { $0 = status }
            attention.set()
        }
    }

    private let progress: Progress
    private let thread: Thread?

    /// - Parameters:
    ///   - process: a child of the caller's
    ///   - socket: that it accepts from
    ///   - attention: set when the stage has changed, and when the process has ended
    init(_ process: Int32, from socket: ListeningSocket, attention: Signal) {
        let progress = Progress(attention)
        self.progress = progress
        do {
            thread = try Thread { Tracer(process, socket, progress).run() }
        } catch {
            thread = nil
            progress.reach(.refused(error))
        }
    }

    deinit {
        thread?.join()
    }

    var stage: Stage { progress.stage.withLock { $0 } }

    /// As of waitpid(2): when it has ended, while it is followed.
    var endStatus: Int32? { progress.endStatus.withLock { $0 } }

    /// Whether its end is told here, and nowhere else.
    var isFollowing: Bool {
        if case .refused = stage { return false }
        return true
    }

    /// Interrupts its accept(2) once: to be called after each signal that tells it to end.
    func interrupt() {
        progress.toldCount.add(1, ordering: .releasing)
    }
}
