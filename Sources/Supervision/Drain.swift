// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Synchronization
internal import Transport

/// Lets a process finish what it has accepted and keeps it from accepting more, where all share a
/// listening socket and nobody claims.
///
/// Under load a process rests between close(2) and accept(2) for a few microseconds only, and is
/// never found at rest by looking: a thread of the drain's own follows its system calls.
final class Drain: Sendable {
    enum Stage: Equatable {
        case working
        /// It has no connection, and gets none any more.
        case atRest
        /// It may not be followed, or not be looked at.
        case refused(SystemError)
    }

    /// What the thread tells, and is told.
    final class Progress: Sendable {
        private static let atRest: Int32 = -1
        private static let isThere: Int32 = -1

        /// 0 while it works; above: why it was refused.
        private let reached = Atomic<Int32>(0)
        private let ended = Atomic<Int32>(isThere)
        /// How often the process was told to end.
        let toldCount = Atomic<UInt32>(0)
        private let attention: Signal

        init(_ attention: Signal) {
            self.attention = attention
        }

        var stage: Stage {
            switch reached.load(ordering: .acquiring) {
            case 0: .working
            case Self.atRest: .atRest
            case let number: .refused(SystemError(number: number))
            }
        }

        func rest() {
            reached.store(Self.atRest, ordering: .releasing)
            attention.set()
        }

        func refuse(_ error: SystemError) {
            reached.store(error.number, ordering: .releasing)
            attention.set()
        }

        /// As of waitpid(2), which only the thread can call.
        var endStatus: Int32? {
            let status = ended.load(ordering: .acquiring)
            return status == Self.isThere ? nil : status
        }

        func end(_ status: Int32) {
            ended.store(status, ordering: .releasing)
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
            progress.refuse(error)
        }
    }

    deinit {
        thread?.join()
    }

    var stage: Stage { progress.stage }

    /// As of waitpid(2): when it has ended, while it is followed.
    var endStatus: Int32? { progress.endStatus }

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
