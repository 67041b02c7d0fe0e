// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform
internal import Transport

/// How an exchange went, or how it goes. Times are microseconds since it was opened.
package struct DispatchReport {
    package var outcome: Outcome
    package var stage: Stage
    package var httpStatus: UInt32
    package var applicationStatus: UInt32
    package var errorNumber: Int32
    package var isReused: Bool
    package var isRetried: Bool
    package var isReusable: Bool
    /// On a connection of the host's: it was dead, and the request may be sent on a fresh one.
    package var isRepeatable: Bool
    package var isHeadTold: Bool
    package var isPlaceTaken: Bool
    package var isBodySent: Bool
    package var isBodyCut: Bool
    /// What Content-Length said, where the body has another length.
    package var wrongLength: UInt64?
    /// Of the response body that came, told or not.
    package var receivedBody: UInt64
    package var bytesSent: UInt64
    package var bytesReceived: UInt64
    package var bodyBytes: UInt64
    package var stderrDropped: UInt64
    package var queued: UInt64
    package var connected: UInt64
    package var sent: UInt64
    package var firstByte: UInt64
    package var total: UInt64
    /// When to try again, in seconds, after a wait in vain; else 0.
    package var retryAfter: UInt32
    /// For the log; empty when nothing failed.
    package var message: String
}

extension Dispatch {
    package var report: DispatchReport {
        mutating get {
            let hasEnded = state == .ended || state == .ending
            // Before that the reader and the stream are as the exchange before left them.
            let hasRun = times.connected != nil
            let status = hasRun ? UInt32(reader.head.status) : 0
            return DispatchReport(
                outcome: failure?.outcome ?? (hasEnded ? .complete : .pending),
                stage: failure?.stage ?? stage,
                httpStatus: isHeadTold ? status : failure?.httpStatus ?? status,
                applicationStatus: hasRun ? reader.applicationStatus : 0,
                errorNumber: failure?.system?.number ?? 0,
                isReused: isReused, isRetried: isRetried,
                isReusable: hasEnded && isReusable,
                isRepeatable: failure?.outcome == .truncated && options.supplied != nil
                    && isRepeatable,
                isHeadTold: isHeadTold,
                isPlaceTaken: hasTakenSharedPlace,
                isBodySent: hasRun && stream.isDone, isBodyCut: hasRun && reader.isBodyCut,
                wrongLength: hasRun ? wrongLength(hasEnded: hasEnded) : nil,
                receivedBody: hasRun ? reader.bodyCount : 0,
                bytesSent: counts.sent, bytesReceived: counts.received, bodyBytes: counts.body,
                stderrDropped: hasRun ? reader.stderrDropped : 0,
                queued: waited, connected: since(times.connected),
                sent: since(times.sent),
                firstByte: since(times.firstByte), total: since(times.ended),
                retryAfter: failure?.stage == .queue
                    ? shared.use { $0.admission.retryAfter } ?? 1 : 0,
                message: message)
        }
    }

    private mutating func wrongLength(hasEnded: Bool) -> UInt64? {
        if let corrected = reader.head.wrongLength { return corrected }
        return hasEnded && reader.isLengthWrong ? reader.head.contentLength : nil
    }

    /// When its turn came, or when it gave up waiting for it; 0: it had not to wait.
    private var waited: UInt64 {
        mutating get { times.queued == nil ? 0 : since(times.admitted ?? times.ended) }
    }

    private mutating func since(_ time: MonotonicTime?) -> UInt64 {
        time?.microseconds(since: times.opened) ?? 0
    }

    /// Of what is sent the log tells which stream it is.
    private mutating func name(of stage: Stage) -> StaticString {
        guard stage == .send, times.connected != nil else { return stage.name }
        return stream.isHeadSent ? "stdin" : "params"
    }

    private var message: String {
        mutating get {
            guard let failure else { return "" }
            var text = "\(failure.outcome.name) (\(name(of: failure.stage))): \(failure.reason)"
            if let system = failure.system { text += ": \(system.text)" }
            if failure.outcome == .truncated, times.connected != nil, reader.isLengthWrong,
                let declared = reader.head.contentLength
            {
                text += ": Content-Length was \(declared), \(reader.bodyCount) came"
            }
            if let field = reader.head.oversizedField {
                let name = [UInt8](reader.head.bytes.extracting(field.name)).prefix(64)
                text += ": \(String(decoding: name, as: UTF8.self)) has \(field.value.count) bytes"
            }
            if let endpointIndex, let backend {
                text += " [\(backend.endpoint(endpointIndex).text)]"
            }
            return text
        }
    }
}

extension Outcome {
    package var name: StaticString {
        switch self {
        case .pending: "pending"
        case .complete: "complete"
        case .connectFailed: "connect-failed"
        case .timedOut: "timed-out"
        case .overloaded: "overloaded"
        case .protocolError: "protocol-error"
        case .truncated: "truncated"
        case .cancelled: "cancelled"
        case .badRequest: "bad-request"
        }
    }
}

extension Stage {
    package var name: StaticString {
        switch self {
        case .connect: "connect"
        case .send: "send"
        case .head: "head"
        case .body: "body"
        case .total: "total"
        case .end: "end"
        case .queue: "queue"
        }
    }
}
