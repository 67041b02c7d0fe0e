// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform
package import Transport

/// Where the bytes of the request's body come from.
extension Dispatch {
    /// How much of a body is gathered before it is sent.
    static let pieceSize = RecordHeader.maxContent

    /// Whether the whole body can be sent again.
    var isBodyReplayable: Bool {
        mutating get {
            switch body {
            case .none, .bytes: true
            case .source(let source): source.isReplayable || bodyPosition == 0
            case .written: bodyPosition == 0
            }
        }
    }

    /// The piece of the body to be sent next, and whether the body ends with it; nil when the body
    /// cannot be had.
    mutating func nextPiece() -> (bytes: BorrowedBytes, isLast: Bool)? {
        if case .source(let source) = body, bodyOffset == bodyBuffer.count,
            !isBodyAtEnd
        {
            bodyOffset = 0
            let read = source.read(into: &bodyBuffer, upTo: Self.pieceSize, at: bodyPosition)
            guard let isLast = read else { return nil }
            bodyPosition += UInt64(bodyBuffer.count)
            isBodyAtEnd = isLast
        }
        switch body {
        case .none, .bytes: return (bodyAtHand, true)
        case .source, .written: return (bodyAtHand, isBodyAtEnd)
        }
    }

    /// The bytes of the body that are in memory and not sent.
    var bodyAtHand: BorrowedBytes {
        switch body {
        case .none, .written: .none
        case .bytes(let bytes): bytes.dropping(bodyOffset)
        case .source: unsafe BorrowedBytes(bodyBuffer.address).dropping(bodyOffset)
        }
    }

    /// Asks the host for a piece of the body that it writes, once for each.
    mutating func askForBody() -> Step? {
        guard case .written = body, !isBodyAtEnd, !isSendOver else { return nil }
        guard !stream.hasUnsent || !stream.hasBegun else { return nil }
        guard wantsBody == .no else {
            wantsBody = .declined
            return nil
        }
        wantsBody = .told
        return .wantsBody
    }

    /// The host waits for its own client, and nothing is left to be sent meanwhile.
    var waitsForHost: Bool {
        guard case .written = body else { return false }
        return !isBodyAtEnd && !isSendOver && !stream.hasUnsent
    }

    package enum WriteRefusal: Error {
        case notWritten
        case tooMuch
        case notYet
    }

    /// The most that one write takes.
    package static let maxWriteSize = 1_048_576

    /// Takes a piece of the body from the host, sends what the application takes at once, and
    /// copies the rest.
    package mutating func write(
        _ pieces: Span<BorrowedBytes>, isLast: Bool
    ) throws(WriteRefusal) {
        guard case .written = body, !isBodyAtEnd else { throw .notWritten }
        var size = 0
        for index in pieces.indices {
            guard pieces[index].count <= Self.maxWriteSize - size else { throw .tooMuch }
            size += pieces[index].count
        }
        if try declaredLengthIsMissed(by: size, isLast: isLast) { return }
        if state == .opened { begin() }
        if state == .spooling { return gather(pieces, isLast: isLast) }
        advanceToSending()
        guard state == .exchanging else {
            if state == .connecting || state == .queued { throw .notYet }
            return
        }
        if isSendBlocked || stream.hasUnsent && stream.hasBegun {
            // The host is told when it can be tried again.
            wantsBody = .no
            throw .notYet
        }
        wantsBody = .no
        isBodyAtEnd = isLast
        // What is dropped counts: the body cannot be sent again.
        bodyPosition += UInt64(size)
        guard !isSendOver else { return }
        connection.setBlocking(false)
        stream.planWrite(window: size, isLast: isLast)
        let sent = send(pieces, isLast: isLast)
        if !isSendOver { absorb(pieces, from: sent, isLast: isLast) }
        noteSent()
    }

    /// The application was told another length than the host writes: more is refused, less ends the
    /// exchange, so that no application takes a part for the whole.
    private mutating func declaredLengthIsMissed(
        by size: Int, isLast: Bool
    ) throws(WriteRefusal) -> Bool {
        guard case .written(let length?) = body, state != .ending, let content = unsafe content,
            unsafe content.pointee.tellsContentLength
        else { return false }
        let left = length - min(length, bodyPosition)
        guard UInt64(size) <= left else { throw .tooMuch }
        guard isLast, UInt64(size) < left else { return false }
        fail(Failure(.cancelled, .send, "the request's body is shorter than its length"))
        return true
    }

    /// Connects, so that the first piece can leave with the params.
    private mutating func advanceToSending() {
        while state == .connecting {
            if connect() != nil { return }
        }
    }

    /// Copies what of the pieces is not sent.
    private mutating func absorb(
        _ pieces: Span<BorrowedBytes>, from sent: Int, isLast: Bool
    ) {
        var skipped = sent
        for index in pieces.indices {
            let piece = pieces[index]
            let rest = piece.dropping(skipped)
            skipped -= piece.count - rest.count
            rest.withSpan { stream.absorb($0, isLast: false) }
        }
        if isLast { stream.absorb(RawSpan(), isLast: true) }
    }
}
