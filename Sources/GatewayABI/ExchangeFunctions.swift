// SPDX-License-Identifier: Apache-2.0

public import CGateway
internal import GatewayCore
internal import Transport

/// See include/gateway.h.
@_cdecl("gateway_exchange_open")
public func gatewayExchangeOpen(
    _ backend: OpaquePointer?, _ request: OpaquePointer?,
    _ options: UnsafePointer<gateway_exchange_options>?,
    _ opened: UnsafeMutablePointer<OpaquePointer?>?
) -> gateway_status {
    guard let opened = opened else { return .GATEWAY_ERR_INVALID }
    var exchange: Exchange?
    let status = open(backend, request, options, &exchange)
    if let exchange {
        opened.pointee = Handle(exchange, kind: .exchange, in: exchange.handleMemory).pointer
    }
    return status
}

/// Checks what the host handed in, and begins an exchange with it.
func open(
    _ backend: OpaquePointer?, _ request: OpaquePointer?,
    _ options: UnsafePointer<gateway_exchange_options>?, _ exchange: inout Exchange?
) -> gateway_status {
    let status = Handle<Backend>.lend(backend, kind: .backend) { backend in
        Handle<Request>.lend(request, kind: .request) { request in
            open(backend, request, options, &exchange)
        }
    }
    return status.flatMap { $0 } ?? .GATEWAY_ERR_INVALID
}

