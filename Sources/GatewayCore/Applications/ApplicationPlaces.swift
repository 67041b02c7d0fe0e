// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import SharedStatus

/// The places of a supervised application, of which each exchange claims one, and the one queue of
/// all its hosts. Used by any thread.
final class ApplicationPlaces: Sendable {
    private let scoreboard: Scoreboard

    init(_ scoreboard: Scoreboard) {
        self.scoreboard = scoreboard
    }

    static func endpoint(of place: Int) -> Int { Scoreboard.slot(of: place) }

    func enter() -> Admission.Entry {
        if let place = scoreboard.claim() { return .admitted(place) }
        do throws(SystemError) {
            let socket = try WakeSocket()
            switch scoreboard.enter(socket) {
            case .place(let place): return .admitted(place)
            case .waiter(let number): return .queued(Waiter(socket, number, of: scoreboard))
            case .full: return .refused(nil)
            }
        } catch {
            return .refused(error)
        }
    }

    func leave(_ place: Int) { scoreboard.leave(place) }

    func overdue(_ place: Int) { scoreboard.overdue(place) }

    /// The process may have ended.
    func doubt(_ place: Int) { scoreboard.doubt(place) }

    func note(_ request: UnsafeRawBufferPointer, at place: Int) {
        unsafe scoreboard.note(request, at: place)
    }

    var activeCount: Int { scoreboard.activeCount }

    var queuedCount: Int { scoreboard.waitingCount }
}
