// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform

/// Files whose change is to reload an application.
///
/// They are looked at, not subscribed to: that sees files that are replaced by another one of the
/// same name, also on network file systems, and costs next to nothing.
struct FileWatch {
    private struct Mark: Equatable {
        var device: UInt
        var inode: UInt
        var size: Int
        var seconds: Int
        var nanoseconds: Int
    }

    /// A change counts when nothing changed for so many milliseconds after it.
    private static let settling: UInt32 = 500

    private let paths: [String]
    private var marks: [Mark?]
    private var changed: (path: String, at: MonotonicTime)?

    init(_ paths: [String], in directory: String?) {
        self.paths = paths.map { path in
            guard let directory, !path.hasPrefix("/") else { return path }
            return directory + "/" + path
        }
        marks = self.paths.map(Self.mark)
    }

    /// A change that is over: one of the files, by its name.
    mutating func settledChange(now: MonotonicTime) -> String? {
        for index in paths.indices {
            let mark = Self.mark(paths[index])
            guard mark != marks[index] else { continue }
            marks[index] = mark
            changed = (paths[index], now)
        }
        guard let change = changed,
            now >= change.at.advanced(byMilliseconds: Self.settling)
        else { return nil }
        changed = nil
        return change.path
    }

    var isEmpty: Bool { paths.isEmpty }

    private static func mark(_ path: String) -> Mark? {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        return Mark(
            device: status.st_dev, inode: status.st_ino, size: status.st_size,
            seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }
}
