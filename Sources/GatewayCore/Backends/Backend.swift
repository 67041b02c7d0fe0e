// SPDX-License-Identifier: Apache-2.0

internal import Platform
package import Transport

/// An application and how to treat it. Used by any thread.
package final class Backend: Sendable {
    package let gateway: Gateway
    /// As the user wrote it, for messages; empty when there is none.
    package let address: String
    package let endpoint: Endpoint?
    package let options: BackendOptions
    private let local: ProcessLocal

    package init(gateway: Gateway, address: String, endpoint: Endpoint?, options: BackendOptions) {
        self.gateway = gateway
        self.address = address
        self.endpoint = endpoint
        self.options = options
        local = ProcessLocal(options: options)
        gateway.register(self)
    }

    var state: BackendState { local.state }

    /// A dispatch whose memory was used before, or a new one.
    package func takeDispatch() -> Dispatch {
        let state = self.state
        state.counters.opened()
        return state.resting.take() ?? Dispatch(options: options)
    }

    /// Keeps a dispatch that is closed for the next exchange.
    package func rest(_ dispatch: Dispatch) {
        let state = self.state
        state.counters.closed()
        state.resting.keep(dispatch)
    }

    /// Does what is due without an exchange: closes what is idle for too long, and goes on closing
    /// what was given up.
    package func maintain() {
        let state = self.state
        state.pool.closeExpired(now: .now)
        state.closing.serve()
    }

    /// Closes the connections that no exchange uses.
    package func close() {
        state.close()
    }

    package var statistics: BackendStatistics {
        let state = self.state
        return state.counters.snapshot(
            idle: state.pool.idleCount, closing: state.closing.count)
    }
}
