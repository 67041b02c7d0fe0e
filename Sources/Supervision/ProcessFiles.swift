// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc

/// What the kernel tells of a process in /proc (proc(5)).
enum ProcessFiles {
    /// Bytes of memory; nil when the process has ended, or may not be looked at.
    static func memory(of process: Int32, _ measure: ApplicationDefinition.MemoryMeasure) -> UInt64?
    {
        if measure == .proportional, let text = text("/proc/\(process)/smaps_rollup"),
            let kilobytes = field("Pss:", of: text)
        {
            return kilobytes * 1_024
        }
        guard let text = text("/proc/\(process)/status"), let kilobytes = field("VmRSS:", of: text)
        else { return nil }
        return kilobytes * 1_024
    }

    private static func field(_ name: String, of text: String) -> UInt64? {
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            let words = line.dropFirst(name.count).split { $0 == " " || $0 == "\t" }
            return words.first.flatMap { UInt64($0) }
        }
        return nil
    }

    /// Whether its one thread waits in the kernel for a connection, or for events.
    static func waits(_ process: Int32) -> (forConnection: Bool, forEvents: Bool) {
        guard let text = text("/proc/\(process)/syscall"),
            let number = text.split(separator: " ").first.flatMap({ Int($0) })
        else { return (false, false) }
        return (capr_is_accept(number) != 0, capr_is_poll(number) != 0)
    }

    /// Its threads.
    static func threads(of process: Int32) -> [Int32] {
        names(in: "/proc/\(process)/task")?.compactMap { Int32($0) } ?? []
    }

    /// The sockets that it has open: descriptors of its own; nil when it may not be looked at.
    static func sockets(of process: Int32) -> [Int32]? {
        let path = "/proc/\(process)/fd"
        guard let names = names(in: path) else { return nil }
        var descriptors: [Int32] = []
        for name in names {
            guard let target = link("\(path)/\(name)") else {
                if errno == EACCES || errno == EPERM { return nil }
                continue
            }
            if target.hasPrefix("socket:["), let descriptor = Int32(name) {
                descriptors.append(descriptor)
            }
        }
        return descriptors
    }

    private static func names(in path: String) -> [String]? {
        var names: [String] = []
        guard let directory = unsafe opendir(path) else { return nil }
        defer { unsafe closedir(directory) }
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            names.append(name)
        }
        return names
    }

    private static func link(_ path: String) -> String? {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { room in
            guard let start = room.baseAddress else { return nil }
            let count = unsafe readlink(path, start, room.count)
            guard count > 0 else { return nil }
            return unsafe String(
                decoding: room.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }

    private static func text(_ path: String) -> String? {
        read(path).map { String(decoding: $0, as: UTF8.self) }
    }

    static func read(_ path: String) -> [UInt8]? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { _ = close(descriptor) }
        var bytes: [UInt8] = []
        unsafe withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { room in
            while bytes.count < 16_777_216 {
                let count = unsafe Glibc.read(descriptor, room.baseAddress, room.count)
                guard count > 0 else { return }
                unsafe bytes.append(contentsOf: room.prefix(count))
            }
        }
        return bytes
    }
}
