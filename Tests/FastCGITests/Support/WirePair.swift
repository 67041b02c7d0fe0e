// SPDX-License-Identifier: Apache-2.0
import FastCGI

/// A name and a value, decoded without the code under test.
struct WirePair: Equatable {
    var name: [UInt8]
    var value: [UInt8]

    init(_ name: [UInt8], _ value: [UInt8]) {
        self.name = name
        self.value = value
    }

    init(_ name: String, _ value: String) {
        self.init(Array(name.utf8), Array(value.utf8))
    }

    /// All pairs of a params stream; nil where it is not made of whole pairs.
    static func decode(_ bytes: [UInt8]) -> [WirePair]? {
        var pairs: [WirePair] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard let name = takeLength(&rest), let value = takeLength(&rest),
                rest.count >= name + value
            else { return nil }
            pairs.append(
                WirePair(Array(rest.prefix(name)), Array(rest.dropFirst(name).prefix(value))))
            rest = rest.dropFirst(name + value)
        }
        return pairs
    }

    private static func takeLength(_ rest: inout ArraySlice<UInt8>) -> Int? {
        guard let first = rest.popFirst() else { return nil }
        guard first >= 128 else { return Int(first) }
        guard rest.count >= 3 else { return nil }
        let tail = rest.prefix(3).reduce(0) { $0 * 256 + Int($1) }
        rest = rest.dropFirst(3)
        return Int(first & 127) << 24 + tail
    }
}

extension RequestHead {
    mutating func append(_ pair: WirePair) throws(Refusal) {
        try append(name: pair.name.span.bytes, value: pair.value.span.bytes)
    }
}
