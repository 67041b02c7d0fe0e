// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform
internal import SharedStatus

/// What a process writes to its standard output and standard error, line by line.
final class ProcessOutput {
    private static let maxLine = 8_192
    private static let keptLines = 5

    /// What the process has, until it is started; then -1.
    private(set) var writer: Int32
    let reader: Int32
    private var line: [UInt8] = []
    private var budget = LineBudget()
    /// The end of what it wrote, to say why it ended.
    private(set) var lastLines: [String] = []

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw .last }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        reader = ends[0]
        writer = ends[1]
        // The process's own end blocks, as it expects.
        _ = capr_set_nonblocking(reader, 1)
    }

    deinit {
        closeWriter()
        _ = close(reader)
    }

    func closeWriter() {
        if writer >= 0 { _ = close(writer) }
        writer = -1
    }

    /// Reads what there is, and hands out each line for which the log has room now.
    func read(now: MonotonicTime, _ take: (String) -> Void) {
        if let leftOut = budget.renew(now: now) { take(leftOut) }
        unsafe withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 16) { room in
            // Bounded, so that a process that floods its output does not keep the supervisor.
            for _ in 0..<16 {
                let count = unsafe Glibc.read(reader, room.baseAddress, room.count)
                guard count > 0 else { return }
                for index in 0..<count { append(unsafe room[index], take) }
            }
        }
    }

    /// The process has ended: its last line needs no end.
    func finish(now: MonotonicTime, _ take: (String) -> Void) {
        read(now: now, take)
        if !line.isEmpty { end(take) }
        if let leftOut = budget.close() { take(leftOut) }
    }

    private func append(_ byte: UInt8, _ take: (String) -> Void) {
        if byte == UInt8(ascii: "\n") { return end(take) }
        line.append(byte)
        if line.count >= Self.maxLine { end(take) }
    }

    private func end(_ take: (String) -> Void) {
        let text = String(printing: line, keepingTabs: true)
        line.removeAll(keepingCapacity: true)
        if lastLines.count == Self.keptLines { lastLines.removeFirst() }
        lastLines.append(text)
        if budget.hasRoom(for: text.utf8.count) { take(text) }
    }
}
