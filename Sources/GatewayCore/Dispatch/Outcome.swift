// SPDX-License-Identifier: Apache-2.0

package import FastCGI
package import Platform

/// How an exchange ended; the numbers are those of `gateway_outcome`.
package enum Outcome: UInt32, Sendable {
    case pending = 0
    case complete = 1
    case connectFailed = 2
    case timedOut = 3
    case overloaded = 4
    case protocolError = 5
    case truncated = 6
    case cancelled = 7
    case badRequest = 8
}

/// Where an exchange is; the numbers are those of `gateway_stage`.
package enum Stage: UInt32, Sendable {
    case connect = 1
    case send = 2
    case head = 3
    case body = 4
    case total = 5
    case end = 6
    case queue = 7
}

/// Why an exchange failed, and what the client is told when no head was handed out.
package struct Failure: Error, Sendable {
    package var outcome: Outcome
    package var stage: Stage
    package var httpStatus: UInt32
    package var system: SystemError?
    package var reason: StaticString

    package init(
        _ outcome: Outcome, _ stage: Stage, _ reason: StaticString, system: SystemError? = nil
    ) {
        self.outcome = outcome
        self.stage = stage
        self.reason = reason
        self.system = system
        httpStatus =
            switch outcome {
            case .connectFailed, .overloaded: 503
            case .timedOut: stage == .connect ? 503 : 504
            case .protocolError, .truncated: 502
            case .badRequest: 400
            case .pending, .complete, .cancelled: 0
            }
    }

    /// What a response that is not complete means for the exchange.
    package init?(_ end: ResponseEnd, stage: Stage) {
        switch end {
        case .complete: return nil
        case .truncated:
            self.init(.truncated, stage, "the response ended before it was whole")
        case .shortBody:
            self.init(.truncated, stage, "the body is shorter than its Content-Length")
        case .overloaded:
            self.init(.overloaded, stage, "the application is overloaded")
        case .cannotMultiplex:
            self.init(.overloaded, stage, "the application refused a second request")
        case .protocolError(let fault):
            self.init(.protocolError, stage, fault.reason)
        }
    }
}

extension ProtocolFault {
    fileprivate var reason: StaticString {
        switch self {
        case .badVersion: "a record's version is not 1"
        case .badType: "a record's type is one that only a web server sends"
        case .badLength: "END_REQUEST is not 8 bytes long"
        case .wrongRequestID: "a record's request id is not that of the request"
        case .unknownRole: "the application does not know the role"
        case .unknownProtocolStatus: "END_REQUEST's protocol status is unknown or out of place"
        case .noHead: "the response ended without a head"
        case .stdoutAfterEnd: "STDOUT went on after its end"
        case .badHead(let fault): fault.reason
        }
    }
}

extension ResponseHead.Fault {
    fileprivate var reason: StaticString {
        switch self {
        case .tooLarge: "the response head is larger than max_head_size"
        case .tooManyFields: "the response head has more fields than max_head_fields"
        case .foldedLine: "a header field goes on over a second line"
        case .badField(.noColon): "a line of the response head has no colon"
        case .badField(.badName): "a header field's name is not a token"
        case .badField(.controlCharacter): "a header field's value holds a control character"
        case .badStatus: "Status is not three digits from 100 to 999"
        case .switchingProtocols: "Status 101 cannot be a response of an application"
        case .twoContentLengths: "there are two Content-Length fields that differ"
        }
    }
}
