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
        gateway.register(local)
    }

    deinit {
        gateway.unregister(local)
    }

    var state: BackendState { local.state }

    /// Begins an exchange, in memory that was used before where there is some.
    package func dispatch(
        _ request: Request, options dispatchOptions: DispatchOptions
    ) -> Dispatch {
        let state = self.state
        state.counters.opened()
        let dispatch = state.resting.take() ?? Dispatch(options: options)
        dispatch.open(request, on: self, options: dispatchOptions)
        return dispatch
    }

    /// Keeps a dispatch that is closed for the next exchange.
    func rest(_ dispatch: Dispatch) {
        let state = self.state
        state.counters.closed()
        state.resting.keep(dispatch)
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
