// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What is shown of the answer, and where.
struct OutputOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("Write the answer to a file.", valueName: "file"))
    var file: String?

    @Flag(
        name: [.customShort("i"), .customLong("include")],
        help: "Write the response head before the body.")
    var includesHead = false

    @Flag(
        name: [.customShort("I"), .customLong("head")],
        help:
            "Write the response head instead of the body; asks with HEAD, unless -X or -d is given."
    )
    var isHeadOnly = false

    @Flag(
        name: [.customShort("f"), .customLong("fail")],
        help: "Exit with 22 where the response's status is 400 or more.")
    var failsOnStatus = false

    @Flag(
        name: [.customShort("v"), .customLong("verbose")],
        help: "Tell the params, the response head and the outcome on standard error.")
    var isVerbose = false

    @Flag(help: "Tell on standard error how long each step took, and what was transferred.")
    var timings = false

    @Flag(help: "Tell each FastCGI record on standard error.")
    var records = false
}
