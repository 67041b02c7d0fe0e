// SPDX-License-Identifier: Apache-2.0

package import Platform

/// The library in use by one host: what all its backends share. Used by any thread.
package final class Gateway: Sendable {
    /// The host ignores SIGPIPE for good, so that requests can be sent with writev(2).
    package let isSIGPIPEIgnored: Bool
    package let log: Log
    private let backends = Locked<[BackendReference]>([])

    package init(isSIGPIPEIgnored: Bool, log: Log) throws(APRError) {
        try APRLibrary.use()
        ForkGeneration.watch()
        self.isSIGPIPEIgnored = isSIGPIPEIgnored
        self.log = log
    }

    func register(_ backend: Backend) {
        backends.withLock { backends in
            backends.removeAll { $0.backend == nil }
            backends.append(BackendReference(backend: backend))
        }
    }

    /// Does for all backends what is due without an exchange.
    package func maintain() {
        let open = backends.withLock { backends in backends.compactMap(\.backend) }
        for backend in open { backend.maintain() }
    }
}

/// A backend of the gateway's, for as long as somebody else has it.
private struct BackendReference {
    weak var backend: Backend?
}
