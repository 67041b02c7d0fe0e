// SPDX-License-Identifier: Apache-2.0

import CGateway
import Glibc
import Platform

/// Many exchanges, some at once, and how fast they went: what an application does without a web
/// server in front. One thread runs all of them.
final class Bench {
    private let console: Console
    private let library: Library
    private let total: Int
    private let failsOnStatus: Bool
    private var lanes: [BenchLane] = []
    private var started = 0
    private var measured: Measurements
    private var toldSeconds: UInt64 = 0

    init(_ command: GatewayGet, console: Console) throws(Failure) {
        Interruption.prepare()
        self.console = console
        total = command.connection.bench ?? 1
        failsOnStatus = command.output.failsOnStatus
        let request = command.request
        let body: RequestBody?
        if let data = request.body { body = try RequestBody(data) } else { body = nil }
        let usual = body != nil ? "POST" : command.output.isHeadOnly ? "HEAD" : "GET"
        let params = try MetaVariables(
            script: command.script, request: request, method: request.method ?? usual,
            bodyLength: body?.length)
        library = try Library(
            address: command.address, options: command.connection, params: params, body: body,
            isVerbose: false)
        measured = Measurements(address: command.address)
        for _ in 0..<min(command.connection.concurrency, total) {
            lanes.append(
                BenchLane(
                    library, try Library.request(library.backend, params, body), body: body))
        }
    }

    /// Throws the first failure, after it has told of all that ended.
    func run() throws(Failure) {
        // Ctrl-C ends the exchanges, not what is told of them.
        let output = Output(
            descriptor: STDOUT_FILENO, name: "standard output", isInterruptible: false)
        let began = MonotonicTime.now
        var interruption: Failure?
        do {
            try runAll(since: began)
        } catch {
            interruption = error
        }
        let took = MonotonicTime.now.microseconds(since: began)
        try output.write(measured.report(microseconds: took, concurrency: lanes.count))
        if let failure = interruption ?? measured.firstFailure { throw failure }
        if failsOnStatus, measured.errorCount > 0 {
            throw Failure(.httpError, "\(measured.errorCount) with status 400 or more")
        }
    }

    private func runAll(since began: MonotonicTime) throws(Failure) {
        while measured.count < total {
            var polled: [pollfd] = []
            var timeout: UInt32 = 1_000
            for lane in lanes {
                while lane.isOpen || started < total {
                    if !lane.isOpen {
                        started += 1
                        try lane.open()
                    }
                    guard let result = try lane.advance() else { break }
                    measured.add(result)
                }
                guard lane.isOpen else { continue }
                let wait = try lane.wait()
                polled.append(wait.polled)
                timeout = min(timeout, wait.timeout)
            }
            tellProgress(MonotonicTime.now.microseconds(since: began))
            if !polled.isEmpty { try Interruption.wait(polled, milliseconds: timeout) }
        }
    }

    /// Once a second.
    private func tellProgress(_ microseconds: UInt64) {
        guard microseconds / 1_000_000 > toldSeconds else { return }
        toldSeconds = microseconds / 1_000_000
        console.tell(
            "* \(measured.count) of \(total) in \(toldSeconds) s, "
                + "\(measured.failureCount) failed")
    }
}

/// One exchange after the other.
final class BenchLane {
    private let library: Library
    private let request: OpaquePointer?
    /// Its bytes are the request's as long as that is there.
    private let body: RequestBody?
    private var exchange: OpaquePointer?

    init(_ library: Library, _ request: OpaquePointer?, body: RequestBody?) {
        self.library = library
        self.request = request
        self.body = body
    }

    deinit {
        gateway_exchange_close(exchange)
        gateway_request_close(request)
    }

    var isOpen: Bool { exchange != nil }

    func open() throws(Failure) {
        var options = gateway_exchange_options()
        options.size = MemoryLayout<gateway_exchange_options>.size
        options.flags = GATEWAY_EXCHANGE_NONBLOCKING
        try Library.check(
            "the exchange",
            gateway_exchange_open(library.backend, request, &options, &exchange))
    }

    /// Goes on until nothing more can be done now; what came of it once it has ended.
    func advance() throws(Failure) -> gateway_result? {
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        repeat {
            let status = gateway_exchange_next(exchange, &event)
            if status == .GATEWAY_AGAIN { return nil }
            try Library.check("the exchange", status)
        } while event.type != .GATEWAY_EVENT_END
        var result = gateway_result()
        result.size = MemoryLayout<gateway_result>.size
        try Library.check("the result", gateway_exchange_result(exchange, &result))
        gateway_exchange_close(exchange)
        exchange = nil
        return result
    }

    func wait() throws(Failure) -> (polled: pollfd, timeout: UInt32) {
        var wait = gateway_wait()
        wait.size = MemoryLayout<gateway_wait>.size
        try Library.check("the wait", gateway_exchange_wait(exchange, &wait))
        let events =
            (wait.interest & GATEWAY_WAIT_READ != 0 ? POLLIN : 0)
            | (wait.interest & GATEWAY_WAIT_WRITE != 0 ? POLLOUT : 0)
        let polled = pollfd(fd: wait.descriptor, events: Int16(events), revents: 0)
        return (polled, wait.timeout_ms)
    }
}
