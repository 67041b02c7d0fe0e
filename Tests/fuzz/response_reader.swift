// SPDX-License-Identifier: Apache-2.0
import FastCGI

/// Whatever an application sends: the events do not depend on how it is split, and a response that
/// is called complete has a head and the body that the head declares.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzResponseReader(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = FuzzInput(bytes, count)
    let flags = input.byte()
    let seed = input.number()
    var limits = ExchangeLimits()
    if flags & 8 != 0 {
        limits.maxHeadSize = 64
        limits.maxHeadFields = 3
        limits.maxStderrSize = 5
    }
    let request = ResponseTrace.Request(
        id: flags & 4 != 0 ? 2 : 1, previousID: flags & 4 != 0 ? 1 : 0, isHead: flags & 1 != 0,
        tellsInterim: flags & 16 != 0)
    let isClosed = flags & 2 != 0
    let wire = input.bytes()

    let whole = ResponseTrace([wire], closed: isClosed, request: request, limits: limits)
    var split = ResponseTrace(
        wire.pieces(seed: seed), closed: isClosed, request: request, limits: limits)
    // Padding of END_REQUEST that arrives later is not waited for.
    split.isReusable = whole.isReusable
    require(split == whole, "events depend on how the input is split")
    check(whole, request, isClosed, limits)
    return 0
}

private func check(
    _ trace: ResponseTrace, _ request: ResponseTrace.Request, _ isClosed: Bool,
    _ limits: ExchangeLimits
) {
    require(trace.end != nil || !isClosed, "a closed connection is no end")
    var heads: [(status: UInt16, isLocalRedirect: Bool, fields: [String])] = []
    var stderrCount = 0
    for event in trace.events {
        switch event {
        case .interim(let status, let fields):
            require(request.tellsInterim && heads.isEmpty, "an interim head out of place")
            require((100...199).contains(status) && status != 101, "a status that is none")
            require(fields.count <= limits.maxHeadFields, "too many fields")
        case .head(let status, let isLocalRedirect, let fields):
            require(heads.isEmpty, "two heads")
            require((200...999).contains(status), "a status that is none")
            require(fields.count <= limits.maxHeadFields, "too many fields")
            heads.append((status, isLocalRedirect, fields))
        case .body(let bytes):
            require(!heads.isEmpty, "a body before the head")
            require(!bytes.isEmpty, "an empty piece of body")
        case .stderr(let bytes): stderrCount += bytes.count
        case .end, .needsInput: break
        }
    }
    require(stderrCount <= limits.maxStderrSize, "too much STDERR")
    if trace.isReusable {
        require(trace.end == "complete", "a connection to be used again behind a failure")
        require(trace.lateRecords == 0 && !trace.isBodyCut, "a connection used again in doubt")
    }
    guard let head = heads.first else {
        require(trace.end != "complete", "complete without a head")
        return
    }
    let hasNoBody = request.isHead || head.status == 204 || head.status == 304
    require(!hasNoBody || trace.body.isEmpty, "a body where there is none")
    let declared = head.fields.lazy.filter { $0.lowercased().hasPrefix("content-length: ") }
        .map { Int($0.dropFirst("content-length: ".count)) ?? 0 }
    guard let length = declared.first else { return }
    require(declared.count == 1, "two lengths")
    require(trace.body.count <= length, "more body than declared")
    // A local redirect has no body, whatever it declares.
    if trace.end == "complete", !hasNoBody, !head.isLocalRedirect {
        require(trace.body.count == length, "complete with less body than declared")
    }
}
