// SPDX-License-Identifier: Apache-2.0

import CGateway

/// The exit status; where curl(1) has one for the same thing, it is curl's.
enum ExitStatus: Int32 {
    case success = 0
    case badAddress = 3
    case connectFailed = 7
    case protocolError = 8
    case truncated = 18
    case httpError = 22
    case writeError = 23
    case readError = 26
    case timedOut = 28
    case cancelled = 42
    case badRequest = 43
    case usage = 64
    case system = 71
    case overloaded = 75
    case interrupted = 130

    init(_ outcome: gateway_outcome) {
        self =
            switch outcome {
            case .GATEWAY_OUTCOME_COMPLETE: .success
            case .GATEWAY_OUTCOME_CONNECT_FAILED: .connectFailed
            case .GATEWAY_OUTCOME_TIMED_OUT: .timedOut
            case .GATEWAY_OUTCOME_OVERLOADED: .overloaded
            case .GATEWAY_OUTCOME_PROTOCOL_ERROR: .protocolError
            case .GATEWAY_OUTCOME_TRUNCATED: .truncated
            case .GATEWAY_OUTCOME_BAD_REQUEST: .badRequest
            default: .cancelled
            }
    }

    static let explanation = """
        The body goes to standard output unchanged; what the application writes to its STDERR, and \
        everything told of the exchange, to standard error.

        Exit status: 0 the response is whole; 3 bad address; 7 not connected; 8 the application \
        broke the protocol; 18 the response was cut off; 22 with --fail, status 400 or more; \
        23 write error; 26 the body cannot be read; 28 timed out; 42 cancelled; 43 the request \
        cannot be sent; 64 usage; 71 the system refused; 75 overloaded; 130 interrupted. With \
        --repeat and --bench it is that of the first exchange that failed.
        """
}

/// Why the program ends with a status that is not 0, as its user is told.
struct Failure: Error {
    var status: ExitStatus
    /// One line; empty where nobody wants to hear of it.
    var message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    static let interrupted = Failure(.interrupted, "interrupted")
}
