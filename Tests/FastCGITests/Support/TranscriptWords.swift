// SPDX-License-Identifier: Apache-2.0

/// The words and quoted strings of a block of a transcript, one after the other.
struct TranscriptWords {
    private enum Word {
        case plain(String)
        case quoted([UInt8])
    }

    private let transcript: String
    private var words: [Word] = []
    private var position = 0

    init(_ text: String, transcript: String) throws {
        self.transcript = transcript
        var rest = Array(text.utf8)[...]
        while let first = rest.first {
            if first == UInt8(ascii: "\"") {
                words.append(.quoted(try Self.readString(&rest, transcript)))
            } else if first <= 32 {
                rest.removeFirst()
            } else {
                let word = rest.prefix { $0 > 32 }
                rest = rest.dropFirst(word.count)
                words.append(.plain(String(decoding: word, as: UTF8.self)))
            }
        }
    }

    mutating func next() -> String? {
        guard position < words.count, case .plain(let word) = words[position] else { return nil }
        position += 1
        return word
    }

    mutating func string() -> [UInt8]? {
        guard position < words.count, case .quoted(let bytes) = words[position] else { return nil }
        position += 1
        return bytes
    }

    /// Strings that follow each other, as one.
    mutating func strings() -> [UInt8] {
        var joined: [UInt8] = []
        while let bytes = string() { joined += bytes }
        return joined
    }

    mutating func take(_ expected: String) -> Bool {
        guard position < words.count, case .plain(expected) = words[position] else { return false }
        position += 1
        return true
    }

    mutating func number() throws -> Int {
        let word = next() ?? ""
        guard let number = Int(word) else { throw unknown(word) }
        return number
    }

    /// Bytes of two digits each, up to a word that is none.
    mutating func hexadecimal() -> [UInt8] {
        var bytes: [UInt8] = []
        while position < words.count, case .plain(let word) = words[position],
            word.utf8.count == 2, let byte = UInt8(word, radix: 16)
        {
            bytes.append(byte)
            position += 1
        }
        return bytes
    }

    func unknown(_ word: String) -> Transcript.Fault {
        .unknownWord(word, transcript: transcript)
    }

    /// Reads `"..."` or `"..."*3`, with \r \n \t \0 \" \\ and \xNN in it.
    private static func readString(
        _ rest: inout ArraySlice<UInt8>, _ transcript: String
    ) throws -> [UInt8] {
        let escapes: [UInt8: UInt8] = [
            UInt8(ascii: "r"): 13, UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9,
            UInt8(ascii: "0"): 0, UInt8(ascii: "\""): 34, UInt8(ascii: "\\"): 92,
        ]
        var bytes: [UInt8] = []
        rest.removeFirst()
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                guard rest.first == UInt8(ascii: "*") else { return bytes }
                let digits = rest.dropFirst().prefix { $0 >= 48 && $0 <= 57 }
                rest = rest.dropFirst(1 + digits.count)
                let times = Int(String(decoding: digits, as: UTF8.self)) ?? 0
                return (0..<times).flatMap { _ in bytes }
            case UInt8(ascii: "\\"):
                let kind = rest.popFirst() ?? 0
                if kind == UInt8(ascii: "x") {
                    bytes.append(
                        UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                    rest = rest.dropFirst(2)
                } else if let meant = escapes[kind] {
                    bytes.append(meant)
                } else {
                    throw Transcript.Fault.unknownWord(
                        "\\" + String(decoding: [kind], as: UTF8.self), transcript: transcript)
                }
            default: bytes.append(byte)
            }
        }
        throw Transcript.Fault.unfinishedString(transcript: transcript)
    }
}
