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
    package private(set) var body = RequestBody.none
    private(set) var role = Role.responder
    /// Why the request cannot be sent, once a parameter was refused.
    private(set) var flaw: RequestHead.Refusal?
    /// RFC 9110 §9.2.2: it may be sent twice.
    private(set) var isIdempotent = false
    private(set) var isHeadRequest = false
    /// Where in the head the path is that was asked for, and the method.
    private(set) var pathRange = 0..<0
    private(set) var methodRange = 0..<0
    /// CONTENT_LENGTH is still to be added, since the request was made from an HTTP request.
    var tellsContentLength = false
    /// A body of unknown length is sent as it comes.
    var streamsBody = false
    private var spooled: SpooledBody?
    package internal(set) var isInUse = false

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
        case 11 where name.equals("REQUEST_URI"): pathRange = head.lastValueRange(of: value)
        case 11 where pathRange.isEmpty && name.equals("SCRIPT_NAME"):
            pathRange = head.lastValueRange(of: value)
        default: break
        }
    }

    package mutating func setBody(_ body: RequestBody) throws(Refusal) {
        guard !isInUse else { throw .inUse }
        self.body = body
        spooled = nil
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
        tellsContentLength = false
        streamsBody = false
        spooled = nil
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

    /// Adds CONTENT_LENGTH where it is wanted, for which the body may have to be read to its end.
    mutating func prepareBody() throws(SpooledBody.Fault) {
        guard tellsContentLength else { return }
        if case .source(let source) = body, source.length == nil, !streamsBody {
            let spool = try SpooledBody(source, limit: options.maxSpooledSize)
            spooled = spool
            body = spool.body
        }
        if case .none = body { return }
        guard let length = body.length else { return }
        tellsContentLength = false
        var digits = ByteBuffer(capacity: 20)
        digits.append(decimal: length)
        var name = ByteBuffer(capacity: 16)
        name.append("CONTENT_LENGTH")
        do {
            try head.append(name: name.bytes, value: digits.bytes)
        } catch {
            refuse(error)
        }
    }

    private mutating func noteMethod(_ method: RawSpan) {
        methodRange = head.lastValueRange(of: method)
        isHeadRequest = method.equals("HEAD")
        isIdempotent =
            isHeadRequest || method.equals("GET") || method.equals("PUT")
            || method.equals("DELETE") || method.equals("OPTIONS") || method.equals("TRACE")
    }
}
