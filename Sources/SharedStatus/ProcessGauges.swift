// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
internal import Platform

/// What each process runs and keeps at each application, as it lies in shared memory: what a
/// process has that was killed is gone with it. Rows are taken under the segment's lock, and
/// changed without it.
@safe
struct ProcessGauges {
    private static let processRoom = 1_024

    private let start: UnsafeMutableRawPointer
    private let applications: Int

    init(_ start: UnsafeMutableRawPointer, applications: Int) {
        unsafe self.start = start
        self.applications = applications
    }

    static func size(applications: Int) -> Int { processRoom * rowSize(applications) }

    /// The process, and two numbers for each application.
    private static func rowSize(_ applications: Int) -> Int {
        (1 + 2 * applications) * MemoryLayout<UInt64>.size
    }

    private func row(_ index: Int) -> UnsafeMutablePointer<UInt64> {
        let first = unsafe start + index * Self.rowSize(applications)
        return unsafe first.assumingMemoryBound(to: UInt64.self)
    }

    /// Under the lock: takes a row for this process, which has none yet; nil when all are taken.
    func take() -> Int? {
        let own = UInt64(UInt32(bitPattern: ProcessID.own))
        let rows = 0..<Self.processRoom
        func first(_ isRight: (Int) -> Bool) -> Int? { rows.first(where: isRight) }
        // The first may be there: of a process that had the same number.
        let taken =
            first { unsafe row($0).pointee == own } ?? first { unsafe row($0).pointee == 0 }
            ?? first { !isAlive($0) }
        guard let taken else { return nil }
        unsafe memset(row(taken), 0, Self.rowSize(applications))
        unsafe row(taken).pointee = own
        return taken
    }

    private func isAlive(_ index: Int) -> Bool {
        let process = unsafe row(index).pointee
        return process > 0 && !ProcessID.hasEnded(pid_t(truncatingIfNeeded: process))
    }

    func add(active: Int32, idle: Int32, at application: Int, row index: Int) {
        let numbers = unsafe row(index) + 1 + 2 * application
        unsafe capr_count(numbers, UInt64(truncatingIfNeeded: Int64(active)))
        unsafe capr_count(numbers + 1, UInt64(truncatingIfNeeded: Int64(idle)))
    }

    /// Of all processes.
    func sum(at application: Int) -> (active: UInt64, idle: UInt64) {
        var sum: (active: UInt64, idle: UInt64) = (0, 0)
        for index in 0..<Self.processRoom {
            let numbers = unsafe row(index) + 1 + 2 * application
            let active = unsafe capr_counted(numbers)
            let idle = unsafe capr_counted(numbers + 1)
            guard active | idle != 0, isAlive(index) else { continue }
            sum.active &+= active
            sum.idle &+= idle
        }
        return sum
    }
}
