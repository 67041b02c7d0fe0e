// SPDX-License-Identifier: Apache-2.0

/// What the bytes from the application mean, one thing at a time.
///
/// Ranges are of the input that was handed in, and hold at least one byte.
package enum ResponseEvent {
    /// Everything is read; more has to be received.
    case needsInput
    /// A head with a status below 200 is complete; the next one follows.
    case interim
    /// The response head is complete.
    case head(isLocalRedirect: Bool)
    case body(Range<Int>)
    case stderr(Range<Int>)
    /// Nothing more will come for this exchange.
    case end(ResponseEnd)
}

/// How a response ended.
package enum ResponseEnd: Error, Sendable {
    case complete
    /// The connection ended before the response did.
    case truncated
    /// The body ended before it had as many bytes as its Content-Length says.
    case shortBody
    /// END_REQUEST with OVERLOADED: the application ran nothing.
    case overloaded
    /// END_REQUEST with CANT_MPX_CONN: the application ran nothing.
    case cannotMultiplex
    case protocolError(ProtocolFault)
}

/// What the application did wrong.
package enum ProtocolFault: Error, Sendable {
    case badVersion
    /// A record that only a web server sends, or a management record with a request id.
    case badType
    case badLength
    case wrongRequestID
    case unknownRole
    case unknownProtocolStatus
    case noHead
    case stdoutAfterEnd
    case badHead(ResponseHead.Fault)
}
