// SPDX-License-Identifier: Apache-2.0

internal import CAPR
package import Platform

/// A connection in the making: tries the addresses of an endpoint in turn, without waiting.
@safe
package struct Connector: ~Copyable {
    package enum Step: ~Copyable {
        case connected(Connection)
        /// Call again when the descriptor is ready, or at the time given, whichever is first.
        case pending(Pending)
        case failed(SystemError)
    }

    package struct Pending {
        package var descriptor: Int32
        package var interest: Interest
        package var retryAt: MonotonicTime
    }

    /// How long to wait before a Unix socket whose backlog is full is tried again; the kernel tells
    /// nobody when there is room.
    private static let backlogPauses: [UInt32] = [1, 2, 4, 8, 16, 32]

    private let endpoint: Endpoint
    private var addressIndex = 0
    private var pauseIndex = 0
    private var descriptor: Int32 = -1
    private var isInProgress = false
    private var lastError = SystemError(number: ECONNREFUSED)

    package init(_ endpoint: Endpoint) {
        self.endpoint = endpoint
    }

    deinit {
        if descriptor >= 0 { _ = close(descriptor) }
    }

    package mutating func step() -> Step {
        while addressIndex < endpoint.addresses.count {
            let address = endpoint.addresses[addressIndex]
            if descriptor < 0 {
                descriptor = address.openSocket()
                if descriptor < 0 { return .failed(.last) }
                isInProgress = false
            }
            switch attempt(address) {
            case .connected: return .connected(takeConnection(address))
            case .waiting(let pending): return .pending(pending)
            case .refused(let error):
                lastError = error
                _ = close(descriptor)
                descriptor = -1
                addressIndex += 1
            }
        }
        return .failed(lastError)
    }

    private enum Attempt {
        case connected
        case waiting(Pending)
        case refused(SystemError)
    }

    private mutating func attempt(_ address: SocketAddress) -> Attempt {
        let error: SystemError
        if isInProgress {
            switch progress() {
            case nil: return .waiting(untilWritable)
            case .some(let outcome) where outcome.number == 0: return .connected
            case .some(let outcome): error = outcome
            }
        } else {
            if address.connect(descriptor) == 0 { return .connected }
            error = .last
        }
        if error == .inProgress || error == .interrupted {
            isInProgress = true
            return .waiting(untilWritable)
        }
        if error == .wouldBlock, case .unix = address.family { return .waiting(afterPause()) }
        return .refused(error)
    }

    /// How a connect that was begun went: nil when it still goes on, number 0 for success.
    private func progress() -> SystemError? {
        guard Interest.write.wait(on: descriptor, until: MonotonicTime(nanoseconds: 0)) != [] else {
            return nil
        }
        var number: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        let status = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size)
        return status == 0 ? SystemError(number: number) : .last
    }

    private var untilWritable: Pending {
        Pending(descriptor: descriptor, interest: .write, retryAt: .distantFuture)
    }

    private mutating func afterPause() -> Pending {
        let pause = Self.backlogPauses[min(pauseIndex, Self.backlogPauses.count - 1)]
        pauseIndex += 1
        return Pending(
            descriptor: -1, interest: [],
            retryAt: MonotonicTime.now.advanced(byMilliseconds: pause))
    }

    private mutating func takeConnection(_ address: SocketAddress) -> Connection {
        let isTCP = address.family == .tcp
        if isTCP {
            var on: Int32 = 1
            unsafe _ = setsockopt(
                descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on,
                socklen_t(MemoryLayout<Int32>.size))
        }
        let connection = Connection(owning: descriptor, isTCP: isTCP)
        descriptor = -1
        return connection
    }
}
