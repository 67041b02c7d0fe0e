// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Platform
internal import SharedStatus

/// What the supervisor is asked for.
extension Supervisor {
    func answer(_ client: ControlServer.Client) {
        let words = client.words
        switch words.first {
        case "status": client.answer(words.dropFirst().first == "json" ? json : table)
        case "attach":
            if sharedSocket == nil {
                client.answer("ok\n", handing: scoreboard.descriptor)
            } else {
                client.answer("failed: its processes share a socket that others connect to\n")
            }
        case "reload", "stop", "define":
            guard client.isTrusted else {
                return client.answer("failed: that is for root and the supervisor's own user\n")
            }
            change(words, client)
        default: client.answer("failed: unknown request\n")
        }
    }

    private func change(_ words: [String], _ client: ControlServer.Client) {
        switch words.first {
        case "reload": reload(because: "asked for", client: client, now: .now)
        case "stop":
            stop()
            client.answer("stops\n")
        default: define(Array(words.dropFirst()), client)
        }
    }

    /// Goes over to another definition, if it is one: settings, "--", and the command.
    private func define(_ words: [String], _ client: ControlServer.Client) {
        // The host's log may be another file by now.
        if client.handed >= 0 { _ = dup2(client.handed, 2) }
        do throws(SettingError) {
            let changed = try ApplicationDefinition(name: definition.name, words: words)
            // How much is logged changes nothing for the processes.
            log.least = changed.logLevel
            definition.logLevel = changed.logLevel
            guard changed != definition else { return client.answer("unchanged\n") }
            reload(because: "its definition has changed", changed: changed, now: .now)
            client.answer("changed\n")
        } catch {
            client.answer("failed: \(error.text)\n")
        }
    }

    // MARK: Status

    private struct Row {
        var process: Int32
        var state: String
        var generation: UInt32
        var served: UInt32
        var memory: UInt64
        var age: UInt32
        var active: Int
        var busy: UInt32
        var request: String
    }

    private var rows: [Row] {
        let now = MonotonicTime.now
        return processes.sorted { $0.slot < $1.slot }.map { process in
            let shown = scoreboard.process(process.slot)
            let active = shown?.active ?? 0
            return Row(
                process: process.identifier, state: process.state.name,
                generation: process.generation, served: shown?.served ?? 0,
                memory: process.memory, age: process.age(now), active: active,
                busy: shown?.busySince.map { now.milliseconds(from: $0) } ?? 0,
                request: active > 0 ? shown?.request ?? "" : "")
        }
    }

    private var table: String {
        var text =
            "\(definition.name): generation \(generation), \(processes.count) processes"
            + " (\(definition.processes.lowerBound)-\(definition.processes.upperBound)),"
            + " \(scoreboard.activeCount) active, \(scoreboard.waitingCount) waiting,"
            + " \(reloadCount) reloads, \(failedReloadCount) failed\n"
        text += Self.line(["PID", "STATE", "GEN", "SERVED", "KIB", "AGE", "BUSY", "REQUEST"])
        for row in rows {
            text += Self.line([
                "\(row.process)", row.state, "\(row.generation)", "\(row.served)",
                "\(row.memory >> 10)", "\(row.age / 1_000)s",
                row.active > 0 ? "\(row.busy)ms" : "-", row.request,
            ])
        }
        return text
    }

    private static func line(_ cells: [String]) -> String {
        let widths = [8, 9, 5, 9, 9, 8, 9]
        var text = ""
        for (index, cell) in cells.enumerated() {
            let room = index < widths.count ? widths[index] - cell.utf8.count : 0
            text += cell + String(repeating: " ", count: max(1, room))
        }
        while text.last == " " { text.removeLast() }
        return text + "\n"
    }

    private var json: String {
        let list = rows.map { row in
            """
            {"pid":\(row.process),"state":"\(row.state)","generation":\(row.generation),\
            "served":\(row.served),"memory":\(row.memory),"age_ms":\(row.age),\
            "active":\(row.active),"busy_ms":\(row.busy),"request":\(Self.quoted(row.request))}
            """
        }
        return """
            {"name":"\(definition.name)","generation":\(generation),"reloads":\(reloadCount),\
            "failed_reloads":\(failedReloadCount),"min":\(definition.processes.lowerBound),\
            "max":\(definition.processes.upperBound),"share":\(definition.replaceable),\
            "active":\(scoreboard.activeCount),"waiting":\(scoreboard.waitingCount),\
            "processes":[\(list.joined(separator: ","))]}\n
            """
    }

    /// A string of JSON (RFC 8259 section 7).
    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case _ where scalar.value < 0x20: quoted += " "
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension ProcessState {
    package var name: String {
        switch self {
        case .none: "none"
        case .starting: "starting"
        case .ready: "ready"
        case .leaving: "leaving"
        case .stopping: "stopping"
        }
    }
}

extension ApplicationDefinition {
    /// As a supervisor is given it: settings, "--", and the command.
    package init(name: String, words: [String]) throws(SettingError) {
        try self.init(name: name)
        let settings = words.prefix { $0 != "--" }
        for word in settings { try set(word) }
        try setCommand(Array(words.dropFirst(settings.count + 1)))
    }
}
