// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// The program: reads its command line, runs the exchanges, answers their exit status.
@main
struct GatewayGet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway-get",
        abstract: "Asks a FastCGI application, and shows what it answers.",
        usage: "gateway-get [options] ADDRESS SCRIPT",
        discussion: ExitStatus.explanation,
        version: String(cString: Library.version))

    @Argument(
        help: ArgumentHelp(
            "Where the application listens: unix:/path, unix:@abstract, tcp:host:port.",
            valueName: "address"))
    var address: String

    @Argument(help: ArgumentHelp("The script's file: SCRIPT_FILENAME.", valueName: "script"))
    var script: String

    @OptionGroup(title: "Request") var request: RequestOptions
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    func run() throws {
        let console = Console(isVerbose: output.isVerbose)
        do throws(Failure) {
            let session = try Session(self, console: console)
            try session.run()
        } catch {
            console.tell(error)
            throw ExitCode(error.status.rawValue)
        }
    }
}
