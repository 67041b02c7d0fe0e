// SPDX-License-Identifier: Apache-2.0

package import SharedStatus

/// A place that a connection of the host's holds among those that processes share.
package struct SharedPlace: Sendable {
    let status: SharedStatus
    let application: Int
    let number: Int

    package init(_ status: SharedStatus, application: Int, number: Int) {
        self.status = status
        self.application = application
        self.number = number
    }

    /// Whether somebody waits for a place there, in any process.
    var isWaitedFor: Bool { status.isWaitedFor(application) }

    /// Keeps it for a connection that no exchange uses; false when somebody waits for it.
    func rest() -> Bool { status.rest(number, at: application) }

    func leave() { status.leave(number, at: application) }
}
