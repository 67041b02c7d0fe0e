// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform

/// Signals of the process as something to be read: a signalfd(2). They interrupt nothing.
final class Signals {
    let descriptor: Int32

    /// To be made before any thread, which begins with the same signals blocked.
    init(_ numbers: [Int32]) throws(SystemError) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in numbers { unsafe sigaddset(&set, number) }
        unsafe sigprocmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
        descriptor = unsafe capr_signal_descriptor(&set)
        guard descriptor >= 0 else { throw .last }
    }

    deinit {
        _ = close(descriptor)
    }

    /// Those that came since the last call.
    func take() -> [Int32] {
        var numbers: [Int32] = []
        while true {
            let number = capr_next_signal(descriptor)
            guard number > 0 else { return numbers }
            numbers.append(number)
        }
    }
}
