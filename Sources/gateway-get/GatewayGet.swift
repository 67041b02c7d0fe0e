// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc

/// The program: reads its command line, runs the exchanges, answers their exit status.
@main
struct GatewayGet: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway-get",
        abstract: "Asks a FastCGI application, and shows what it answers.",
        usage: """
            gateway-get [options] ADDRESS SCRIPT
            gateway-get --bench COUNT [-c COUNT] [options] ADDRESS SCRIPT
            gateway-get --replay FILE
            """,
        discussion: ExitStatus.explanation,
        version: String(cString: Library.version))

    @Argument(
        help: ArgumentHelp(
            "Where the application listens: /path, unix:@abstract, host:port or fcgi://host:port.",
            valueName: "address"))
    var givenAddress: String?

    @Argument(help: ArgumentHelp("The script's file: SCRIPT_FILENAME.", valueName: "script"))
    var givenScript: String?

    @Option(
        help: ArgumentHelp(
            "Ask nobody, but tell the records in a file of httpd's GatewayFlightRecorder.",
            valueName: "file|-"))
    var replay: String?

    @OptionGroup(title: "Request") var request: RequestOptions
    @OptionGroup(title: "Output") var output: OutputOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    var address: String { givenAddress ?? "" }
    var script: String { givenScript ?? "" }

    func validate() throws {
        if replay != nil, givenAddress != nil {
            throw ValidationError("--replay asks no application")
        }
        let showsAnswers =
            output.records || output.timings || output.includesHead || output.isVerbose
            || output.file != nil || connection.count > 1
        if connection.bench != nil, showsAnswers {
            throw ValidationError("--bench shows no answers, and does not go with --repeat")
        }
        if replay == nil, givenScript == nil {
            throw ValidationError("the address or the script is missing")
        }
    }

    func run() throws {
        let console = Console(isVerbose: output.isVerbose)
        do throws(Failure) {
            if let replay {
                var file = try Replay(file: replay)
                return try file.run(
                    to: Console(isVerbose: false, descriptor: STDOUT_FILENO))
            }
            if connection.bench != nil {
                return try Bench(self, console: console).run()
            }
            let session = try Session(self, console: console)
            try session.run()
        } catch {
            console.tell(error)
            throw ExitCode(error.status.rawValue)
        }
    }
}
