// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Supervision

/// Where supervisors and their hosts find each other.
struct PlaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Of the sockets; /run/gateway, or gateway in $XDG_RUNTIME_DIR.",
            valueName: "directory"))
    var runtimeDir: String?

    func directory(of name: String) -> RuntimeDirectory {
        RuntimeDirectory(base: runtimeDir, name: name)
    }
}
