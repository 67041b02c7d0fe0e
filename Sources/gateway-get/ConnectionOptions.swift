// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// How long to wait, how often to ask, and on how many connections.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("To connect; 5.", valueName: "seconds"))
    var connectTimeout: Seconds?

    @Option(
        help: ArgumentHelp("While the application takes nothing; 60.", valueName: "seconds"))
    var sendTimeout: Seconds?

    @Option(help: ArgumentHelp("For the whole response head; 60.", valueName: "seconds"))
    var headTimeout: Seconds?

    @Option(
        help: ArgumentHelp("Between two pieces of the response body; 60.", valueName: "seconds"))
    var readTimeout: Seconds?

    @Option(help: ArgumentHelp("For the whole exchange; none.", valueName: "seconds"))
    var totalTimeout: Seconds?

    @Option(
        name: .customLong("repeat"),
        help: ArgumentHelp("Ask so many times, one after the other.", valueName: "count"))
    var count = 1

    @Option(
        help: ArgumentHelp(
            "Ask so many times, and tell how fast the answers came instead of what they are.",
            valueName: "count"))
    var bench: Int?

    @Option(
        name: [.customShort("c"), .customLong("concurrency")],
        help: ArgumentHelp("How many exchanges of --bench run at once; 1.", valueName: "count"))
    var concurrency = 1

    @Flag(help: "Ask the application to keep the connection open, and use it again.")
    var keepConnection = false

    func validate() throws {
        guard count > 0 else { throw ValidationError("--repeat begins at 1") }
        guard (1...100_000_000).contains(bench ?? 1) else {
            throw ValidationError("--bench is from 1 to 100000000")
        }
        guard (1...10_000).contains(concurrency) else {
            throw ValidationError("--concurrency is from 1 to 10000")
        }
    }
}

/// A duration as it is written on the command line: 0.001 to 86400 seconds.
struct Seconds: ExpressibleByArgument {
    let milliseconds: UInt32

    init?(argument: String) {
        guard let seconds = Double(argument), seconds >= 0.001, seconds <= 86400 else { return nil }
        milliseconds = UInt32((seconds * 1000).rounded())
    }
}
