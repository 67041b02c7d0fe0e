// SPDX-License-Identifier: Apache-2.0

package import FastCGI

/// What is to be sent: params and a body. One thread at a time, one exchange at a time.
package struct RequestContent: ~Copyable {
    package enum Refusal: Error {
        case inUse
        case param(RequestHead.Refusal)
    }

    private static let maxRestingSize = 65_536

    private let options: BackendOptions
    var head: RequestHead
    private(set) var body = RequestBody.none
    private(set) var role = Role.responder
    /// Why the request cannot be sent, once a parameter was refused.
    private(set) var flaw: RequestHead.Refusal?
    /// RFC 9110 §9.2.2: it may be sent twice.
    private(set) var isIdempotent = false
    private(set) var isHeadRequest = false
    /// Where in the head the path is that was asked for, and the method.
    private(set) var pathRange = 0..<0
    private(set) var methodRange = 0..<0
    /// The request was made from an HTTP request: CONTENT_LENGTH is the body's.
    var isHTTP = false
    /// A body of unknown length is sent as it comes.
    var streamsBody = false
    /// The host has added CONTENT_LENGTH itself.
    private var givesContentLength = false
    /// The params as the host added them, once an exchange has added CONTENT_LENGTH.
    private var givenParams: RequestHead.Mark?
    package private(set) var isInUse = false

    init(options: BackendOptions) {
        self.options = options
        head = RequestHead(limit: options.maxParamsSize)
    }

    package mutating func append(name: RawSpan, value: RawSpan) throws(Refusal) {
        guard !isInUse else { throw .inUse }
        do {
            try head.append(name: name, value: value)
        } catch {
            refuse(error)
            throw .param(error)
        }
        switch name.byteCount {
        case 14 where name.equals("REQUEST_METHOD"): noteMethod(value)
        case 14 where name.equals("CONTENT_LENGTH"): givesContentLength = true
        case 11 where name.equals("REQUEST_URI"): pathRange = head.lastValueRange(of: value)
        case 11 where pathRange.isEmpty && name.equals("SCRIPT_NAME"):
            pathRange = head.lastValueRange(of: value)
        default: break
        }
    }

    package mutating func setBody(_ body: RequestBody) throws(Refusal) {
        guard !isInUse else { throw .inUse }
        self.body = body
    }

    package mutating func setRole(_ role: Role) throws(Refusal) {
        guard !isInUse else { throw .inUse }
        self.role = role
    }

    package mutating func clear() throws(Refusal) {
        guard !isInUse else { throw .inUse }
        head.clear()
        body = .none
        role = .responder
        flaw = nil
        isIdempotent = false
        isHeadRequest = false
        pathRange = 0..<0
        methodRange = 0..<0
        isHTTP = false
        streamsBody = false
        givesContentLength = false
        givenParams = nil
    }

    /// Lets go of what the host gave it; false where an exchange uses it, or its memory is more
    /// than usual requests need.
    mutating func rest() -> Bool {
        do {
            try clear()
        } catch {
            return false
        }
        return head.capacity <= Self.maxRestingSize
    }

    /// The request can no longer be sent.
    mutating func refuse(_ reason: RequestHead.Refusal) {
        flaw = flaw ?? reason
    }

    /// CONTENT_LENGTH is the library's to add.
    var tellsContentLength: Bool { isHTTP && !givesContentLength }

    /// Where a body is gathered that has to be there in full before its length can be told; nil
    /// where it is sent as it comes. An authorizer gets no body.
    func makeSpool() -> SpooledBody? {
        guard tellsContentLength, !streamsBody, body.length == nil, role == .responder else {
            return nil
        }
        return SpooledBody(limit: options.maxSpooledSize)
    }

    /// Adds CONTENT_LENGTH where it is wanted.
    mutating func addLength(of body: RequestBody) throws(RequestHead.Refusal) {
        guard tellsContentLength, let length = body.length else { return }
        if case .none = body { return }
        givenParams = head.mark
        var digits = ByteBuffer(capacity: 20)
        digits.append(decimal: length)
        var name = ByteBuffer(capacity: 16)
        name.append("CONTENT_LENGTH")
        try head.append(name: name.bytes, value: digits.bytes)
    }

    mutating func beginUse() { isInUse = true }

    /// Its exchange is closed: the next one may be of another body.
    mutating func endUse() {
        isInUse = false
        guard let given = givenParams else { return }
        head.restore(given)
        givenParams = nil
    }

    private mutating func noteMethod(_ method: RawSpan) {
        methodRange = head.lastValueRange(of: method)
        isHeadRequest = method.equals("HEAD")
        isIdempotent =
            isHeadRequest || method.equals("GET") || method.equals("PUT")
            || method.equals("DELETE") || method.equals("OPTIONS") || method.equals("TRACE")
    }
}
