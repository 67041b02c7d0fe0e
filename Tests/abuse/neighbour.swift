// SPDX-License-Identifier: Apache-2.0

/// Uses what the standard library has: strings, dictionaries, generics, casts, reference counts.
@_cdecl("neighbour_count")
public func neighbourCount(_ number: CInt) -> CInt {
    final class Counter {
        var counts: [String: Int] = [:]
    }
    let counter = Counter()
    for each in 0..<number {
        counter.counts["\(each % 7)", default: 0] += 1
    }
    let values: [Any] = counter.counts.keys.sorted().map { counter.counts[$0] as Any }
    return CInt(values.compactMap { $0 as? Int }.reduce(0, +))
}
