// SPDX-License-Identifier: Apache-2.0

package import Platform

/// The library in use by one host: what all its backends share. Used by any thread.
package final class Gateway: Sendable {
    /// The host ignores SIGPIPE for good, so that requests can be sent with writev(2).
    package let isSIGPIPEIgnored: Bool
    package let log: Log

    package init(isSIGPIPEIgnored: Bool, log: Log) throws(APRError) {
        try APRLibrary.use()
        ForkGeneration.watch()
        self.isSIGPIPEIgnored = isSIGPIPEIgnored
        self.log = log
    }
}
