// SPDX-License-Identifier: Apache-2.0

/// What the value of a setting says.
enum SettingValue {
    /// A number within its range.
    static func number(_ text: String, in range: ClosedRange<Int>) throws(SettingError) -> Int {
        guard let number = Int(text), text.first?.isASCII == true, text.first != "+" else {
            throw SettingError("\"\(text)\" is not a number")
        }
        guard range.contains(number) else {
            throw SettingError(
                "\(number) is not from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// "4", or "2-8".
    static func range(_ text: String, in range: ClosedRange<Int>) throws(SettingError)
        -> ClosedRange<Int>
    {
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let least = try number(String(ends[0]), in: range)
        let most = ends.count > 1 ? try number(String(ends[1]), in: range) : least
        guard least <= most else { throw SettingError("\(least) is more than \(most)") }
        return least...most
    }

    /// Milliseconds: "30", "30s", "500ms", "5m", "2h", "1d"; without a unit it is seconds.
    static func time(
        _ text: String, longest: UInt32 = 86_400_000 * 24
    ) throws(SettingError) -> UInt32 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let factor: UInt64? =
            switch text.dropFirst(digits.count) {
            case "ms": 1
            case "", "s": 1_000
            case "m", "min": 60_000
            case "h": 3_600_000
            case "d": 86_400_000
            default: nil
            }
        guard let count = UInt64(digits), let factor else {
            throw SettingError("\"\(text)\" is not a time such as 500ms, 30, 30s, 5m, 2h or 1d")
        }
        let product = count.multipliedReportingOverflow(by: factor)
        guard !product.overflow, product.partialValue <= UInt64(longest) else {
            throw SettingError("\"\(text)\" is longer than \(longest / 1_000) seconds")
        }
        return UInt32(product.partialValue)
    }

    /// Bytes: "200M", "1G", "64K".
    static func size(_ text: String) throws(SettingError) -> UInt64 {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let shift: UInt64? =
            switch text.dropFirst(digits.count) {
            case "": 0
            case "K", "k": 10
            case "M", "m": 20
            case "G", "g": 30
            default: nil
            }
        guard let count = UInt64(digits), let shift else {
            throw SettingError("\"\(text)\" is not a size such as 64K, 200M or 1G")
        }
        guard count <= UInt64.max >> (shift + 20) else {
            throw SettingError("\"\(text)\" is too large")
        }
        return count << shift
    }

    /// Three or four octal digits.
    static func mask(_ text: String) throws(SettingError) -> Int32 {
        guard let mask = Int32(text, radix: 8), (0...0o777).contains(mask) else {
            throw SettingError("\"\(text)\" is not a mask from 000 to 777")
        }
        return mask
    }
}

/// Why a setting is refused: one line for whoever wrote it.
package struct SettingError: Error, Equatable, Sendable {
    package var text: String

    init(_ text: String) {
        self.text = text
    }
}
