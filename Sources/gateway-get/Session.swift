// SPDX-License-Identifier: Apache-2.0

import CGateway
import Glibc
import Platform

/// One run of the program: its exchanges, one after the other, and what is told of them.
final class Session {
    private let command: GatewayGet
    private let console: Console
    private let output: Output
    private let params: MetaVariables
    private let body: RequestBody?
    private let library: Library
    private let relay: Relay?

    init(_ command: GatewayGet, console: Console) throws(Failure) {
        Interruption.prepare()
        self.command = command
        self.console = console
        let request = command.request
        if let data = request.body { body = try RequestBody(data) } else { body = nil }
        let usual = body != nil ? "POST" : command.output.isHeadOnly ? "HEAD" : "GET"
        params = try MetaVariables(
            script: command.script, request: request, method: request.method ?? usual,
            bodyLength: body?.length)
        library = try Library(
            address: command.address, options: command.connection, params: params, body: body,
            isVerbose: command.output.isVerbose)
        relay =
            command.output.records
            ? try Relay(command.address, options: command.connection, console: console) : nil
        let file = command.output.file ?? "-"
        output =
            file == "-"
            ? Output(descriptor: STDOUT_FILENO, name: "standard output") : try Output(file: file)
    }

    /// Runs all exchanges; throws the first failure after the last of them.
    func run() throws(Failure) {
        for (name, value) in params.all {
            console.remark("> \(name)=\(String(escaping: value.utf8))")
        }
        var first: Failure?
        for _ in 0..<command.connection.count {
            do {
                try runOnce()
            } catch {
                if error.endsProgram { throw error }
                if let earlier = first {
                    console.tell(error)
                    first = earlier
                } else {
                    first = error
                }
            }
        }
        if let first { throw first }
    }

    private func runOnce() throws(Failure) {
        var ending = try attempt()
        if ending.isRepeatable, relay != nil {
            console.remark("* the kept connection was dead; once more on a new one")
            ending = try attempt()
        }
        if command.output.timings { ending.tell(to: console) }
        console.remark("* \(ending.summary)")
        if let failure = ending.failure(at: command.address) { throw failure }
        let status = ending.result.http_status
        if command.output.failsOnStatus, status >= 400 {
            throw Failure(.httpError, "status \(status) [\(command.address)]")
        }
    }

    private func attempt() throws(Failure) -> Ending {
        if let relay, let failed = try relay.open() { return failed }
        let exchange = try Exchange(library, relay: relay)
        let writer = ResponseWriter(options: command.output, output: output, console: console)
        let ending: Ending
        do {
            ending = try exchange.run { event throws(Failure) in try writer.write(event) }
        } catch {
            exchange.cancel()
            throw error
        }
        relay?.close(isKept: ending.result.flags & GATEWAY_RESULT_REUSABLE != 0)
        return ending
    }
}

extension Failure {
    /// Whether it would meet every further exchange as well.
    fileprivate var endsProgram: Bool {
        switch status {
        case .writeError, .interrupted, .system: true
        default: false
        }
    }
}
