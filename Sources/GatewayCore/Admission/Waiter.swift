// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Transport

/// An exchange in the queue. Made by its thread, admitted by any other.
final class Waiter: Sendable {
    /// Turns readable when the exchange is admitted.
    private let signal: Signal
    private let elected = Locked<Int?>(nil)

    init() throws(SystemError) {
        signal = try Signal()
    }

    var descriptor: Int32 { signal.descriptor }

    /// The endpoint that the exchange has a place at, once it is admitted.
    var place: Int? { elected.withLock { $0 } }

    func admit(_ endpoint: Int) {
        elected.withLock { $0 = endpoint }
        signal.set()
    }
}
