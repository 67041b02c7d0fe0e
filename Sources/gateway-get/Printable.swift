// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Bytes of the application's as text that cannot command a terminal: control characters and
    /// what is not UTF-8 become escapes, those in `kept` stay.
    init(escaping bytes: some Sequence<UInt8>, keeping kept: Set<Unicode.Scalar> = []) {
        self = ""
        var iterator = bytes.makeIterator()
        var decoder = UTF8.ForwardParser()
        while true {
            switch decoder.parseScalar(from: &iterator) {
            case .emptyInput: return
            case .error(let length):
                // The parser does not say which bytes they were.
                self += String(repeating: "\u{FFFD}", count: length)
            case .valid(let encoded):
                append(UTF8.decode(encoded), keeping: kept)
            }
        }
    }

    private mutating func append(_ scalar: Unicode.Scalar, keeping kept: Set<Unicode.Scalar>) {
        switch scalar {
        case _ where kept.contains(scalar): unicodeScalars.append(scalar)
        case "\r": self += "\\r"
        case "\n": self += "\\n"
        case "\t": self += "\\t"
        case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}":
            let digits = String(scalar.value, radix: 16, uppercase: true)
            self += "\\x" + (digits.count < 2 ? "0" : "") + digits
        default: unicodeScalars.append(scalar)
        }
    }

    /// At least so wide, filled up with spaces.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }

    /// Microseconds as milliseconds with three decimals, such as "12.034".
    init(milliseconds microseconds: UInt64) {
        let fraction = String(microseconds % 1000)
        self =
            "\(microseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }
}
