// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc

/// What a process may use of a resource, soft and hard limit alike (setrlimit(2)).
package struct ResourceLimit: Equatable, Sendable {
    let resource: Int32
    let value: UInt64

    init(_ name: String, to text: String) throws(SettingError) {
        guard let resource = Self.resource(name) else {
            throw SettingError("there is no limit \"\(name)\"")
        }
        self.resource = resource
        value = text == "unlimited" ? .max : try SettingValue.size(text)
    }

    private static func resource(_ name: String) -> Int32? {
        switch name {
        case "nofile": Int32(RLIMIT_NOFILE.rawValue)
        case "nproc": Int32(__RLIMIT_NPROC.rawValue)
        case "as": Int32(RLIMIT_AS.rawValue)
        case "core": Int32(RLIMIT_CORE.rawValue)
        case "cpu": Int32(RLIMIT_CPU.rawValue)
        case "data": Int32(RLIMIT_DATA.rawValue)
        case "fsize": Int32(RLIMIT_FSIZE.rawValue)
        case "stack": Int32(RLIMIT_STACK.rawValue)
        case "memlock": Int32(__RLIMIT_MEMLOCK.rawValue)
        default: nil
        }
    }
}
