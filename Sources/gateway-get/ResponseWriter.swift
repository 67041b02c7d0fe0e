// SPDX-License-Identifier: Apache-2.0

import CGateway

/// Puts the events of an exchange where they are wanted.
struct ResponseWriter {
    let options: OutputOptions
    let output: Output
    let console: Console

    func write(_ event: gateway_event) throws(Failure) {
        switch event.type {
        case .GATEWAY_EVENT_HEAD:
            let lines = Self.lines(of: event)
            for line in lines { console.remark("< " + String(escaping: line)) }
            guard options.includesHead || options.isHeadOnly else { return }
            for line in lines + [[]] { try write(line: line) }
        case .GATEWAY_EVENT_BODY:
            if !options.isHeadOnly { try output.write(event.data.buffer) }
        case .GATEWAY_EVENT_STDERR:
            console.pass(event.data.buffer)
        default:
            return
        }
    }

    private func write(line: [UInt8]) throws(Failure) {
        if output.isTerminal {
            try output.write(String(escaping: line) + "\n")
        } else {
            try output.write(line + [UInt8(ascii: "\n")])
        }
    }

    /// The head as CGI has it. RFC 3875 §6.3.
    private static func lines(of event: gateway_event) -> [[UInt8]] {
        let reason = event.reason.buffer
        var lines = [Array("Status: \(event.http_status)".utf8)]
        if !reason.isEmpty { lines[0] += [UInt8(ascii: " ")] + reason }
        for field in UnsafeBufferPointer(start: event.fields, count: event.field_count) {
            lines.append(field.name.buffer + Array(": ".utf8) + field.value.buffer)
        }
        return lines
    }
}

extension gateway_bytes {
    /// The bytes, for as long as their owner says.
    fileprivate var buffer: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: bytes, count: length)
    }
}
