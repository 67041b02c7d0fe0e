// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Foundation

/// One response of `Transcripts/*.md`: the records that arrive, and what has to come of them.
///
/// The words that a transcript is written with are explained in `Transcripts/README.md`.
struct Transcript: Sendable {
    enum Fault: Error {
        case unknownWord(String, transcript: String)
        case missingBlock(String, transcript: String)
        case unfinishedString(transcript: String)
    }

    var title = ""
    var bytes: [UInt8] = []
    var isClosed = false
    var request = ResponseTrace.Request()
    var limits = ExchangeLimits()
    var expected = ResponseTrace()

    /// All transcripts, in order of file and line.
    static func all() throws -> [Transcript] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Transcripts")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return try names.filter { $0.hasSuffix(".md") && $0 != "README.md" }.sorted().flatMap {
            let text = try String(contentsOf: folder.appending(path: $0), encoding: .utf8)
            return try parse(text, file: String($0.dropLast(3)))
        }
    }

    static func parse(_ text: String, file: String) throws -> [Transcript] {
        try text.components(separatedBy: "\n## ").dropFirst().map { section in
            let title = "\(file): \(section.prefix(while: { $0 != "\n" }))"
            return try Transcript(title: title, blocks: blocks(of: section))
        }
    }

    /// The fenced blocks of a section, by what they are marked with.
    private static func blocks(of section: String) -> [String: String] {
        var blocks: [String: String] = [:]
        for (index, part) in section.components(separatedBy: "\n```").enumerated()
        where index % 2 == 1 {
            let name = part.prefix(while: { $0 != "\n" })
            blocks[String(name)] = String(part.dropFirst(name.count))
        }
        return blocks
    }

    private init(title: String, blocks: [String: String]) throws {
        self.title = title
        guard let records = blocks["records"] else {
            throw Fault.missingBlock("records", transcript: title)
        }
        guard let events = blocks["events"] else {
            throw Fault.missingBlock("events", transcript: title)
        }
        var words = try TranscriptWords(blocks["request"] ?? "", transcript: title)
        try readRequest(&words)
        words = try TranscriptWords(records, transcript: title)
        try readRecords(&words)
        words = try TranscriptWords(events, transcript: title)
        try readEvents(&words)
    }

    private mutating func readRequest(_ words: inout TranscriptWords) throws {
        while let word = words.next() {
            switch word {
            case "HEAD": request.isHead = true
            case "INTERIM": request.tellsInterim = true
            case "id": request.id = UInt16(try words.number())
            case "previous": request.previousID = UInt16(try words.number())
            case "max-head": limits.maxHeadSize = try words.number()
            case "max-fields": limits.maxHeadFields = try words.number()
            case "max-stderr": limits.maxStderrSize = try words.number()
            default: throw words.unknown(word)
            }
        }
    }

    private mutating func readRecords(_ words: inout TranscriptWords) throws {
        while let word = words.next() {
            switch word {
            case "CLOSE": isClosed = true
            case "BYTES": bytes += words.hexadecimal()
            case "STDOUT": try readRecord(type: 6, &words)
            case "STDERR": try readRecord(type: 7, &words)
            case "TYPE": try readRecord(type: UInt8(try words.number()), &words)
            case "END_REQUEST":
                let names = ["REQUEST_COMPLETE", "CANT_MPX_CONN", "OVERLOADED", "UNKNOWN_ROLE"]
                let name = words.next() ?? ""
                guard let status = names.firstIndex(of: name).map(UInt8.init) ?? UInt8(name) else {
                    throw words.unknown(name)
                }
                let application = words.take("application") ? UInt32(try words.number()) : 0
                try readRecord(
                    type: 3, content: WireRecord.end(status, application: application).content,
                    &words)
            default: throw words.unknown(word)
            }
        }
    }

    private mutating func readRecord(
        type: UInt8, content: [UInt8] = [], _ words: inout TranscriptWords
    ) throws {
        var record = WireRecord(type: type, requestID: request.id)
        if words.take("id") { record.requestID = UInt16(try words.number()) }
        record.content = content + words.strings()
        if words.take("padding") { record.padding = try words.number() }
        bytes += record.bytes
    }

    private func fields(_ words: inout TranscriptWords) -> [String] {
        var fields: [String] = []
        while let field = words.string() {
            fields.append(String(decoding: field, as: UTF8.self))
        }
        return fields
    }

    private mutating func readEvents(_ words: inout TranscriptWords) throws {
        while let word = words.next() {
            switch word {
            case "interim":
                let status = UInt16(try words.number())
                expected.events.append(.interim(status: status, fields: fields(&words)))
            case "head":
                let status = UInt16(try words.number())
                let isLocalRedirect = words.take("local-redirect")
                expected.events.append(
                    .head(
                        status: status, isLocalRedirect: isLocalRedirect, fields: fields(&words)))
            case "body": expected.events.append(.body(words.strings()))
            case "stderr": expected.events.append(.stderr(words.strings()))
            case "end":
                let how = words.next() ?? ""
                let fault = how == "protocol-error" ? " " + (words.next() ?? "") : ""
                expected.events.append(.end(how + fault))
            case "needs-input": expected.events.append(.needsInput)
            case "reusable": expected.isReusable = true
            case "body-cut": expected.isBodyCut = true
            case "late-records": expected.lateRecords = try words.number()
            case "stderr-dropped": expected.stderrDropped = UInt64(try words.number())
            case "application-status": expected.applicationStatus = UInt32(try words.number())
            default: throw words.unknown(word)
            }
        }
    }
}
