// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform
package import SharedStatus

/// Starts a supervisor from within a host.
package struct SupervisorLauncher: Sendable {
    /// The program; looked for in PATH when it has no slash.
    package let program: String
    package let name: String
    package let directory: RuntimeDirectory
    /// Who may connect beside the supervisor's user.
    package let client: String?
    /// Where it writes its log; the host's standard error when it is none.
    private let logDescriptor: Int32

    package init(
        program: String, name: String, directory: RuntimeDirectory, client: String?,
        logDescriptor: Int32
    ) {
        self.program = program
        self.name = name
        self.directory = directory
        self.client = client
        self.logDescriptor = logDescriptor
    }

    /// The program that belongs to a library: in bin beside its directory when it is installed,
    /// next to it when it was just built, else in PATH.
    package static func usualProgram(of library: String) -> String {
        let name = "gateway-supervisor"
        guard let place = unsafe realpath(library, nil) else { return name }
        defer { unsafe free(place) }
        let path = unsafe String(cString: place)
        let directory = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        // Debian has a directory for each architecture in between.
        let candidates = ["../bin/", "../../bin/", ""].map { "\(directory)/\($0)\(name)" }
        return candidates.first { unsafe access($0, X_OK) == 0 } ?? name
    }

    /// Where the supervisor's log goes now.
    package var log: Int32 { logDescriptor >= 0 ? logDescriptor : 2 }

    /// Starts a child process of this one, which ends when this one has ended.
    ///
    /// - Parameters:
    ///   - scoreboard: what it is to use
    ///   - words: the definition: settings, "--", and the command
    /// - Returns: the process.
    /// - Throws: what it cannot be started without.
    package func start(
        scoreboard: Scoreboard, words: [String]
    ) throws(Spawner.Failure) -> Int32 {
        let null = unsafe open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw Spawner.Failure(step: .descriptor, error: .last) }
        defer { _ = close(null) }
        var arguments = [
            program, "run", "--name", name, "--runtime-dir", directory.base, "--scoreboard", "3",
            "--host", String(getpid()),
        ]
        if let client { arguments += ["--client", client] }
        let settings = words.prefix { $0 != "--" }
        for setting in settings { arguments += ["--set", setting] }
        arguments += words.dropFirst(settings.count)
        let spawner = Spawner(
            arguments: arguments, environment: Spawner.inheritedEnvironment,
            descriptors: [null, log, log, scoreboard.descriptor])
        return try spawner.start()
    }
}
