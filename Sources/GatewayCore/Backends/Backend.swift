// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Synchronization
package import Transport

/// An application and how to treat it. Used by any thread.
package final class Backend: Sendable {
    package let gateway: Gateway
    /// As the user wrote it, for messages; empty when there is none.
    package let address: String
    package let endpoint: Endpoint?
    package let options: BackendOptions
    let pool: ConnectionPool
    let closing = ClosingList()
    private let resting = Mutex(RestingDispatches())

    package init(gateway: Gateway, address: String, endpoint: Endpoint?, options: BackendOptions) {
        self.gateway = gateway
        self.address = address
        self.endpoint = endpoint
        self.options = options
        pool = ConnectionPool(options: options)
    }

    deinit {
        resting.withLock { $0.removeAll() }
    }

    /// A dispatch whose memory was used before, or a new one.
    package func takeDispatch() -> Dispatch {
        resting.withLock { $0.pop() } ?? Dispatch(options: options)
    }

    /// Keeps a dispatch that is closed for the next exchange.
    package func rest(_ dispatch: consuming Dispatch) {
        resting.withLock { $0.push(dispatch) }
    }

    /// Does what is due without an exchange: closes what is idle for too long, and goes on closing
    /// what was given up.
    package func maintain() {
        pool.closeExpired(now: .now)
        closing.serve()
    }

    /// Closes the connections that no exchange uses.
    package func close() {
        pool.closeAll()
        closing.closeAll()
    }
}

/// Dispatches without an exchange, so that their buffers are not made anew for each request.
///
/// They are kept as addresses: a dispatch belongs to one thread at a time, and between two threads
/// to this list alone, which the compiler cannot see.
private struct RestingDispatches {
    private static let maxCount = 32
    private var addresses: [UInt] = []

    init() {
        addresses.reserveCapacity(Self.maxCount)
    }

    mutating func pop() -> Dispatch? {
        guard let address = addresses.popLast() else { return nil }
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: address) else { return nil }
        return unsafe Unmanaged<Dispatch>.fromOpaque(pointer).takeRetainedValue()
    }

    mutating func push(_ dispatch: Dispatch) {
        guard addresses.count < Self.maxCount else { return }
        addresses.append(UInt(bitPattern: unsafe Unmanaged.passRetained(dispatch).toOpaque()))
    }

    mutating func removeAll() {
        while pop() != nil {}
    }
}
