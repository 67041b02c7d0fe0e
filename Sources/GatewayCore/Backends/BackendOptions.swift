// SPDX-License-Identifier: Apache-2.0

package import FastCGI

/// How long the parts of an exchange may take, in milliseconds.
package struct Timeouts: Sendable {
    package var connect: UInt32 = 5_000
    package var send: UInt32 = 60_000
    package var head: UInt32 = 60_000
    package var read: UInt32 = 60_000
    /// 0: no limit beside the others.
    package var total: UInt32 = 0
    /// From the end of the wait in the queue on; 0: no limit beside the others.
    package var run: UInt32 = 0
    /// In the queue, before the exchange may run.
    package var queue: UInt32 = 10_000

    /// A day: longer is a mistake.
    package static let longest: UInt32 = 86_400_000

    package init() {}
}

/// Limits and times of a backend, with their defaults.
package struct BackendOptions: Sendable {
    package var timeouts = Timeouts()
    package var limits = ExchangeLimits()
    /// Bytes that are received at once.
    package var ioBufferSize = 131_072
    package var maxParamsSize = 1_048_576
    /// Whether connections are kept open for further exchanges.
    package var keepsConnections = false
    /// How long a connection may be kept without an exchange, in milliseconds.
    package var idleTimeout: UInt32 = 30_000
    package var maxIdle = 32
    /// 0: no limit.
    package var maxRequestsPerConnection: UInt32 = 0
    /// How long a connection is used for further exchanges, in milliseconds; 0: no limit.
    package var maxConnectionAge: UInt32 = 0
    /// Connections, idle ones included; 0: no limit.
    package var maxConnections = 0
    /// Exchanges that run at once, of all endpoints and of each; 0: no limit.
    package var maxActive = 0
    package var maxEndpointActive = 0
    /// Exchanges that wait for their turn.
    package var queueLength = 100
    /// Bytes of a body that is read to its end before it is sent.
    package var maxSpooledSize: UInt64 = 1_073_741_824

    /// How long what an application sends after its exchange was given up is read, in milliseconds;
    /// nil: not at all.
    package var drainTimeout: UInt32? = 5_000
    /// How much of it, in bytes.
    package var drainSize = 67_108_864

    package init() {}

    /// An exchange has a connection, so the limit of one is that of the other.
    var activeLimit: Int {
        switch (maxActive, maxConnections) {
        case (0, let connections): connections
        case (let active, 0): active
        default: min(maxActive, maxConnections)
        }
    }

    var hasAdmission: Bool { activeLimit > 0 || maxEndpointActive > 0 }
}
