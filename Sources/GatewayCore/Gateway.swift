// SPDX-License-Identifier: Apache-2.0

package import Platform

/// The library in use by one host: what all its backends share. Used by any thread.
package final class Gateway: Sendable {
    /// The host ignores SIGPIPE for good, so that requests can be sent with writev(2).
    package let isSIGPIPEIgnored: Bool
    package let log: Log
    private let backends = Locked<[ProcessLocal]>([])

    package init(isSIGPIPEIgnored: Bool, log: Log) throws(APRError) {
        try APRLibrary.use()
        ForkGeneration.watch()
        self.isSIGPIPEIgnored = isSIGPIPEIgnored
        self.log = log
    }

    func register(_ backend: ProcessLocal) {
        backends.withLock { $0.append(backend) }
    }

    func unregister(_ backend: ProcessLocal) {
        backends.withLock { backends in backends.removeAll { $0 === backend } }
    }

    /// Does for all backends what is due without an exchange: closes what is idle for too long, and
    /// goes on closing what was given up.
    package func maintain() {
        let open = backends.withLock { $0 }
        for backend in open { backend.state.maintain() }
    }
}
