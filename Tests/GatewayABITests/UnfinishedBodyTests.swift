// SPDX-License-Identifier: Apache-2.0

import CAPR
import CGateway
import GatewayABI
import Glibc
import Testing

/// How the exchange comes to be given up.
private enum Cause: CaseIterable {
    case cancel, close, sendDeadline, totalDeadline, readDeadline
    case sourceFails, fileEnds, writtenHalf, writtenNothing
}

@Suite("A request body that did not end")
struct UnfinishedBodyTests {
    private static let size = 1_000_000

    /// Sets the body of a request that is given up for a cause.
    private func setBody(_ cause: Cause, _ bytes: UnsafeRawBufferPointer, of request: OpaquePointer)
        -> gateway_status
    {
        switch cause {
        case .sourceFails:
            gateway_request_body_callback(
                request,
                { context, buffer, capacity, length in
                    guard let calls = context?.assumingMemoryBound(to: Int.self) else {
                        return .GATEWAY_READ_FAILED
                    }
                    calls.pointee += 1
                    guard calls.pointee <= 3, let buffer else { return .GATEWAY_READ_FAILED }
                    memset(buffer, 9, capacity)
                    length?.pointee = capacity
                    return .GATEWAY_READ_OK
                }, calls, UInt64(GATEWAY_LENGTH_UNKNOWN))
        case .fileEnds: gateway_request_body_descriptor(request, file, 0, UInt64(Self.size))
        case .writtenHalf, .writtenNothing: gateway_request_body_written(request, UInt64(Self.size))
        default: gateway_request_body_bytes(request, bytes.baseAddress, bytes.count)
        }
    }

    private let calls = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    private let file = fileno(tmpfile())

    private func options(_ cause: Cause) -> gateway_backend_options {
        var options = gateway_backend_options()
        options.size = MemoryLayout<gateway_backend_options>.size
        if cause == .sendDeadline { options.send_timeout_ms = 20 }
        if cause == .totalDeadline { options.total_timeout_ms = 20 }
        if cause == .readDeadline {
            options.send_timeout_ms = 20
            options.read_timeout_ms = 20
        }
        return options
    }

    /// Runs the exchange up to where it is given up, and gives it up.
    private func giveUp(_ cause: Cause, _ exchange: OpaquePointer, on application: FakeApplication)
    {
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        if cause == .writtenHalf {
            let half = [UInt8](repeating: 9, count: Self.size / 2)
            half.withUnsafeBytes {
                var piece = gateway_bytes(bytes: $0.baseAddress, length: $0.count)
                #expect(gateway_exchange_write(exchange, &piece, 1, 0) == .GATEWAY_OK)
            }
        }
        if cause == .readDeadline { application.send(Record.stdout("A: b\n\nsome")) }
        for _ in 0..<1_000 {
            let status = gateway_exchange_next(exchange, &event)
            if status == .GATEWAY_OK, event.type == .GATEWAY_EVENT_END { break }
            guard status == .GATEWAY_AGAIN else { continue }
            switch cause {
            case .cancel, .writtenHalf, .writtenNothing:
                #expect(gateway_exchange_cancel(exchange) == .GATEWAY_OK)
            case .close: return
            default: gateway_exchange_block(exchange, 50)
            }
        }
        #expect(event.type == .GATEWAY_EVENT_END)
    }

    @Test(
        "is never ended: its record is completed, ABORT_REQUEST and a half-close follow",
        arguments: Cause.allCases, [false, true])
    fileprivate func unfinished(cause: Cause, isKept: Bool) throws {
        defer {
            calls.deallocate()
            close(file)
        }
        calls.initialize(to: 0)
        let bytes = [UInt8](repeating: 9, count: Self.size)
        #expect(write(file, bytes, 200_000) == 200_000)
        let application = try FakeApplication(options(cause))
        var seen: [UInt8] = []
        try bytes.withUnsafeBytes { body in
            #expect(setBody(cause, body, of: application.request) == .GATEWAY_OK)
            let exchange = try application.begin {
                if !isKept { $0.flags = GATEWAY_EXCHANGE_NONBLOCKING }
            }
            giveUp(cause, exchange, on: application)
            application.closeExchange()
            application.closeDescriptor()
        }
        for _ in 0..<1_000 where !application.isHalfClosed(after: &seen) {
            gateway_maintain(application.gateway.handle)
        }
        let records = Record.all(in: seen)
        #expect(records.prefix(2).map(\.type) == [1, 4])
        #expect(records.last == Record(type: 2, requestID: 1, content: []))
        let stdin = records.filter { $0.type == 5 }
        #expect(stdin.allSatisfy { !$0.content.isEmpty })
        let content = stdin.flatMap(\.content)
        #expect(content.count < Self.size && content.allSatisfy { $0 == 9 })
        #expect(seen.count == records.reduce(0) { $0 + 8 + ($1.content.count + 7) / 8 * 8 })
    }

    @Test("is another matter where it has ended: nothing is aborted, and the answer is drained")
    func finished() throws {
        let application = try FakeApplication()
        let exchange = try application.begin()
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        #expect(gateway_exchange_next(exchange, &event) == .GATEWAY_AGAIN)
        #expect(gateway_exchange_cancel(exchange) == .GATEWAY_OK)
        application.closeExchange()
        application.closeDescriptor()
        var seen: [UInt8] = []
        #expect(!application.isHalfClosed(after: &seen))
        #expect(Record.all(in: seen).last == Record(type: 5, requestID: 1, content: []))
        #expect(application.stats.closing == 1)
        application.send(Record.stdout("A: b\n\nsome") + Record.end())
        gateway_maintain(application.gateway.handle)
        #expect(application.stats.closing == 0)
        #expect(application.isHalfClosed(after: &seen))
    }
}
