// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// Tells the records of a file that a flight recorder has written; `module/gateway_recorder.c` says
/// what is in it.
struct Replay {
    private static let signature = Array("gateway-flight 1".utf8)

    private let name: String
    private let bytes: [UInt8]
    private var position = 0

    init(file name: String) throws(Failure) {
        self.name = name
        bytes = try Self.contents(of: name)
    }

    /// Tells what the file is about, and each record as it was when it was sent or received.
    mutating func run(to console: Console) throws(Failure) {
        guard try line() == Self.signature else { throw unreadable("its first line is another") }
        while let text = try line(), !text.isEmpty { console.tell(String(escaping: text)) }
        let sent = RecordTrace(">", console)
        let received = RecordTrace("<", console)
        while position < bytes.count {
            guard let piece = try piece() else { throw unreadable("a piece is not whole") }
            let trace = piece.isSent ? sent : received
            trace.replay(bytes.span.bytes.extracting(piece.range), at: piece.microseconds)
        }
    }

    private struct Piece {
        var isSent: Bool
        var microseconds: UInt64
        var range: Range<Int>
    }

    /// A line "> TIME LENGTH", so many bytes and a line's end; nil where that is not there.
    private mutating func piece() throws(Failure) -> Piece? {
        let words = String(decoding: try line() ?? [], as: UTF8.self).split(separator: " ")
        guard words.count == 3, words[0] == ">" || words[0] == "<",
            let time = UInt64(words[1]), let length = Int(words[2]),
            length >= 0, length < bytes.count - position
        else { return nil }
        let range = position..<position + length
        position = range.upperBound + 1
        return Piece(isSent: words[0] == ">", microseconds: time, range: range)
    }

    private mutating func line() throws(Failure) -> [UInt8]? {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else {
            throw unreadable("it ends within a line")
        }
        let line = Array(bytes[position..<end])
        position = end + 1
        return line
    }

    private func unreadable(_ reason: String) -> Failure {
        Failure(.readError, "\(name): not written by a flight recorder, or not whole: \(reason)")
    }

    private static func contents(of name: String) throws(Failure) -> [UInt8] {
        let descriptor = name == "-" ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Failure(.readError, "\(name): \(SystemError.last.text)")
        }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, SystemError.last == .interrupted { continue }
            guard count >= 0 else {
                throw Failure(.readError, "\(name): \(SystemError.last.text)")
            }
            guard count > 0 else { return all }
            all += piece[..<count]
        }
    }
}
