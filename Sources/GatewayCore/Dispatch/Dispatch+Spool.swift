// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform
internal import Transport

/// Gathering a body of unknown length before the request is sent.
///
/// Many applications take a body without CONTENT_LENGTH for empty. Such an exchange is in state
/// `spooling` from its beginning to the end of its body. It has no turn and no connection
/// meanwhile, so that a slow client occupies nothing of the application, and one that is given up
/// has sent nothing.
extension Dispatch {
    mutating func beginSpooling(into spool: SpooledBody) {
        self.spool = spool
        times.sendProgress = .now
        state = .spooling
    }

    /// Takes the next piece from the body's source, or asks the host for it.
    mutating func gatherBody() -> Step? {
        let due = deadline
        guard MonotonicTime.now < due.time else {
            failSpooling(at: due.stage)
            return nil
        }
        guard case .source(let source) = body else { return askForSpooledBody() }
        do {
            if try spool?.take(from: source) ?? true { try endSpooling() }
        } catch {
            fail(error.failure)
        }
        return nil
    }

    private mutating func askForSpooledBody() -> Step? {
        if wantsBody == .no {
            wantsBody = .told
            return .wantsBody
        }
        if options.isNonblocking { return .again }
        _ = blockForHost(.max)
        return nil
    }

    /// Takes pieces that the host writes.
    mutating func gather(_ pieces: Span<BorrowedBytes>, isLast: Bool) {
        do throws(SpooledBody.Fault) {
            for index in pieces.indices { try spool?.append(pieces[index]) }
            wantsBody = .no
            times.sendProgress = .now
            if isLast { try endSpooling() }
        } catch {
            fail(error.failure)
        }
        // Nothing has to be waited for before the next call.
        hasYielded = true
    }

    private mutating func endSpooling() throws(SpooledBody.Fault) {
        guard let whole = try spool?.finish() else { return }
        body = whole
        times.ready = .now
        enterQueueWithLength()
    }

    /// Waits for what only the host itself can do, by the bounds of a blocking exchange, so that no
    /// thread waits for ever; answers whether they have passed.
    mutating func blockForHost(_ most: UInt32) -> Bool {
        var due = deadline
        let send = times.sendProgress.advanced(byMilliseconds: options.timeouts.send)
        if send < due.time { due = (send, .send) }
        let asked = MonotonicTime.now.advanced(byMilliseconds: most)
        _ = Interest.read.wait(on: -1, until: min(asked, due.time))
        guard MonotonicTime.now >= due.time else { return false }
        failSpooling(at: due.stage)
        return true
    }

    private mutating func failSpooling(at stage: Stage) {
        fail(Failure(.timedOut, stage, "the request's body took too long"))
    }
}

extension SpooledBody.Fault {
    fileprivate var failure: Failure {
        switch self {
        case .sourceFailed:
            return Failure(.cancelled, .send, "the request's body cannot be had")
        case .tooLarge:
            var failure = Failure(.badRequest, .send, "the body is larger than max_spooled_size")
            failure.httpStatus = 413
            return failure
        case .system(let error):
            return Failure(.overloaded, .send, "the body cannot be spooled", system: error)
        }
    }
}
