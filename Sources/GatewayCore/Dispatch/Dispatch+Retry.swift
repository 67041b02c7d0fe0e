// SPDX-License-Identifier: Apache-2.0

internal import FastCGI

/// When a request is sent again: only where it cannot run twice, and once.
extension Dispatch {
    /// The method is idempotent and the whole body is still there.
    var mayBeSentTwice: Bool {
        mutating get {
            isIdempotent && isBodyReplayable
        }
    }

    /// The connection ended before a byte came. A kept one may have been dead from the beginning.
    mutating func retryOnFreshConnection() -> Bool {
        guard isRepeatable, !isRetried, options.supplied == nil else { return false }
        return retry()
    }

    /// Whether nothing speaks against sending the request once more.
    var isRepeatable: Bool {
        mutating get {
            isReused && !hasReceived && (!stream.hasBegun && isBodyReplayable || mayBeSentTwice)
        }
    }

    /// On a kept connection came what is no answer to anything: it had been sent before the
    /// request, and what comes behind it cannot be told from it.
    mutating func retryAfterStrayBytes(_ fault: ProtocolFault) -> Bool {
        switch fault {
        case .badVersion, .badType, .wrongRequestID: break
        default: return false
        }
        guard isReused, !isHeadTold, !isRetried, mayBeSentTwice, options.supplied == nil else {
            return false
        }
        return retry()
    }

    /// CANT_MPX_CONN says that nothing was run.
    mutating func retryOnConnectionOfItsOwn() -> Bool {
        guard !isRetried, isBodyReplayable, options.supplied == nil else { return false }
        return retry()
    }

    private mutating func retry() -> Bool {
        isRetried = true
        isReused = false
        dropConnection()
        // A body that the host writes is retried while it is empty, and its end is not told again.
        if case .written = body {} else { isBodyAtEnd = false }
        wantsBody = .no
        times.sent = nil
        beginFresh()
        return true
    }
}
