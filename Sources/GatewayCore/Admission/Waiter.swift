// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import SharedStatus
internal import Transport

/// An exchange in the queue. Made by its thread, admitted by any other, of any process.
final class Waiter: Sendable {
    private enum Turn: Sendable {
        case here(Signal, Locked<Int?>)
        case shared(WakeSocket, Int, Scoreboard)
    }

    private let turn: Turn

    init() throws(SystemError) {
        turn = .here(try Signal(), Locked(nil))
    }

    init(_ socket: WakeSocket, _ number: Int, of scoreboard: Scoreboard) {
        turn = .shared(socket, number, scoreboard)
    }

    /// Turns readable when the exchange is admitted.
    var descriptor: Int32 {
        switch turn {
        case .here(let signal, _): signal.descriptor
        case .shared(let socket, _, _): socket.descriptor
        }
    }

    /// The place that the exchange has, once it is admitted; to be taken once.
    func takePlace() -> Int? {
        switch turn {
        case .here(_, let elected): return elected.withLock { $0 }
        case .shared(let socket, let number, let scoreboard):
            // Who is woken in between is told again.
            socket.rest()
            return scoreboard.takeTurn(number)
        }
    }

    func admit(_ place: Int) {
        guard case .here(let signal, let elected) = turn else { return }
        elected.withLock { $0 = place }
        signal.set()
    }

    /// Gives up a wait for an application.
    func withdraw() {
        guard case .shared(_, let number, let scoreboard) = turn else { return }
        scoreboard.withdraw(number)
    }
}
