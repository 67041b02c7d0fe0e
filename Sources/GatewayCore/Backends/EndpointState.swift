// SPDX-License-Identifier: Apache-2.0

/// What a backend holds for one of its endpoints in one process. Used by any thread.
final class EndpointState: Sendable {
    let pool: ConnectionPool
    let counters = BackendCounters()

    init(options: BackendOptions) {
        pool = ConnectionPool(options: options)
    }
}
