// SPDX-License-Identifier: Apache-2.0

public import CGateway
internal import Glibc
internal import Platform
internal import SharedStatus

/// See include/gateway.h.
@_cdecl("gateway_shared_open")
public func gatewaySharedOpen(
    _ opened: UnsafeMutablePointer<OpaquePointer?>?
) -> gateway_status {
    guard let opened else { return .GATEWAY_ERR_INVALID }
    do {
        opened.pointee = Handle(try SharedStatus(), kind: .shared).pointer
        return .GATEWAY_OK
    } catch {
        return .GATEWAY_ERR_SYSTEM
    }
}

/// See include/gateway.h.
@_cdecl("gateway_shared_close")
public func gatewaySharedClose(_ shared: OpaquePointer?) {
    _ = Handle<SharedStatus>.close(shared, kind: .shared)
}

/// See include/gateway.h.
@_cdecl("gateway_shared_application")
public func gatewaySharedApplication(
    _ shared: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ exchanges: UInt32,
    _ queueLength: UInt32, _ application: UnsafeMutablePointer<UInt32>?
) -> gateway_status {
    guard let status = Handle<SharedStatus>.object(shared, kind: .shared), let name,
        let application, Int(exchanges) <= SharedStatus.maxCapacity,
        Int(queueLength) <= SharedStatus.maxQueueLength
    else { return .GATEWAY_ERR_INVALID }
    let length = strnlen(name, SharedStatus.maxKeySize + 1)
    guard (1...SharedStatus.maxKeySize).contains(length) else { return .GATEWAY_ERR_INVALID }
    let limits = (capacity: Int(exchanges), queueLength: queueLength == 0 ? 100 : Int(queueLength))
    let index = name.withMemoryRebound(to: UInt8.self, capacity: length) { first in
        status.application(
            UnsafeBufferPointer(start: first, count: length),
            limits: exchanges == 0 ? nil : limits)
    }
    guard let index else { return .GATEWAY_ERR_LIMIT }
    application.pointee = UInt32(index)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_place_enter")
public func gatewayPlaceEnter(
    _ shared: OpaquePointer?, _ application: UInt32, _ timeout: UInt32,
    _ place: UnsafeMutablePointer<UInt32>?
) -> gateway_status {
    guard let status = status(shared, application), let place else {
        return .GATEWAY_ERR_INVALID
    }
    let deadline = MonotonicTime.now.advanced(byMilliseconds: timeout)
    do throws(SharedStatus.Refusal) {
        place.pointee = UInt32(try status.enter(Int(application), until: deadline))
        return .GATEWAY_OK
    } catch {
        if error != .noCapacity {
            status.remember(SharedFailure(error), at: Int(application))
        }
        switch error {
        case .noCapacity: return .GATEWAY_ERR_INVALID
        case .queueFull: return .GATEWAY_ERR_LIMIT
        case .tookTooLong: return .GATEWAY_AGAIN
        }
    }
}

/// See include/gateway.h.
@_cdecl("gateway_place_rest")
public func gatewayPlaceRest(
    _ shared: OpaquePointer?, _ application: UInt32, _ place: UInt32
) -> gateway_status {
    guard let status = status(shared, application, place) else { return .GATEWAY_ERR_INVALID }
    return status.rest(Int(place), at: Int(application)) ? .GATEWAY_OK : .GATEWAY_AGAIN
}

/// See include/gateway.h.
@_cdecl("gateway_place_resume")
public func gatewayPlaceResume(
    _ shared: OpaquePointer?, _ application: UInt32, _ place: UInt32
) -> gateway_status {
    guard let status = status(shared, application, place) else { return .GATEWAY_ERR_INVALID }
    return status.resume(Int(place), at: Int(application)) ? .GATEWAY_OK : .GATEWAY_AGAIN
}

/// See include/gateway.h.
@_cdecl("gateway_place_leave")
public func gatewayPlaceLeave(
    _ shared: OpaquePointer?, _ application: UInt32, _ place: UInt32
) -> gateway_status {
    guard let status = status(shared, application, place) else { return .GATEWAY_ERR_INVALID }
    status.leave(Int(place), at: Int(application))
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_place_asked")
public func gatewayPlaceAsked(
    _ shared: OpaquePointer?, _ timeout: UInt32, _ application: UnsafeMutablePointer<UInt32>?
) -> gateway_status {
    guard let status = Handle<SharedStatus>.object(shared, kind: .shared),
        let application
    else { return .GATEWAY_ERR_INVALID }
    guard let asked = status.waitUntilAsked(milliseconds: timeout) else { return .GATEWAY_AGAIN }
    application.pointee = UInt32(asked)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_shared_wake")
public func gatewaySharedWake(_ shared: OpaquePointer?) -> gateway_status {
    guard let status = Handle<SharedStatus>.object(shared, kind: .shared) else {
        return .GATEWAY_ERR_INVALID
    }
    status.callAttention()
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_shared_add")
public func gatewaySharedAdd(
    _ shared: OpaquePointer?, _ application: UInt32, _ active: Int32, _ idle: Int32
) -> gateway_status {
    lendStatus(shared, application) { status in
        let isAdded = status.add(active: active, idle: idle, at: Int(application))
        return isAdded ? .GATEWAY_OK : .GATEWAY_ERR_LIMIT
    }
}

/// See include/gateway.h.
@_cdecl("gateway_shared_count")
public func gatewaySharedCount(
    _ shared: OpaquePointer?, _ application: UInt32, _ result: UnsafePointer<gateway_result>?
) -> gateway_status {
    guard result != nil, let result = gateway_result(reading: result),
        let outcome = SharedCounter(result.outcome)
    else { return .GATEWAY_ERR_INVALID }
    return lendStatus(shared, application) { status in
        status.count(result, outcome, at: Int(application))
        return .GATEWAY_OK
    }
}

/// See include/gateway.h.
@_cdecl("gateway_shared_stats")
public func gatewaySharedStats(
    _ shared: OpaquePointer?, _ application: UInt32,
    _ name: UnsafeMutablePointer<UnsafePointer<CChar>?>?,
    _ stats: UnsafeMutablePointer<gateway_stats>?
) -> gateway_status {
    guard let status = status(shared, application), gateway_stats.isWritable(stats) else {
        return .GATEWAY_ERR_INVALID
    }
    name?.pointee = status.name(of: Int(application))
    gateway_stats(status, Int(application)).write(to: stats)
    return .GATEWAY_OK
}

/// See include/gateway.h.
@_cdecl("gateway_shared_failure")
public func gatewaySharedFailure(
    _ shared: OpaquePointer?, _ application: UInt32, _ number: UInt32,
    _ failure: UnsafeMutablePointer<gateway_failure>?
) -> gateway_status {
    guard let status = status(shared, application), number < UInt32(GATEWAY_FAILURES),
        gateway_failure.isWritable(failure)
    else { return .GATEWAY_ERR_INVALID }
    guard let known = status.failure(Int(number), at: Int(application)) else {
        return .GATEWAY_AGAIN
    }
    gateway_failure(known).write(to: failure)
    return .GATEWAY_OK
}

extension gateway_failure: SizedStruct {}

extension gateway_failure {
    fileprivate init(_ known: SharedFailure) {
        self.init()
        outcome = gateway_outcome(rawValue: known.outcome) ?? .GATEWAY_OUTCOME_PENDING
        stage = gateway_stage(rawValue: known.stage) ?? .GATEWAY_STAGE_END
        time_ms = known.time
        withUnsafeMutableBytes(of: &message) { room in
            for index in 0..<min(room.count, known.message.count) {
                room[index] = known.message[index]
            }
        }
    }
}

extension SharedFailure {
    /// A place was waited for in vain.
    fileprivate init(_ refusal: SharedStatus.Refusal) {
        self.init(
            outcome: gateway_outcome.GATEWAY_OUTCOME_OVERLOADED.rawValue,
            stage: gateway_stage.GATEWAY_STAGE_QUEUE.rawValue)
        let text: StaticString =
            refusal == .queueFull
            ? "overloaded (queue): too many wait already"
            : "overloaded (queue): it waited too long for its turn"
        text.withUTF8Buffer { bytes in
            for (index, byte) in bytes.prefix(Self.messageSize - 1).enumerated() {
                message[index] = byte
            }
        }
    }

    fileprivate init(_ result: gateway_result) {
        self.init(outcome: result.outcome.rawValue, stage: result.stage.rawValue)
        withUnsafeBytes(of: result.message) { text in
            // The last byte stays 0.
            for index in 0..<min(text.count, message.count - 1) { message[index] = text[index] }
        }
    }
}

extension SharedCounter {
    fileprivate init?(_ outcome: gateway_outcome) {
        switch outcome {
        case .GATEWAY_OUTCOME_COMPLETE: self = .complete
        case .GATEWAY_OUTCOME_CONNECT_FAILED: self = .connectFailed
        case .GATEWAY_OUTCOME_TIMED_OUT: self = .timedOut
        case .GATEWAY_OUTCOME_OVERLOADED: self = .overloaded
        case .GATEWAY_OUTCOME_PROTOCOL_ERROR: self = .protocolError
        case .GATEWAY_OUTCOME_TRUNCATED: self = .truncated
        case .GATEWAY_OUTCOME_CANCELLED: self = .cancelled
        case .GATEWAY_OUTCOME_BAD_REQUEST: self = .badRequest
        case .GATEWAY_OUTCOME_PENDING: return nil
        @unknown default: return nil
        }
    }
}

extension gateway_stats {
    fileprivate init(_ status: SharedStatus, _ application: Int) {
        self.init()
        let places = status.places(at: application)
        func counted(_ counter: SharedCounter) -> UInt64 {
            status.counted(counter, at: application)
        }
        active = places.active
        idle = places.idle
        queued = UInt64(places.waiting)
        complete = counted(.complete)
        connect_failed = counted(.connectFailed)
        timed_out = counted(.timedOut)
        overloaded = counted(.overloaded)
        protocol_error = counted(.protocolError)
        truncated = counted(.truncated)
        cancelled = counted(.cancelled)
        bad_request = counted(.badRequest)
        connected = counted(.connected)
        reused = counted(.reused)
        retried = counted(.retried)
        bytes_sent = counted(.bytesSent)
        bytes_received = counted(.bytesReceived)
        setWaits(status.waits(at: application))
        setFirstBytes(status.firstBytes(at: application))
    }
}

extension SharedStatus {
    /// Counts what became of an exchange.
    fileprivate func count(
        _ result: gateway_result, _ outcome: SharedCounter, at application: Int
    ) {
        count(outcome, at: application)
        let isReused = result.flags & GATEWAY_RESULT_REUSED != 0
        if isReused { count(.reused, at: application) }
        if !isReused, result.bytes_sent > 0 { count(.connected, at: application) }
        if result.flags & GATEWAY_RESULT_RETRIED != 0 { count(.retried, at: application) }
        count(.bytesSent, result.bytes_sent, at: application)
        count(.bytesReceived, result.bytes_received, at: application)
        let waited = result.queued_us
        if waited > 0 { countWait(microseconds: waited, at: application) }
        if result.first_byte_us > waited {
            countFirstByte(microseconds: result.first_byte_us - waited, at: application)
        }
        if outcome != .complete, outcome != .cancelled {
            remember(SharedFailure(result), at: application)
        }
    }
}

/// The capacity behind a handle, of which the application and the place can be.
func status(
    _ shared: OpaquePointer?, _ application: UInt32, _ place: UInt32 = 0
) -> SharedStatus? {
    guard let status = Handle<SharedStatus>.object(shared, kind: .shared),
        Int(application) < status.applicationCount, Int(place) < SharedStatus.maxCapacity
    else { return nil }
    return status
}

/// The same for the time of a call, without counting a reference to it.
@inline(__always)
private func lendStatus(
    _ shared: OpaquePointer?, _ application: UInt32, _ body: (SharedStatus) -> gateway_status
) -> gateway_status {
    Handle<SharedStatus>.lend(shared, kind: .shared) { status in
        guard Int(application) < status.applicationCount else { return .GATEWAY_ERR_INVALID }
        return body(status)
    } ?? .GATEWAY_ERR_INVALID
}
