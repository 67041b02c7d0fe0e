// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What is asked of the application.
struct RequestOptions: ParsableArguments {
    @Option(
        name: [.customShort("X"), .customLong("request")],
        help: ArgumentHelp("The method; GET, or POST with -d.", valueName: "method"))
    var method: String?

    @Option(
        name: [.customShort("d"), .customLong("data")], parsing: .unconditional,
        help: ArgumentHelp(
            "The body: its bytes, a file, or with @- standard input, sent unchanged.",
            valueName: "bytes|@file|@-"))
    var body: String?

    @Option(
        name: [.customShort("H"), .customLong("header")], parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A header field; may be repeated.", valueName: "name: value"))
    var fields: [String] = []

    @Option(
        name: [.customShort("q"), .customLong("query")], parsing: .unconditional,
        help: ArgumentHelp("QUERY_STRING; what follows ? in --uri.", valueName: "query"))
    var query: String?

    @Option(help: ArgumentHelp("REQUEST_URI; made of the other options.", valueName: "uri"))
    var uri: String?

    @Option(help: ArgumentHelp("PATH_INFO.", valueName: "path"))
    var pathInfo: String?

    @Option(
        help: ArgumentHelp(
            "SCRIPT_NAME; the script's path below the document root, or its last component.",
            valueName: "path"))
    var scriptName: String?

    @Option(help: ArgumentHelp("DOCUMENT_ROOT.", valueName: "directory"))
    var documentRoot: String?

    @Option(
        name: .customLong("env"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "A parameter as it is, in the place of any of that name; may be repeated.",
            valueName: "name=value"))
    var params: [String] = []
}
