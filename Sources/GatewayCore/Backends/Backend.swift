// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import SharedStatus
package import Transport

/// An application and how to treat it. Used by any thread.
package final class Backend: Sendable {
    package let gateway: Gateway
    /// 0: exchanges run on connections of the host's only.
    package let endpointCount: Int
    private let endpoints: Locked<[Endpoint]>
    package let options: BackendOptions
    private let local: ProcessLocal

    package convenience init(
        gateway: Gateway, endpoints: [Endpoint], options: BackendOptions
    ) {
        self.init(gateway: gateway, endpoints: endpoints, options: options, application: nil)
    }

    init(
        gateway: Gateway, endpoints: [Endpoint], options: BackendOptions, application: Scoreboard?
    ) {
        self.gateway = gateway
        endpointCount = endpoints.count
        self.endpoints = Locked(endpoints)
        self.options = options
        local = ProcessLocal(
            options: options, endpointCount: endpoints.count, application: application,
            bell: gateway.bell)
        gateway.register(local)
    }

    deinit {
        gateway.unregister(local)
    }

    var state: BackendState { local.state }

    /// An endpoint, whose number the caller has checked.
    package func endpoint(_ index: Int) -> Endpoint {
        ForkLock.hold { endpoints.withLock { $0[index] } }
    }

    /// Resolves the names of the endpoints again, which may block. Connections stay.
    package func resolve() throws(Endpoint.Refusal) {
        for index in 0..<endpointCount {
            let fresh = try Endpoint(parsing: endpoint(index).text)
            ForkLock.hold { endpoints.withLock { $0[index] = fresh } }
        }
    }

    /// Opens a request, in memory that was used before where there is some.
    package func request() -> Request {
        let request = state.requests.take() ?? Request(options: options)
        request.open(on: self)
        return request
    }

    /// Begins an exchange, in memory that was used before where there is some.
    package func exchange(_ request: Request, options dispatchOptions: DispatchOptions) -> Exchange
    {
        let state = self.state
        // Without the thread the same is done with each exchange.
        try? gateway.startMaintenance()
        state.counters.opened()
        let exchange = state.exchanges.take() ?? Exchange(options: options)
        exchange.withDispatch {
            $0.open(request, on: self, state: state, options: dispatchOptions)
        }
        return exchange
    }

    /// Keeps an exchange that is closed for the next one.
    func rest(_ exchange: Exchange) {
        let state = self.state
        state.counters.closed()
        state.exchanges.keep(exchange)
    }

    /// Keeps a request that is closed for the next one.
    func rest(_ request: Request) {
        state.requests.keep(request)
    }

    /// Closes the connections that no exchange uses.
    package func close() {
        state.close()
    }

    package var statistics: BackendStatistics { state.statistics }

    /// Of one endpoint; nil when there is none of this number.
    package func statistics(ofEndpoint index: Int) -> BackendStatistics? {
        state.statistics(ofEndpoint: index)
    }
}
