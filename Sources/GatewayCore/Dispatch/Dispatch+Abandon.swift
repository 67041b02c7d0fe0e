// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform
internal import Transport

/// How an exchange is given up: nobody waits for the application then.
extension Dispatch {
    /// The connection is closed in the order that lets the application notice, while the host goes
    /// on.
    mutating func abandonConnection() {
        guard let farewell = sayFarewell() else { return dropConnection() }
        var records = reader.recordReader
        if input.skipsToEnd(of: connection.record.lastRequestID, with: &records) {
            return dropConnection()
        }
        let isDrained = drainsConnection
        // The host closes a connection that is not drained, and gives its place back.
        guard isDrained || !connection.record.isSupplied, ownConnection() else {
            return dropTold(farewell)
        }
        let held = holdSharedPlace()
        var abandoned = Connection.none
        swap(&abandoned, &connection)
        let closing = ClosingConnection(
            abandoned.keep(), place: held ?? place.map { .admitted($0) } ?? .none,
            limits: drainLimits, farewell: farewell, records: records)
        shared.use { $0.closing.add(closing, isDrained: isDrained) }
        // The connection counts as active until it is closed.
        hasLeftPlace = true
    }

    /// A process that will not be done with its exchange is ended with it; until then it is told
    /// what can be told now.
    mutating func dropOverdueConnection() {
        guard let farewell = sayFarewell() else { return dropConnection() }
        dropTold(farewell)
    }

    /// What the application is told when the exchange is given up; nil where it was not begun, or
    /// the application takes nothing more.
    private mutating func sayFarewell() -> Farewell? {
        guard state == .exchanging, stream.hasBegun, !isSendOver, let content = unsafe content
        else { return nil }
        return bodyAtHand.withSpan { unsafe stream.abandon(head: content.pointee.head, piece: $0) }
    }

    /// Tells the application what can be told now, and leaves the connection.
    private mutating func dropTold(_ farewell: Farewell) {
        var closing = ClosingConnection(
            connection.record, place: .none, limits: drainLimits, farewell: farewell,
            records: reader.recordReader)
        _ = closing.serve(now: .now)
        dropConnection()
    }

    /// An event stream has no end that could be waited for.
    private var drainsConnection: Bool {
        mutating get { drainOptions.timeout != nil && !reader.head.isEventStream }
    }

    private var drainLimits: ClosingConnection.Limits {
        mutating get {
            let isClaimed = shared.use { $0.admission.isApplication } ?? false
            let claim = isClaimed ? runDeadline ?? .distantFuture : nil
            let until = MonotonicTime.now.advanced(byMilliseconds: drainOptions.timeout ?? 0)
            return ClosingConnection.Limits(
                until: min(until, claim ?? .distantFuture), size: drainOptions.size, claim: claim)
        }
    }

    /// Sees to it that the connection lives on when the host closes a descriptor of its own; false
    /// when no other descriptor is to be had.
    private mutating func ownConnection() -> Bool {
        guard connection.record.isSupplied else { return true }
        guard let duplicate = connection.duplicate() else { return false }
        connection = duplicate
        return true
    }

    /// Takes over the place that the host's connection holds.
    private mutating func holdSharedPlace() -> ClosingConnection.Place? {
        guard let held = options.supplied?.place else { return nil }
        hasTakenSharedPlace = true
        // Where somebody waits, the list sees that as well.
        _ = held.rest()
        return .shared(held)
    }
}
