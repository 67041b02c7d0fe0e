// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc

/// A user and the groups that its processes run with.
package struct Identity: Equatable, Sendable {
    package let user: UInt32
    package let group: UInt32
    let groups: [UInt32]

    /// By names or numbers; the user's own group where none is given.
    ///
    /// - Throws: which of them there is not.
    package init(user: String, group: String?) throws(SettingError) {
        let known = unsafe UInt32(user).map { unsafe getpwuid($0) } ?? getpwnam(user)
        guard let entry = unsafe known else {
            throw SettingError("there is no user \"\(user)\"")
        }
        self.user = unsafe entry.pointee.pw_uid
        let ownGroup = unsafe entry.pointee.pw_gid
        let name = unsafe String(cString: entry.pointee.pw_name)
        self.group = try group.map(Self.group) ?? ownGroup
        groups = Self.groups(of: name, with: self.group)
    }

    private static func group(_ name: String) throws(SettingError) -> UInt32 {
        if let number = UInt32(name) { return number }
        guard let entry = unsafe getgrnam(name) else {
            throw SettingError("there is no group \"\(name)\"")
        }
        return unsafe entry.pointee.gr_gid
    }

    private static func groups(of user: String, with group: UInt32) -> [UInt32] {
        var groups = [gid_t](repeating: 0, count: 256)
        var count = Int32(groups.count)
        guard unsafe getgrouplist(user, group, &groups, &count) >= 0 else { return [group] }
        return Array(groups.prefix(Int(count)))
    }
}
