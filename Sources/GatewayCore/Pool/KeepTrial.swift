// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import Transport

/// How long a connection has to be idle before its application is believed to keep it.
///
/// Some applications close each connection a moment after the answer, asked to keep it or not, or
/// when they have left a body unread; how long that moment is depends on how busy they are.
struct KeepTrial {
    private static let shortest: UInt32 = 5
    /// Who closes a connection after more than this has kept it before.
    private static let longest: UInt32 = 1_000

    private var milliseconds = shortest

    /// A connection that served several exchanges is kept, if nothing of the last is unread.
    func isPassed(_ record: Connection.Record, now: MonotonicTime) -> Bool {
        if record.servedCount > 1, !record.hadLargeBody { return true }
        return record.idleSince.advanced(byMilliseconds: milliseconds) <= now
    }

    /// A connection of which nothing was known served another exchange.
    mutating func succeeded() {
        milliseconds = max(milliseconds / 2, Self.shortest)
    }

    /// A connection was closed though it had been given back for further exchanges.
    mutating func failed(_ record: Connection.Record, now: MonotonicTime) {
        guard record.servedCount <= 1 || record.hadLargeBody,
            now < record.idleSince.advanced(byMilliseconds: Self.longest)
        else { return }
        milliseconds = min(milliseconds * 8, Self.longest)
    }
}
