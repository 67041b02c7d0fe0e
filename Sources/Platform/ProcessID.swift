// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Synchronization

/// Numbers of processes.
package enum ProcessID {
    /// 0: not asked for since the process was forked.
    private static let known = Atomic<Int32>(0)

    /// Of this process, mostly without a system call.
    package static var own: Int32 {
        let own = known.load(ordering: .relaxed)
        return own != 0 ? own : ask()
    }

    private static func ask() -> Int32 {
        ForkGeneration.watch()
        let own = getpid()
        known.store(own, ordering: .relaxed)
        return own
    }

    /// Before `forget` may be called, in the parent.
    static func prepare() { _ = known.load(ordering: .relaxed) }

    /// In a child that was just forked.
    static func forget() { known.store(0, ordering: .relaxed) }

    /// Whether a process is gone, or only waits for its parent to take leave of it: it holds no
    /// descriptor any more.
    package static func hasEnded(_ process: Int32) -> Bool {
        guard process != own else { return false }
        let handle = capr_process_handle(process)
        guard handle >= 0 else {
            // EINVAL: what no process has. Else it cannot be seen in this way.
            return errno == ESRCH || errno == EINVAL || kill(process, 0) != 0 && errno == ESRCH
        }
        defer { _ = close(handle) }
        var ended = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&ended, 1, 0) == 1
    }
}
