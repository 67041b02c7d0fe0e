// SPDX-License-Identifier: Apache-2.0

import FastCGI
import Platform

/// Tells the records of one direction, as their bytes pass by.
final class RecordTrace {
    /// How much of a content is shown.
    private static let shownCount = 48

    private let direction: String
    private let console: Console
    private var begun = MonotonicTime.now
    private var reader = RecordReader()
    private var isReadable = true
    /// When what is replayed was on the wire, in microseconds.
    private var recordedTime: UInt64?
    /// The record whose line is not written yet.
    private var header: RecordHeader?
    private var content: [UInt8] = []
    private var params = ParamsTrace()

    init(_ direction: String, _ console: Console) {
        self.direction = direction
        self.console = console
    }

    func begin(at time: MonotonicTime) {
        begun = time
    }

    /// Reads what was recorded at a time.
    func replay(_ bytes: RawSpan, at microseconds: UInt64) {
        recordedTime = microseconds
        read(bytes)
    }

    func read(_ bytes: RawSpan) {
        var position = 0
        while isReadable {
            switch reader.next(bytes, at: &position) {
            case .needsInput: return
            case .badVersion:
                remark("bytes that are no record of version 1; nothing behind them is told")
                isReadable = false
            case .header(let next):
                header = next
                content.removeAll(keepingCapacity: true)
            case .content(let range):
                let wanted = range.prefix(max(0, wantedCount - content.count))
                for offset in wanted { content.append(bytes[offset]) }
            }
            if header != nil, content.count == wantedCount { tellRecord() }
        }
    }

    /// The direction has ended, by an error perhaps.
    func end(_ error: SystemError?) {
        if header != nil { tellRecord() }
        let how = error.map { "failed: " + $0.text } ?? "closed"
        let missing = reader.contentRemaining
        remark(
            reader.isBetweenRecords
                ? how : how + " in the middle of a record, \(missing) bytes of content missing")
    }

    /// A line that is no record.
    func remark(_ text: String) {
        console.tell("\(time) \(direction) \(text)")
    }

    private var time: String {
        let text = String(
            milliseconds: recordedTime ?? MonotonicTime.now.microseconds(since: begun))
        return String(repeating: " ", count: max(0, 9 - text.count)) + text
    }

    /// How much of the content is needed for its line.
    private var wantedCount: Int {
        guard let header else { return 0 }
        let length = Int(header.contentLength)
        return header.type == RecordType.params.rawValue ? length : min(length, Self.shownCount)
    }

    private func tellRecord() {
        guard let header else { return }
        self.header = nil
        let name = Self.name(of: header.type).padded(to: 17)
        let length = String(header.contentLength).padded(to: 5)
        let facts =
            "\(name) id \(header.requestID)  content \(length) padding \(header.paddingLength)"
        console.tell("\(time) \(direction) \(facts)\(shown(header))")
        guard header.type == RecordType.params.rawValue else { return }
        let pairs = content.isEmpty ? params.end() : params.read(content)
        for pair in pairs { console.tell(String(repeating: " ", count: 14) + pair) }
    }

    /// What is said behind the numbers.
    private func shown(_ header: RecordHeader) -> String {
        let type = RecordType(rawValue: header.type)
        switch type {
        case .params where content.isEmpty, .stdin where content.isEmpty,
            .stdout where content.isEmpty, .stderr where content.isEmpty:
            return "  end of stream"
        case .params: return ""
        case .beginRequest where content.count == 8:
            let role = Role(rawValue: UInt16(content[0]) << 8 | UInt16(content[1]))
            let keeps = content[2] & 1 != 0 ? ", keep connection" : ""
            return "  \(role.map { "\($0)" } ?? "unknown role")\(keeps)"
        case .endRequest where content.count == EndRequest.size:
            let word = content.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return "  application status \(EndRequest(decoding: word).applicationStatus), "
                + Self.name(ofProtocolStatus: content[4])
        default:
            let more = content.count < header.contentLength ? "..." : ""
            return "  \"\(String(escaping: content))\"\(more)"
        }
    }

    private static func name(ofProtocolStatus number: UInt8) -> String {
        switch EndRequest.ProtocolStatus(rawValue: number) {
        case .requestComplete: "REQUEST_COMPLETE"
        case .cannotMultiplex: "CANT_MPX_CONN"
        case .overloaded: "OVERLOADED"
        case .unknownRole: "UNKNOWN_ROLE"
        case nil: "protocol status \(number)"
        }
    }

    private static func name(of type: UInt8) -> String {
        switch RecordType(rawValue: type) {
        case .beginRequest: "BEGIN_REQUEST"
        case .abortRequest: "ABORT_REQUEST"
        case .endRequest: "END_REQUEST"
        case .params: "PARAMS"
        case .stdin: "STDIN"
        case .stdout: "STDOUT"
        case .stderr: "STDERR"
        case .data: "DATA"
        case .getValues: "GET_VALUES"
        case .getValuesResult: "GET_VALUES_RESULT"
        case .unknownType: "UNKNOWN_TYPE"
        case nil: "type \(type)"
        }
    }
}
