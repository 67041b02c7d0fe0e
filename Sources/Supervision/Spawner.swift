// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
package import Platform

/// Starts processes. Nothing of Swift runs in them: see CAPR/spawn.h.
@safe
package struct Spawner {
    /// What a process cannot begin without.
    package enum Step: Int32, Sendable {
        case fork, descriptor, limit, group, user, directory, command
    }

    package struct Failure: Error {
        package var step: Step
        package var error: SystemError

        package var text: String {
            let what =
                switch step {
                case .fork: "it cannot be started"
                case .descriptor: "its descriptors cannot be had"
                case .limit: "its limits cannot be set"
                case .group: "its group cannot be set"
                case .user: "its user cannot be set"
                case .directory: "its directory cannot be entered"
                case .command: "its command cannot be run"
                }
            return "\(what): \(error.text)"
        }
    }

    package var arguments: [String]
    package var environment: [String]
    /// They become 0, 1, 2 and so on; 8 at most.
    package var descriptors: [Int32]
    package var directory: String?
    package var identity: Identity?
    package var mask: Int32?
    package var limits: [ResourceLimit] = []
    /// What it is sent when the thread that started it ends; nil: nothing.
    package var signalAtDeath: Int32?

    package init(arguments: [String], environment: [String], descriptors: [Int32]) {
        self.arguments = arguments
        self.environment = environment
        self.descriptors = descriptors
    }

    /// The new process, which runs its command by then.
    package func start() throws(Failure) -> Int32 {
        var options = unsafe capr_spawn_options()
        unsafe options.mask = mask ?? -1
        unsafe options.signal_at_death = signalAtDeath ?? 0
        unsafe options.descriptor_count = Int32(min(descriptors.count, 8))
        unsafe withUnsafeMutableBytes(of: &options.descriptors) { room in
            unsafe descriptors.prefix(8).withUnsafeBytes { unsafe room.copyMemory(from: $0) }
        }
        if let identity {
            unsafe options.has_identity = 1
            unsafe options.user = identity.user
            unsafe options.group = identity.group
        }
        let names = directory.map { Array($0.utf8CString) }
        let resources = limits.map(\.resource)
        let values = limits.map(\.value)
        let groups = identity?.groups ?? []
        let words = CStrings(arguments)
        let variables = CStrings(environment)

        var failure = capr_spawn_failure()
        let process: Int32 = unsafe groups.withUnsafeBufferPointer { groups in
            unsafe resources.withUnsafeBufferPointer { resources in
                unsafe values.withUnsafeBufferPointer { values in
                    unsafe Self.withOptional(names) { directory in
                        unsafe options.directory = directory
                        unsafe options.groups = groups.baseAddress
                        unsafe options.group_count = groups.count
                        unsafe options.resources = resources.baseAddress
                        unsafe options.limits = values.baseAddress
                        unsafe options.limit_count = resources.count
                        unsafe options.arguments = words.pointer
                        unsafe options.environment = variables.pointer
                        return unsafe capr_spawn(&options, &failure)
                    }
                }
            }
        }
        guard process > 0 else {
            throw Failure(
                step: Step(rawValue: failure.step) ?? .fork,
                error: SystemError(number: failure.error))
        }
        return process
    }

    /// That of this process.
    package static var inheritedEnvironment: [String] {
        var variables: [String] = []
        var next = unsafe capr_environment()
        while let pointer = unsafe next?.pointee {
            variables.append(unsafe String(cString: pointer))
            unsafe next = next?.advanced(by: 1)
        }
        return variables
    }

    private static func withOptional<Result>(
        _ characters: [CChar]?, _ body: (UnsafePointer<CChar>?) -> Result
    ) -> Result {
        guard let characters else { return body(nil) }
        return unsafe characters.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
    }
}

/// Strings as C takes them: pointers, of which the last is NULL.
@safe
private final class CStrings {
    private let strings: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

    init(_ words: [String]) {
        unsafe strings = .allocate(capacity: words.count + 1)
        unsafe strings.initialize(repeating: nil)
        for (index, word) in words.enumerated() { unsafe strings[index] = strdup(word) }
    }

    deinit {
        for index in unsafe strings.indices { unsafe free(strings[index]) }
        unsafe strings.deallocate()
    }

    var pointer: UnsafePointer<UnsafeMutablePointer<CChar>?>? {
        unsafe UnsafePointer(strings.baseAddress)
    }
}
