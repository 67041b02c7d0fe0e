// SPDX-License-Identifier: Apache-2.0

package import SharedStatus

/// What a supervised application is, and how it is to be treated. Times are milliseconds.
package struct ApplicationDefinition: Equatable, Sendable {
    /// Which memory of a process counts.
    package enum MemoryMeasure: String, Equatable, Sendable {
        /// Memory that several processes share counts in parts (PSS).
        case proportional
        /// All that is in memory counts (RSS).
        case resident
    }

    package struct Variable: Equatable, Sendable {
        package var name: String
        package var value: String
    }

    /// Lower case: letters, digits and hyphens.
    package private(set) var name: String
    package private(set) var command: [String] = []
    package var processes = 1...4
    package var concurrency = 1
    /// 0: no limit, as with the next three.
    package var maxRequests = 0
    package var maxMemory: UInt64 = 0
    package var memoryMeasure = MemoryMeasure.proportional
    package var lifetime: UInt32 = 0
    /// Processes above the least number end after so long without an exchange.
    package var idleTimeout: UInt32 = 60_000
    package var requestTimeout: UInt32 = 300_000
    package var startTimeout: UInt32 = 30_000
    package var stopTimeout: UInt32 = 10_000
    package var queue = 100
    package var queueTimeout: UInt32 = 30_000
    /// Processes that are replaced at once; nil: a quarter of them, one at least.
    package var share: Int?
    package var watch: [String] = []
    package var user: String?
    package var group: String?
    package var environment: [Variable] = []
    package var directory: String?
    package var mask: Int32?
    package var limits: [ResourceLimit] = []
    /// What of its events the supervisor writes to its log.
    package var logLevel = LogLevel.info

    package static let maxProcesses = Scoreboard.slotRoom / 2
    private static let maxNameLength = 63

    /// - Throws: what is wrong with the name.
    package init(name: String) throws(SettingError) {
        let isPlain = name.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, (1...Self.maxNameLength).contains(name.utf8.count), name.first != "-" else {
            throw SettingError(
                "the name \"\(name)\" is not of letters, digits and hyphens, 1 to 63 of them")
        }
        self.name = name.lowercased()
    }

    package mutating func setCommand(_ words: [String]) throws(SettingError) {
        guard let program = words.first, !program.isEmpty else {
            throw SettingError("there is no command")
        }
        command = words
    }

    /// How many may be replaced at once.
    package var replaceable: Int { share ?? max(1, processes.upperBound / 4) }

    /// Sets what a word "key=value" says.
    package mutating func set(_ word: String) throws(SettingError) {
        let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw SettingError("\"\(word)\" is not a setting: key=value")
        }
        try set(String(parts[0]), to: String(parts[1]))
    }

    package mutating func set(_ key: String, to value: String) throws(SettingError) {
        var isKnown: Bool
        do throws(SettingError) {
            isKnown = try setNumber(key, to: value)
            if !isKnown { isKnown = try setTime(key, to: value) }
            if !isKnown { isKnown = try setSurroundings(key, to: value) }
        } catch {
            throw SettingError("\(key): \(error.text)")
        }
        guard isKnown else { throw SettingError("there is no setting \"\(key)\"") }
    }

    private mutating func setNumber(_ key: String, to value: String) throws(SettingError) -> Bool {
        switch key {
        case "processes":
            processes = try SettingValue.range(value, in: 1...Self.maxProcesses)
        case "concurrency":
            concurrency = try SettingValue.number(value, in: 1...Scoreboard.maxConcurrency)
        case "max-requests":
            maxRequests = try SettingValue.number(value, in: 0...1_000_000_000)
        case "max-memory": maxMemory = try SettingValue.size(value)
        case "memory":
            guard let measure = MemoryMeasure(rawValue: value) else {
                throw SettingError("\"\(value)\" is neither proportional nor resident")
            }
            memoryMeasure = measure
        case "queue": queue = try SettingValue.number(value, in: 0...Scoreboard.maxQueueLength)
        case "share": share = try SettingValue.number(value, in: 1...Self.maxProcesses)
        default: return false
        }
        return true
    }

    private mutating func setTime(_ key: String, to value: String) throws(SettingError) -> Bool {
        let day: UInt32 = 86_400_000
        switch key {
        case "lifetime": lifetime = try SettingValue.time(value)
        case "idle-timeout": idleTimeout = try SettingValue.time(value)
        case "request-timeout": requestTimeout = try longEnough(value, longest: day)
        case "start-timeout": startTimeout = try longEnough(value, longest: day)
        case "stop-timeout": stopTimeout = try SettingValue.time(value, longest: day)
        case "queue-timeout": queueTimeout = try SettingValue.time(value, longest: day)
        default: return false
        }
        return true
    }

    private func longEnough(_ value: String, longest: UInt32) throws(SettingError) -> UInt32 {
        let time = try SettingValue.time(value, longest: longest)
        guard time > 0 else { throw SettingError("\"\(value)\" is no time") }
        return time
    }

    private mutating func setSurroundings(
        _ key: String, to value: String
    ) throws(SettingError) -> Bool {
        switch key {
        case "watch": watch.append(value)
        case "user": user = value
        case "group": group = value
        case "dir": directory = value
        case "umask": mask = try SettingValue.mask(value)
        case "log-level":
            guard let level = LogLevel(rawValue: value) else {
                throw SettingError("\"\(value)\" is none of error, warn, notice and info")
            }
            logLevel = level
        case _ where key.hasPrefix("env:"):
            let name = String(key.dropFirst(4))
            guard !name.isEmpty else { throw SettingError("the variable has no name") }
            environment.removeAll { $0.name == name }
            environment.append(Variable(name: name, value: value))
        case _ where key.hasPrefix("limit:"):
            limits.append(try ResourceLimit(String(key.dropFirst(6)), to: value))
        default: return false
        }
        return true
    }

    /// What hosts have to know.
    package var scoreboardSettings: Scoreboard.Settings {
        var settings = Scoreboard.Settings()
        settings.concurrency = UInt32(clamping: concurrency)
        settings.maxRequests = UInt32(clamping: maxRequests)
        settings.queueLength = UInt32(clamping: queue)
        settings.queueTimeout = queueTimeout
        settings.requestTimeout = requestTimeout
        return settings
    }
}
