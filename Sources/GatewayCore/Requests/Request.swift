// SPDX-License-Identifier: Apache-2.0

package import FastCGI

/// What is to be sent: params and a body. One thread at a time, one exchange at a time.
package final class Request {
    package enum Refusal: Error {
        case inUse
        case param(RequestHead.Refusal)
    }

    package let backend: Backend
    var head: RequestHead
    package private(set) var body = RequestBody.none
    /// Why the request cannot be sent, once a parameter was refused.
    private(set) var flaw: RequestHead.Refusal?
    /// RFC 9110 §9.2.2: it may be sent twice.
    private(set) var isIdempotent = false
    private(set) var isHeadRequest = false
    package internal(set) var isInUse = false

    package init(backend: Backend) {
        self.backend = backend
        head = RequestHead(limit: backend.options.maxParamsSize)
    }

    package func append(name: RawSpan, value: RawSpan) throws(Refusal) {
        guard !isInUse else { throw .inUse }
        do {
            try head.append(name: name, value: value)
        } catch {
            flaw = flaw ?? error
            throw .param(error)
        }
        if name.byteCount == 14, name.equals("REQUEST_METHOD") { noteMethod(value) }
    }

    package func setBody(_ body: RequestBody) throws(Refusal) {
        guard !isInUse else { throw .inUse }
        self.body = body
    }

    package func clear() throws(Refusal) {
        guard !isInUse else { throw .inUse }
        head.clear()
        body = .none
        flaw = nil
        isIdempotent = false
        isHeadRequest = false
    }

    private func noteMethod(_ method: RawSpan) {
        isHeadRequest = method.equals("HEAD")
        isIdempotent =
            isHeadRequest || method.equals("GET") || method.equals("PUT")
            || method.equals("DELETE") || method.equals("OPTIONS") || method.equals("TRACE")
    }
}