private func open(
    _ backend: Backend, _ request: Request, _ options: UnsafePointer<gateway_exchange_options>?,
    _ exchange: inout Exchange?
) -> gateway_status {
    guard let given = gateway_exchange_options(reading: options),
        let options = DispatchOptions(given, of: backend),
        options.supplied != nil || backend.endpointCount > 0
    else { return .GATEWAY_ERR_INVALID }
    guard !request.content.pointee.isInUse else { return .GATEWAY_ERR_STATE }
    exchange = backend.exchange(request, options: options)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_exchange_next")
public func gatewayExchangeNext(
    _ exchange: OpaquePointer?, _ event: UnsafeMutablePointer<gateway_event>?
) -> gateway_status {
    guard let exchange = Handle<Exchange>.object(exchange, kind: .exchange),
        gateway_event.isWritable(event)
    else { return .GATEWAY_ERR_INVALID }
    if let refusal = exchange.refusal { return refusal }
    var next = gateway_event()
    guard exchange.nextEvent(&next) else { return .GATEWAY_AGAIN }
    next.write(to: event)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_exchange_write")
public func gatewayExchangeWrite(
    _ exchange: OpaquePointer?, _ pieces: UnsafePointer<gateway_bytes>?, _ count: Int,
    _ flags: UInt32
) -> gateway_status {
    guard let exchange = Handle<Exchange>.object(exchange, kind: .exchange),
        flags & ~GATEWAY_WRITE_END == 0, (0...64).contains(count),
        pieces != nil || count == 0
    else { return .GATEWAY_ERR_INVALID }
    if let refusal = exchange.refusal { return refusal }
    let given = UnsafeBufferPointer(start: pieces, count: count)
    var borrowed: [64 of BorrowedBytes] = .init(repeating: .none)
    for index in 0..<count {
        guard let piece = BorrowedBytes(given[index]) else { return .GATEWAY_ERR_INVALID }
        borrowed[index] = piece
    }
    return exchange.withDispatch { dispatch in
        do throws(Dispatch.WriteRefusal) {
            try dispatch.write(
                borrowed.span.extracting(first: count), isLast: flags & GATEWAY_WRITE_END != 0)
            return .GATEWAY_OK
        } catch {
            return gateway_status(error)
        }
    }
}

/// See include/gateway.h.
@_cdecl("gateway_exchange_wait")
public func gatewayExchangeWait(
    _ exchange: OpaquePointer?, _ wait: UnsafeMutablePointer<gateway_wait>?
) -> gateway_status {
    guard let exchange = Handle<Exchange>.object(exchange, kind: .exchange),
        gateway_wait.isWritable(wait)
    else { return .GATEWAY_ERR_INVALID }
    if let refusal = exchange.refusal { return refusal }
    let now = exchange.withDispatch { $0.wait }
    let answer = gateway_wait(
        size: 0, descriptor: now.descriptor, interest: now.interest.rawValue,
        timeout_ms: now.milliseconds ?? GATEWAY_WAIT_FOREVER)
    answer.write(to: wait)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_exchange_block")
public func gatewayExchangeBlock(_ exchange: OpaquePointer?, _ most: UInt32) -> gateway_status {
    guard let exchange = Handle<Exchange>.object(exchange, kind: .exchange) else {
        return .GATEWAY_ERR_INVALID
    }
    if let refusal = exchange.refusal { return refusal }
    return exchange.whileBusy { $0.block(most) } ? .GATEWAY_OK : .GATEWAY_AGAIN
}

/// See include/gateway.h.
@_cdecl("gateway_exchange_result")
public func gatewayExchangeResult(
    _ exchange: OpaquePointer?, _ result: UnsafeMutablePointer<gateway_result>?
) -> gateway_status {
    guard gateway_result.isWritable(result),
        let report = Handle<Exchange>.lend(
            exchange, kind: .exchange, { $0.withDispatch { $0.report } })
    else { return .GATEWAY_ERR_INVALID }
    gateway_result(report).write(to: result)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_exchange_cancel")
public func gatewayExchangeCancel(_ exchange: OpaquePointer?) -> gateway_status {
    guard let exchange = Handle<Exchange>.object(exchange, kind: .exchange) else {
        return .GATEWAY_ERR_INVALID
    }
    guard !exchange.isBusy else { return .GATEWAY_ERR_STATE }
    exchange.withDispatch { $0.cancel() }
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_exchange_close")
public func gatewayExchangeClose(_ exchange: OpaquePointer?) {
    Handle<Exchange>.close(exchange, kind: .exchange, ownsMemory: false)?.close()
}

extension Exchange {
    /// Why nothing can be done with it now.
    fileprivate var refusal: gateway_status? {
        if isBusy { return .GATEWAY_ERR_STATE }
        return withDispatch { dispatch in
            if dispatch.isInherited { return .GATEWAY_ERR_FORKED }
            return dispatch.hasEnded ? .GATEWAY_ERR_STATE : nil
        }
    }

    /// Does what may call a function of the host's.
    @inline(__always)
    fileprivate func whileBusy<Result>(_ body: (inout Dispatch) -> Result) -> Result {
        isBusy = true
        defer { isBusy = false }
        return withDispatch(body)
    }

    /// Fills in the next step; false for `again`.
    func nextEvent(_ event: inout gateway_event) -> Bool {
        whileBusy { $0.nextEvent(&event) }
    }
}

extension DispatchOptions {
    /// Nil when a flag is unknown or a number out of its range.
    fileprivate init?(_ given: gateway_exchange_options, of backend: Backend) {
        self.init(timeouts: backend.options.timeouts)
        let known =
            GATEWAY_EXCHANGE_NONBLOCKING | GATEWAY_EXCHANGE_KEEP_CONNECTION
            | GATEWAY_EXCHANGE_DESCRIPTOR_NONBLOCKING | GATEWAY_EXCHANGE_DESCRIPTOR_TCP
            | GATEWAY_EXCHANGE_INTERIM | GATEWAY_EXCHANGE_ANY_LENGTH
        guard given.flags & ~known == 0 else { return nil }
        isNonblocking = given.flags & GATEWAY_EXCHANGE_NONBLOCKING != 0
        tellsInterim = given.flags & GATEWAY_EXCHANGE_INTERIM != 0
        takesAnyLength = given.flags & GATEWAY_EXCHANGE_ANY_LENGTH != 0
        if let function = given.traffic {
            let context = given.traffic_context
            traffic = { isSent, bytes in
                let direction: gateway_direction =
                    isSent ? .GATEWAY_DIRECTION_SENT : .GATEWAY_DIRECTION_RECEIVED
                function(context, direction, bytes.buffer.baseAddress, bytes.count)
            }
        }
        let areTimesRead = timeouts.read(
            connect: given.connect_timeout_ms, send: given.send_timeout_ms,
            head: given.head_timeout_ms, read: given.read_timeout_ms,
            total: given.total_timeout_ms)
        guard areTimesRead else { return nil }
        guard given.supplied != 0 else { return }
        guard given.descriptor >= 0, given.request_id <= 65_535,
            given.previous_request_id <= 65_535, given.descriptor_timeout_ms <= Timeouts.longest
        else { return nil }
        supplied = Supplied(
            descriptor: given.descriptor,
            isNonblocking: given.flags & GATEWAY_EXCHANGE_DESCRIPTOR_NONBLOCKING != 0,
            timeout: given.descriptor_timeout_ms,
            isTCP: given.flags & GATEWAY_EXCHANGE_DESCRIPTOR_TCP != 0,
            keepsConnection: given.flags & GATEWAY_EXCHANGE_KEEP_CONNECTION != 0,
            requestID: UInt16(given.request_id == 0 ? 1 : given.request_id),
            previousRequestID: UInt16(given.previous_request_id), place: nil)
        guard given.shared != nil else { return }
        guard let status = status(given.shared, given.shared_application, given.shared_place)
        else { return nil }
        supplied?.place = SharedPlace(
            status, application: Int(given.shared_application), number: Int(given.shared_place))
    }
}

extension gateway_result {
    init(_ report: DispatchReport) {
        self.init()
        outcome = gateway_outcome(rawValue: report.outcome.rawValue) ?? .GATEWAY_OUTCOME_PENDING
        stage = gateway_stage(rawValue: report.stage.rawValue) ?? .GATEWAY_STAGE_CONNECT
        flags =
            (report.isReused ? GATEWAY_RESULT_REUSED : 0)
            | (report.isRetried ? GATEWAY_RESULT_RETRIED : 0)
            | (report.isReusable ? GATEWAY_RESULT_REUSABLE : 0)
            | (report.isRepeatable ? GATEWAY_RESULT_REPEATABLE : 0)
            | (report.isHeadTold ? GATEWAY_RESULT_HEAD_SENT : 0)
            | (report.isBodySent ? GATEWAY_RESULT_BODY_SENT : 0)
            | (report.isBodyCut ? GATEWAY_RESULT_BODY_CUT : 0)
            | (report.isPlaceTaken ? GATEWAY_RESULT_PLACE_TAKEN : 0)
            | (report.wrongLength != nil ? GATEWAY_RESULT_LENGTH_WRONG : 0)
        http_status = report.httpStatus
        application_status = report.applicationStatus
        error_number = report.errorNumber
        bytes_sent = report.bytesSent
        bytes_received = report.bytesReceived
        body_bytes = report.bodyBytes
        stderr_dropped = report.stderrDropped
        queued_us = report.queued
        connected_us = report.connected
        retry_after_s = report.retryAfter
        sent_us = report.sent
        first_byte_us = report.firstByte
        total_us = report.total
        declared_length = report.wrongLength ?? 0
        body_length = report.receivedBody
        guard !report.message.isEmpty else { return }
        withUnsafeMutableBytes(of: &message) { bytes in
            // The last byte stays 0 and ends the string.
            for (index, byte) in report.message.utf8.prefix(bytes.count - 1).enumerated() {
                bytes[index] = byte
            }
        }
    }
}
