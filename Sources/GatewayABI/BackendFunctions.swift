// SPDX-License-Identifier: Apache-2.0

public import CGateway
internal import FastCGI
internal import GatewayCore
internal import Platform
internal import Transport

/// See include/gateway.h.
@_cdecl("gateway_backend_open")
public func gatewayBackendOpen(
    _ gateway: OpaquePointer?, _ address: UnsafePointer<CChar>?,
    _ options: UnsafePointer<gateway_backend_options>?,
    _ opened: UnsafeMutablePointer<OpaquePointer?>?
) -> gateway_status {
    guard let gateway = Handle<Gateway>.object(gateway, kind: .gateway),
        let given = gateway_backend_options(reading: options),
        let options = BackendOptions(given), let opened = opened
    else { return .GATEWAY_ERR_INVALID }

    var endpoints: [Endpoint] = []
    if let address {
        let text = String(cString: address)
        do {
            endpoints = try Endpoint.list(parsing: text)
        } catch {
            gateway.log.write(.error, tag: "GW0001", "address \"\(text)\": \(error.text)")
            return .GATEWAY_ERR_ADDRESS
        }
    }
    let backend = Backend(gateway: gateway, endpoints: endpoints, options: options)
    opened.pointee = Handle(backend, kind: .backend).pointer
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_backend_close")
public func gatewayBackendClose(_ backend: OpaquePointer?) {
    Handle<Backend>.close(backend, kind: .backend)?.close()
}

/// See include/gateway.h.
@_cdecl("gateway_backend_stats")
public func gatewayBackendStats(
    _ backend: OpaquePointer?, _ stats: UnsafeMutablePointer<gateway_stats>?
) -> gateway_status {
    guard let backend = Handle<Backend>.object(backend, kind: .backend),
        gateway_stats.isWritable(stats)
    else { return .GATEWAY_ERR_INVALID }
    gateway_stats(backend.statistics).write(to: stats)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_endpoint_stats")
public func gatewayEndpointStats(
    _ backend: OpaquePointer?, _ endpoint: UInt32, _ stats: UnsafeMutablePointer<gateway_stats>?
) -> gateway_status {
    guard let backend = Handle<Backend>.object(backend, kind: .backend),
        gateway_stats.isWritable(stats),
        let now = backend.statistics(ofEndpoint: Int(endpoint))
    else { return .GATEWAY_ERR_INVALID }
    gateway_stats(now).write(to: stats)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_backend_resolve")
public func gatewayBackendResolve(_ backend: OpaquePointer?) -> gateway_status {
    guard let backend = Handle<Backend>.object(backend, kind: .backend) else {
        return .GATEWAY_ERR_INVALID
    }
    do {
        try backend.resolve()
        return .GATEWAY_OK
    } catch {
        backend.gateway.log.write(.warning, tag: "GW0002", "resolving again: \(error.text)")
        return .GATEWAY_ERR_ADDRESS
    }
}

/// See include/gateway.h.
@_cdecl("gateway_backend_values")
public func gatewayBackendValues(
    _ backend: OpaquePointer?, _ endpoint: UInt32, _ timeout: UInt32,
    _ values: UnsafeMutablePointer<gateway_values>?
) -> gateway_status {
    guard let backend = Handle<Backend>.object(backend, kind: .backend),
        Int(endpoint) < backend.endpointCount, timeout <= 60_000,
        gateway_values.isWritable(values)
    else { return .GATEWAY_ERR_INVALID }
    do {
        let milliseconds = timeout == 0 ? 1_000 : timeout
        let answer = try backend.values(ofEndpoint: Int(endpoint), timeout: milliseconds)
        gateway_values(answer ?? ApplicationValues()).write(to: values)
        return .GATEWAY_OK
    } catch {
        backend.gateway.log.write(.warning, tag: "GW0003", "asking for values: \(error.text)")
        return .GATEWAY_ERR_SYSTEM
    }
}

extension gateway_values: SizedStruct {}

extension gateway_values {
    fileprivate init(_ answer: ApplicationValues) {
        self.init()
        if let number = answer.maxConnections {
            known |= GATEWAY_VALUES_MAX_CONNECTIONS
            max_connections = number
        }
        if let number = answer.maxRequests {
            known |= GATEWAY_VALUES_MAX_REQUESTS
            max_requests = number
        }
        if let multiplexes = answer.multiplexes {
            known |= GATEWAY_VALUES_MULTIPLEXES
            self.multiplexes = multiplexes ? 1 : 0
        }
    }
}

extension gateway_stats: SizedStruct {}

extension gateway_stats {
    fileprivate init(_ now: BackendStatistics) {
        self.init()
        active = now.active
        queued = now.queued
        idle = now.idle
        closing = now.closing
        complete = now.complete
        connect_failed = now.connectFailed
        timed_out = now.timedOut
        overloaded = now.overloaded
        protocol_error = now.protocolError
        truncated = now.truncated
        cancelled = now.cancelled
        bad_request = now.badRequest
        connected = now.connected
        reused = now.reused
        retried = now.retried
        late_records = now.lateRecords
        bytes_sent = now.bytesSent
        bytes_received = now.bytesReceived
        setWaits(now.waits)
    }

    mutating func setWaits(_ waits: WaitHistogram) {
        waited = waits.count
        wait_us = waits.sum
        wait_max_us = waits.longest
        Self.set(&wait_histogram, waits)
    }

    mutating func setFirstBytes(_ times: WaitHistogram) {
        answered = times.count
        first_byte_us = times.sum
        first_byte_max_us = times.longest
        Self.set(&first_byte_histogram, times)
    }

    private static func set<Counts>(_ counts: inout Counts, _ histogram: WaitHistogram) {
        withUnsafeMutableBytes(of: &counts) { bytes in
            let counts = bytes.bindMemory(to: UInt64.self)
            for (index, count) in histogram.buckets.prefix(counts.count).enumerated() {
                counts[index] = count
            }
        }
    }
}

extension BackendOptions {
    /// Nil when a field is out of its range.
    init?(_ given: gateway_backend_options) {
        self.init()
        guard given.flags & ~GATEWAY_BACKEND_KEEP_CONNECTIONS == 0 else { return nil }
        keepsConnections = given.flags & GATEWAY_BACKEND_KEEP_CONNECTIONS != 0
        if given.idle_timeout_ms != 0 { idleTimeout = given.idle_timeout_ms }
        maxRequestsPerConnection = given.max_requests_per_connection
        if given.max_spooled_size != 0 { maxSpooledSize = given.max_spooled_size }
        maxConnectionAge = given.max_connection_age_ms
        if given.queue_timeout_ms != 0 { timeouts.queue = given.queue_timeout_ms }
        guard max(timeouts.queue, maxConnectionAge) <= Timeouts.longest else { return nil }
        guard idleTimeout <= Timeouts.longest else { return nil }
        let isRead =
            timeouts.read(
                connect: given.connect_timeout_ms, send: given.send_timeout_ms,
                head: given.head_timeout_ms, read: given.read_timeout_ms,
                total: given.total_timeout_ms)
            && read(given.io_buffer_size, into: &ioBufferSize, range: 8_192...1_048_576)
            && read(given.max_head_size, into: &limits.maxHeadSize, range: 1_024...16_777_216)
            && read(given.max_head_fields, into: &limits.maxHeadFields, range: 1...65_535)
            && read(given.max_params_size, into: &maxParamsSize, range: 1_024...16_777_216)
            && read(given.max_active, into: &maxActive, range: 1...1_000_000)
            && read(given.max_endpoint_active, into: &maxEndpointActive, range: 1...1_000_000)
            && read(given.max_connections, into: &maxConnections, range: 1...1_000_000)
            && read(given.queue_length, into: &queueLength, range: 1...1_000_000)
            && read(given.max_idle, into: &maxIdle, range: 1...65_535)
            && readStderr(given) && readDrain(given)
        guard isRead else { return nil }
    }

    private mutating func readStderr(_ given: gateway_backend_options) -> Bool {
        guard given.max_stderr_size != GATEWAY_STDERR_ALL else {
            limits.maxStderrSize = .max
            return true
        }
        return read(given.max_stderr_size, into: &limits.maxStderrSize, range: 1...16_777_216)
    }

    private mutating func readDrain(_ given: gateway_backend_options) -> Bool {
        switch given.drain_timeout_ms {
        case 0: break
        case GATEWAY_DRAIN_OFF: drainTimeout = nil
        case let time where time <= Timeouts.longest: drainTimeout = time
        default: return false
        }
        return read(given.drain_size, into: &drainSize, range: 1...Int(UInt32.max))
    }
}

/// Reads a field that 0 leaves at its default; false when it is out of range.
private func read(_ given: UInt32, into value: inout Int, range: ClosedRange<Int>) -> Bool {
    guard given != 0 else { return true }
    value = Int(given)
    return range.contains(value)
}

extension Timeouts {
    /// Overrides what is not 0; false when one is longer than a day.
    mutating func read(
        connect: UInt32, send: UInt32, head: UInt32, read: UInt32, total: UInt32
    ) -> Bool {
        if connect != 0 { self.connect = connect }
        if send != 0 { self.send = send }
        if head != 0 { self.head = head }
        if read != 0 { self.read = read }
        if total != 0 { self.total = total }
        return Swift.max(self.connect, self.send, self.head, self.read, self.total) <= Self.longest
    }
}

extension Endpoint.Refusal {
    fileprivate var text: String {
        switch self {
        case .unknownForm:
            "it is neither unix:/path, /path, tcp:host:port, host:port nor fcgi://host:port"
        case .tooMany: "there are more than 64 addresses"
        case .badPath: "the path has to be absolute or begin with @, and have at most 107 bytes"
        case .badHost: "the host is missing, or a numeric IPv6 address is not in brackets"
        case .badPort: "the port is missing or not from 1 to 65535"
        case .unknownHost(let error):
            "the host cannot be resolved: \(SystemError(number: error.status).text)"
        }
    }
}
