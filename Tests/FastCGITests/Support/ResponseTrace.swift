// SPDX-License-Identifier: Apache-2.0
import FastCGI

/// What a response reader made of the bytes of one response.
struct ResponseTrace: Equatable, Sendable {
    enum Event: Equatable, Sendable {
        case interim(status: UInt16, fields: [String])
        case head(status: UInt16, isLocalRedirect: Bool, fields: [String])
        case body([UInt8])
        case stderr([UInt8])
        case end(String)
        case needsInput
    }

    struct Request: Sendable {
        var id: UInt16 = 1
        var previousID: UInt16 = 0
        var isHead = false
        var tellsInterim = false
    }

    var events: [Event] = []
    var isReusable = false
    var lateRecords = 0
    var isBodyCut = false
    var applicationStatus: UInt32 = 0
    var stderrDropped: UInt64 = 0

    var body: [UInt8] {
        events.flatMap { event -> [UInt8] in
            guard case .body(let bytes) = event else { return [] }
            return bytes
        }
    }

    var end: String? {
        guard case .end(let how)? = events.last else { return nil }
        return how
    }

    init() {}

    /// Runs a response that arrives in these pieces.
    init(
        _ pieces: [[UInt8]], closed: Bool, request: Request = Request(),
        limits: ExchangeLimits = ExchangeLimits()
    ) {
        var reader = ResponseReader(limits: limits)
        self.init(pieces, closed: closed, request: request, reader: &reader)
    }

    init(
        _ pieces: [[UInt8]], closed: Bool, request: Request = Request(),
        reader: inout ResponseReader
    ) {
        reader.begin(
            requestID: request.id, previousID: request.previousID, isHeadRequest: request.isHead,
            tellsInterim: request.tellsInterim)
        var total = pieces.reduce(0) { $0 + $1.count }
        reading: for piece in pieces {
            var position = 0
            while true {
                let start = position
                let event = reader.next(piece.span.bytes, at: &position)
                total -= position - start
                if case .needsInput = event { break }
                note(event, piece, reader)
                if end != nil { break reading }
            }
        }
        while closed, end == nil {
            note(reader.inputEnded(), [], reader)
        }
        if end == nil { events.append(.needsInput) }
        isReusable = reader.isReusable(unread: total)
        lateRecords = reader.lateRecords
        isBodyCut = reader.isBodyCut
        applicationStatus = reader.applicationStatus
        stderrDropped = reader.stderrDropped
    }

    /// Adds an event; pieces that follow each other become one.
    private mutating func note(
        _ event: ResponseEvent, _ piece: [UInt8], _ reader: borrowing ResponseReader
    ) {
        switch event {
        case .needsInput: break
        case .interim:
            events.append(.interim(status: reader.head.status, fields: Self.fields(reader.head)))
        case .head(let isLocalRedirect):
            events.append(
                .head(
                    status: reader.head.status, isLocalRedirect: isLocalRedirect,
                    fields: Self.fields(reader.head)))
        case .body(let range):
            if case .body(let before)? = events.last {
                events[events.count - 1] = .body(before + piece[range])
            } else {
                events.append(.body(Array(piece[range])))
            }
        case .stderr(let range):
            if case .stderr(let before)? = events.last {
                events[events.count - 1] = .stderr(before + piece[range])
            } else {
                events.append(.stderr(Array(piece[range])))
            }
        case .end(let how):
            events.append(.end(Self.name(how)))
        }
    }

    private static func fields(_ head: borrowing ResponseHead) -> [String] {
        let bytes = head.bytes.array
        return head.fields.map { field in
            String(decoding: bytes[field.name], as: UTF8.self) + ": "
                + String(decoding: bytes[field.value], as: UTF8.self)
        }
    }

    private static func name(_ end: ResponseEnd) -> String {
        switch end {
        case .complete: "complete"
        case .truncated: "truncated"
        case .shortBody: "short-body"
        case .overloaded: "overloaded"
        case .cannotMultiplex: "cannot-multiplex"
        case .protocolError(.badHead(.badField(let fault))): "protocol-error \(fault)"
        case .protocolError(.badHead(let fault)): "protocol-error \(fault)"
        case .protocolError(let fault): "protocol-error \(fault)"
        }
    }
}

extension [UInt8] {
    /// In two pieces, at every place, and one byte at a time.
    var allSplits: [[[UInt8]]] {
        var splits = indices.dropFirst().map { [Array(self[..<$0]), Array(self[$0...])] }
        splits.append(map { [$0] })
        return splits
    }
}
