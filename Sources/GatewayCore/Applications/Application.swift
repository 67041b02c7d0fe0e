// SPDX-License-Identifier: Apache-2.0

internal import Glibc
package import Platform
package import SharedStatus
package import Supervision
internal import Transport

/// A supervised application as one host has it: started by the host, or attached to. Used by any
/// thread.
package final class Application: Sendable {
    package enum Refusal: Error {
        case definition(SettingError)
        case directory(RuntimeDirectory.Refusal)
        case supervisor(Spawner.Failure)
        case control(SystemError)
        /// What the supervisor answered.
        case refused(String)
        /// A socket's path in the directory cannot be an address.
        case address

        package var text: String {
            switch self {
            case .definition(let error): error.text
            case .directory(let refusal): refusal.text
            case .supervisor(let failure): "the supervisor: \(failure.text)"
            case .control(let error): "the supervisor does not answer: \(error.text)"
            case .refused(let text): text
            case .address: "the directory's path is too long"
            }
        }
    }

    private struct Started {
        var words: [String]
        /// Milliseconds that it may take to end its processes and itself.
        var patience: UInt32
        /// 0: it has ended.
        var process: Int32
        var startedAt: MonotonicTime
    }

    /// Between two starts, so that a supervisor that ends at once is not started without a pause.
    private static let restartPause: UInt32 = 1_000
    /// Between two looks at one that ends, in microseconds: nothing tells of it in time.
    private static let stopPause: UInt32 = 5_000

    package let name: String
    package let scoreboard: Scoreboard
    package let gateway: Gateway
    private let directory: RuntimeDirectory
    private let endpoints: [Endpoint]
    private let launcher: SupervisorLauncher?
    private let started: Locked<Started?>
    /// Of the process that is the supervisor's parent.
    private let forkGeneration: UInt32

    /// Starts a supervisor of its own.
    ///
    /// - Parameters:
    ///   - definition: with a command
    ///   - words: the same as the supervisor is given it
    ///   - launcher: how to start it
    ///   - gateway: whose log is told
    /// - Throws: why there is none.
    package init(
        _ definition: ApplicationDefinition, words: [String], launcher: SupervisorLauncher,
        gateway: Gateway
    ) throws(Refusal) {
        name = definition.name
        directory = launcher.directory
        self.launcher = launcher
        self.gateway = gateway
        forkGeneration = ForkGeneration.current
        endpoints = try Self.endpoints(in: directory)
        do throws(SystemError) {
            scoreboard = try Scoreboard()
        } catch {
            throw .control(error)
        }
        scoreboard.set(definition.scoreboardSettings)
        started = Locked(nil)
        let process = try Self.start(launcher, scoreboard, words)
        started.withLock {
            $0 = Started(
                words: words, patience: Self.patience(definition), process: process,
                startedAt: .now)
        }
        gateway.register(self)
    }

    /// A process has the timeout twice: to finish what it runs, and to end.
    private static func patience(_ definition: ApplicationDefinition) -> UInt32 {
        UInt32(clamping: 2 * UInt64(definition.stopTimeout) + 5_000)
    }

    /// Uses the processes of a supervisor that is there.
    ///
    /// - Throws: why there is none.
    package init(attachingTo name: String, in directory: RuntimeDirectory, gateway: Gateway)
        throws(Refusal)
    {
        do throws(SettingError) {
            self.name = try ApplicationDefinition(name: name).name
        } catch {
            throw .definition(error)
        }
        self.directory = directory
        self.gateway = gateway
        launcher = nil
        started = Locked(nil)
        forkGeneration = ForkGeneration.current
        endpoints = try Self.endpoints(in: directory)
        let answer = try Self.ask(directory, ["attach"])
        guard answer.descriptor >= 0 else { throw .refused(answer.failure) }
        do throws(SystemError) {
            scoreboard = try Scoreboard(adopting: answer.descriptor)
        } catch {
            _ = Glibc.close(answer.descriptor)
            throw .control(error)
        }
    }

    private static func endpoints(in directory: RuntimeDirectory) throws(Refusal) -> [Endpoint] {
        var endpoints: [Endpoint] = []
        for slot in 0..<Scoreboard.slotRoom {
            do throws(Endpoint.Refusal) {
                endpoints.append(try Endpoint(parsing: "unix:\(directory.socketPath(slot))"))
            } catch {
                throw .address
            }
        }
        return endpoints
    }

    private static func start(
        _ launcher: SupervisorLauncher, _ scoreboard: Scoreboard, _ words: [String]
    ) throws(Refusal) -> Int32 {
        do throws(Spawner.Failure) {
            return try launcher.start(scoreboard: scoreboard, words: words)
        } catch {
            throw .supervisor(error)
        }
    }

    private static func ask(
        _ directory: RuntimeDirectory, _ words: [String], handing handed: Int32? = nil,
        within milliseconds: UInt32 = 10_000
    ) throws(Refusal) -> ControlClient.Answer {
        do throws(SystemError) {
            let client = try ControlClient(directory)
            return try client.ask(words, handing: handed, within: milliseconds)
        } catch {
            throw .control(error)
        }
    }

    /// What exchanges with it begin with.
    package func backend(_ given: BackendOptions) -> Backend {
        var options = given
        options.keepsConnections = false
        options.timeouts.run = scoreboard.settings.requestTimeout
        return Backend(
            gateway: gateway, endpoints: endpoints, options: options, application: scoreboard)
    }

    /// The supervisor that this host has started; nil: there is none, or it has ended.
    package var supervisor: Int32? {
        started.withLock { started in
            started.flatMap { $0.process > 0 ? $0.process : nil }
        }
    }

    /// Starts the supervisor again if it has ended; answers whether it did.
    package func maintain() throws(Refusal) -> Bool {
        guard let launcher, forkGeneration == ForkGeneration.current else { return false }
        let now = MonotonicTime.now
        let words: [String]? = started.withLock { started in
            guard var current = started else { return nil }
            if current.process > 0, Self.hasEnded(current.process) { current.process = 0 }
            let mayStart =
                current.process == 0
                && now >= current.startedAt.advanced(byMilliseconds: Self.restartPause)
            if mayStart { current.startedAt = now }
            started = current
            return mayStart ? current.words : nil
        }
        guard let words else { return false }
        let process = try Self.start(launcher, scoreboard, words)
        started.withLock { $0?.process = process }
        gateway.log.write(.warning, tag: "GW0010", "the supervisor of \(name) was started again")
        return true
    }

    /// The host may wait for its children itself: then it is gone without an answer.
    private static func hasEnded(_ process: Int32) -> Bool {
        let answer = waitpid(process, nil, WNOHANG)
        return answer == process || answer < 0 && kill(process, 0) != 0
    }

    /// Goes over to another definition, and to what the host's log is now; answers whether the
    /// definition is another one.
    package func define(_ definition: ApplicationDefinition, words: [String]) throws(Refusal)
        -> Bool
    {
        started.withLock {
            $0?.words = words
            $0?.patience = Self.patience(definition)
        }
        let answer = try Self.ask(directory, ["define"] + words, handing: launcher?.log)
        guard answer.failure.isEmpty else { throw .refused(answer.failure) }
        return answer.text != "unchanged\n"
    }

    /// Replaces the processes, and waits until that is done.
    package func reload(within milliseconds: UInt32) throws(Refusal) {
        let answer = try Self.ask(directory, ["reload"], within: milliseconds)
        guard answer.failure.isEmpty else { throw .refused(answer.failure) }
    }

    /// Ends the supervisor that this host has started, and waits for it; one that does not end is
    /// killed, and its processes with it.
    package func stop() {
        guard forkGeneration == ForkGeneration.current else { return }
        let ending = started.withLock { started in
            defer { started = nil }
            return started
        }
        guard let ending, ending.process > 0, kill(ending.process, SIGTERM) == 0 else { return }
        let deadline = MonotonicTime.now.advanced(byMilliseconds: ending.patience)
        while !Self.hasEnded(ending.process) {
            guard MonotonicTime.now < deadline else {
                _ = kill(ending.process, SIGKILL)
                _ = waitpid(ending.process, nil, 0)
                return
            }
            _ = usleep(Self.stopPause)
        }
    }
}

extension ControlClient.Answer {
    /// Why it was refused; empty when it was not.
    fileprivate var failure: String {
        guard text.hasPrefix("failed: ") else { return "" }
        return String(text.dropFirst(8).prefix { $0 != "\n" })
    }
}
