// SPDX-License-Identifier: Apache-2.0

internal import Platform
package import Transport

/// An application and how to treat it. Used by any thread.
package final class Backend: Sendable {
    package let gateway: Gateway
    /// Empty: exchanges run on connections of the host's only.
    package let endpoints: [Endpoint]
    package let options: BackendOptions
    private let local: ProcessLocal

    package init(gateway: Gateway, endpoints: [Endpoint], options: BackendOptions) {
        self.gateway = gateway
        self.endpoints = endpoints
        self.options = options
        local = ProcessLocal(options: options, endpointCount: endpoints.count)
        gateway.register(local)
    }

    deinit {
        gateway.unregister(local)
    }

    var state: BackendState { local.state }

    /// Begins an exchange, in memory that was used before where there is some.
    package func exchange(_ request: Request, options dispatchOptions: DispatchOptions) -> Exchange
    {
        let state = self.state
        state.counters.opened()
        let exchange = state.resting.take() ?? Exchange(options: options)
        exchange.withDispatch {
            $0.open(request, on: self, state: state, options: dispatchOptions)
        }
        return exchange
    }

    /// Keeps an exchange that is closed for the next one.
    func rest(_ exchange: Exchange) {
        let state = self.state
        state.counters.closed()
        state.resting.keep(exchange)
    }

    /// Closes the connections that no exchange uses.
    package func close() {
        state.close()
    }

    package var statistics: BackendStatistics {
        let state = self.state
        return state.counters.snapshot(
            idle: state.idleCount, closing: state.closing.count,
            queued: state.admission?.queuedCount ?? 0)
    }
}
