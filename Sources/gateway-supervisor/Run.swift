// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Platform
import SharedStatus
import Supervision

/// Runs an application until it is told to stop.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Runs an application (the default).",
        usage: "gateway-supervisor --name NAME [options] -- command [arguments]",
        discussion: """
            Times are 30, 30s, 500ms, 5m, 2h or 1d; sizes 64K, 200M or 1G. SIGHUP reloads, SIGTERM \
            lets the processes finish what they run, and ends. Without --listen, hosts that use \
            libgateway attach by the name; with it, any web server connects to the address.
            """)

    @OptionGroup(title: "Application") var application: ApplicationOptions
    @OptionGroup(title: "Place") var place: PlaceOptions

    @Option(
        help: ArgumentHelp(
            "Where all processes listen: unix:/path, unix:@abstract, tcp:host:port.",
            valueName: "address"))
    var listen: String?

    @Option(help: ArgumentHelp("Who may connect beside the supervisor's user.", valueName: "user"))
    var client: String?

    @Option(help: .hidden) var scoreboard: Int32?
    @Option(help: .hidden) var host: Int32?

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("What each process runs, and its arguments.", valueName: "command"))
    var command: [String] = []

    func run() throws {
        do {
            try supervise()
        } catch let error as SettingError {
            throw ValidationError(error.text)
        } catch let error as RuntimeDirectory.Refusal {
            throw Refusal(error.text)
        } catch let error as ListeningSocket.Refusal {
            throw Refusal(error.text)
        } catch let error as SystemError {
            throw Refusal(error.text)
        }
    }

    private func supervise() throws {
        try APRLibrary.use()
        let definition = try application.definition(command: command, isShared: listen != nil)
        let board = try scoreboard.map { try Scoreboard(adopting: $0) } ?? Scoreboard()
        let identity = try client.map { try Identity(user: $0, group: nil) }
        let socket = try listen.map { try ListeningSocket($0) }
        if let identity { try socket?.give(to: identity) }
        let supervisor = try Supervisor(
            definition, directory: place.directory(of: definition.name), scoreboard: board,
            client: identity, listening: socket, host: host)
        try supervisor.run()
    }
}

/// Why the program ends with status 1: one line.
struct Refusal: Error, CustomStringConvertible {
    let description: String

    init(_ text: String) {
        description = text
    }
}
