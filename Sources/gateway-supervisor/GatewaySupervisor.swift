// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The program: supervises an application, or asks a supervisor for something.
@main
struct GatewaySupervisor: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway-supervisor",
        abstract: "Runs the processes of a FastCGI application, and replaces them one by one.",
        discussion: """
            Each process is given its listening socket as descriptor 0 (FastCGI 1.0 section 2.2). \
            Without a subcommand an application is run: see gateway-supervisor run --help.
            """,
        version: "gateway-supervisor \(Version.text)",
        subcommands: [Run.self, Status.self, Reload.self, Stop.self],
        defaultSubcommand: Run.self)
}
