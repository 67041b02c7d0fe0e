// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Platform
import SharedStatus
import Supervision

/// Shows an application's processes.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the processes of an application.")

    @OptionGroup var target: TargetOptions

    @Flag(help: "As JSON.") var json = false

    @Flag(help: "Again and again, until the supervisor has ended; a terminal is cleared each time.")
    var watch = false

    @Option(help: ArgumentHelp("How long --watch pauses; 1.", valueName: "seconds"))
    var interval: UInt32 = 1

    func validate() throws {
        guard (1...86_400).contains(interval) else {
            throw ValidationError("--interval is from 1 to 86400")
        }
    }

    func run() throws {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        repeat {
            let answer = try target.ask(json ? ["status", "json"] : ["status"], within: 10_000)
            // What processes run is their clients' text.
            let shown = isTerminal ? answer.harmless : answer
            // To the top left, and all below cleared.
            print(watch && isTerminal ? "\u{1B}[H\u{1B}[2J" + shown : shown, terminator: "")
            fflush(nil)
            if watch { sleep(interval) }
        } while watch
    }
}

/// Replaces an application's processes, and waits until that is done.
struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Replaces the processes of an application without a failed request.",
        discussion: "Ends when the new processes serve; with status 1 when they do not start.")

    @OptionGroup var target: TargetOptions

    @Option(help: ArgumentHelp("How long to wait for it.", valueName: "seconds"))
    var timeout: UInt32 = 300

    func run() throws {
        let time = timeout.multipliedReportingOverflow(by: 1_000)
        guard !time.overflow else { throw ValidationError("--timeout is too long") }
        print(try target.ask(["reload"], within: time.partialValue), terminator: "")
    }
}

/// Ends an application.
struct Stop: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Lets the processes of an application finish what they run, and ends them.")

    @OptionGroup var target: TargetOptions

    func run() throws {
        print(try target.ask(["stop"], within: 10_000), terminator: "")
    }
}

extension String {
    /// Without what a terminal obeys.
    fileprivate var harmless: String {
        String(
            String.UnicodeScalarView(
                unicodeScalars.map { $0.isControl && $0 != "\n" ? "?" : $0 }))
    }
}

/// Which supervisor is asked.
struct TargetOptions: ParsableArguments {
    @OptionGroup var place: PlaceOptions

    @Argument(help: ArgumentHelp("The application's name.", valueName: "name")) var name: String

    /// - Throws: `Refusal` when nobody answers, or the answer is that it failed.
    func ask(_ words: [String], within milliseconds: UInt32) throws -> String {
        do {
            try APRLibrary.use()
            let definition = try ApplicationDefinition(name: name)
            let client = try ControlClient(place.directory(of: definition.name))
            let answer = try client.ask(words, within: milliseconds).text
            if answer.hasPrefix("failed: ") {
                throw Refusal(String(answer.dropFirst(8).drop { $0 == " " }.prefix { $0 != "\n" }))
            }
            return answer
        } catch let error as SettingError {
            throw ValidationError(error.text)
        } catch let error as SystemError {
            throw Refusal("the supervisor of \"\(name)\" does not answer: \(error.text)")
        }
    }
}
