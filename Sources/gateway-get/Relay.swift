// SPDX-License-Identifier: Apache-2.0

import CGateway
import Glibc
import Platform
import Transport

/// A connection to the application that shows its records: the exchange is supplied with one end
/// of a socket pair, and bytes are passed on between the other end and the application. The
/// library's own path stays as it is for everybody else.
final class Relay {
    private(set) var connectingTook: UInt64 = 0
    private let endpoints: [Endpoint]
    private let connectTimeout: UInt32
    private let keepsConnection: Bool
    private let console: Console
    private var link: RelayLink?
    private var requestID: UInt32 = 0
    private var previousID: UInt32 = 0

    init(_ address: String, options: ConnectionOptions, console: Console) throws(Failure) {
        do {
            endpoints = try Endpoint.list(parsing: address)
        } catch {
            throw Failure(.badAddress, "\(address): not an address")
        }
        connectTimeout = options.connectTimeout?.milliseconds ?? 5000
        keepsConnection = options.keepConnection
        self.console = console
    }

    /// Connects, unless a connection was kept.
    ///
    /// - Returns: how the exchange ended that cannot begin; nil when it can.
    func open() throws(Failure) -> Ending? {
        let begun = MonotonicTime.now
        connectingTook = 0
        if link == nil {
            var failed: Ending?
            for endpoint in endpoints where link == nil {
                failed = try connect(endpoint, begun)
            }
            if link == nil { return failed }
            previousID = 0
            connectingTook = MonotonicTime.now.microseconds(since: begun)
        }
        requestID = previousID == 1 ? 2 : 1
        link?.begin(at: begun)
        return nil
    }

    /// Lets an exchange use the connection.
    func supply(_ options: inout gateway_exchange_options) {
        guard let link else { return }
        options.flags |= GATEWAY_EXCHANGE_DESCRIPTOR_NONBLOCKING
        if keepsConnection { options.flags |= GATEWAY_EXCHANGE_KEEP_CONNECTION }
        options.supplied = 1
        options.descriptor = link.supplied
        options.request_id = requestID
        options.previous_request_id = previousID
    }

    var polled: [pollfd] { link?.polled ?? [] }

    func pass() {
        link?.pass()
    }

    /// After an exchange.
    func close(isKept: Bool) {
        previousID = requestID
        if !isKept || !keepsConnection { link = nil }
    }

    private func connect(_ endpoint: Endpoint, _ begun: MonotonicTime) throws(Failure) -> Ending? {
        let deadline = begun.advanced(byMilliseconds: connectTimeout)
        var connector = Connector(endpoint)
        while true {
            switch connector.step() {
            case .connected(let connection):
                link = try RelayLink(connection, console: console)
                return nil
            case .failed(let error):
                return Ending(
                    connectingFailed: .GATEWAY_OUTCOME_CONNECT_FAILED, error,
                    after: MonotonicTime.now.microseconds(since: begun))
            case .pending(let pending):
                let now = MonotonicTime.now
                guard now < deadline else {
                    return Ending(
                        connectingFailed: .GATEWAY_OUTCOME_TIMED_OUT, nil,
                        after: now.microseconds(since: begun))
                }
                let until = min(deadline, pending.retryAt)
                let polled = [
                    pollfd(fd: pending.descriptor, events: Int16(POLLOUT), revents: 0)
                ]
                try Interruption.wait(polled, milliseconds: until.milliseconds(from: now))
            }
        }
    }
}
