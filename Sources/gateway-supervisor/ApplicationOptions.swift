// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervision

/// What the application is; each option is the setting of the same name.
struct ApplicationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Letters, digits and hyphens.", valueName: "name"))
    var name: String

    @Option(help: ArgumentHelp("How many, or from the least to the most; 1-4.", valueName: "n-m"))
    var processes: String?

    @Option(help: ArgumentHelp("Exchanges that a process runs at once; 1.", valueName: "n"))
    var concurrency: String?

    @Option(help: ArgumentHelp("Replaces a process after so many; never.", valueName: "n"))
    var maxRequests: String?

    @Option(help: ArgumentHelp("Replaces a process that is larger; never.", valueName: "size"))
    var maxMemory: String?

    @Option(help: ArgumentHelp("What counts: proportional or resident.", valueName: "measure"))
    var memory: String?

    @Option(help: ArgumentHelp("Replaces a process that is older; never.", valueName: "time"))
    var lifetime: String?

    @Option(
        help: ArgumentHelp("Ends a process above the least number; 60s.", valueName: "time"))
    var idleTimeout: String?

    @Option(help: ArgumentHelp("Ends a process that takes longer; 5m.", valueName: "time"))
    var requestTimeout: String?

    @Option(help: ArgumentHelp("Until a process accepts connections; 30s.", valueName: "time"))
    var startTimeout: String?

    @Option(
        help: ArgumentHelp("Before a process that is to end is killed; 10s.", valueName: "time"))
    var stopTimeout: String?

    @Option(help: ArgumentHelp("Requests that may wait; 100.", valueName: "n"))
    var queue: String?

    @Option(help: ArgumentHelp("How long they may wait; 30s.", valueName: "time"))
    var queueTimeout: String?

    @Option(help: ArgumentHelp("Replaced at once; a quarter of the most.", valueName: "n"))
    var share: String?

    @Option(help: ArgumentHelp("A file whose change reloads; repeatable.", valueName: "file"))
    var watch: [String] = []

    @Option(help: ArgumentHelp("Of the processes; the supervisor's.", valueName: "user"))
    var user: String?

    @Option(help: ArgumentHelp("Of the processes; the user's.", valueName: "group"))
    var group: String?

    @Option(help: ArgumentHelp("A variable for the processes; repeatable.", valueName: "k=v"))
    var env: [String] = []

    @Option(help: ArgumentHelp("Where the processes begin.", valueName: "directory"))
    var dir: String?

    @Option(help: ArgumentHelp("Of the processes, in octal.", valueName: "mask"))
    var umask: String?

    @Option(
        help: ArgumentHelp(
            "The least of its events to log: error, warn, notice or info.", valueName: "level"))
    var logLevel: String?

    @Option(
        help: ArgumentHelp(
            "As nofile=1024: nofile, nproc, as, core, cpu, data, fsize, stack, memlock; "
                + "repeatable.", valueName: "r=n"))
    var limit: [String] = []

    @Option(help: ArgumentHelp("Any of these, as hosts write them; repeatable.", valueName: "k=v"))
    var set: [String] = []

    /// - Throws: `SettingError`.
    func definition(command: [String], isShared: Bool) throws -> ApplicationDefinition {
        var definition = try ApplicationDefinition(name: name)
        for (key, value) in single {
            guard let value else { continue }
            try definition.set(key, to: value)
        }
        for file in watch { try definition.set("watch", to: file) }
        for variable in env { try definition.set("env:\(variable)") }
        for one in limit { try definition.set("limit:\(one)") }
        for word in set { try definition.set(word) }
        try definition.setCommand(command)
        if isShared { try refuseClaims(definition) }
        return definition
    }

    private var single: [(String, String?)] {
        [
            ("processes", processes), ("concurrency", concurrency), ("max-requests", maxRequests),
            ("max-memory", maxMemory), ("memory", memory), ("lifetime", lifetime),
            ("idle-timeout", idleTimeout), ("request-timeout", requestTimeout),
            ("start-timeout", startTimeout), ("stop-timeout", stopTimeout), ("queue", queue),
            ("queue-timeout", queueTimeout), ("share", share), ("user", user), ("group", group),
            ("dir", dir), ("umask", umask), ("log-level", logLevel),
        ]
    }

    /// Where web servers connect without a claim nobody counts what a process is given.
    private func refuseClaims(_ definition: ApplicationDefinition) throws {
        let given = [
            ("--max-requests", maxRequests), ("--concurrency", concurrency),
            ("--request-timeout", requestTimeout), ("--queue", queue),
            ("--queue-timeout", queueTimeout),
        ]
        if let (option, _) = given.first(where: { $0.1 != nil }) {
            throw ValidationError("\(option) needs claims, which there are none of with --listen")
        }
    }
}
