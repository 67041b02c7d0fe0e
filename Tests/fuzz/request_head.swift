// SPDX-License-Identifier: Apache-2.0
import FastCGI

/// Whatever params are added: what leaves decodes to those that were taken, in order, and only
/// pairs that no record can hold are split.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequestHead(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = FuzzInput(bytes, count)
    let limit = input.byte() & 1 == 0 ? 1_048_576 : input.number()
    var head = RequestHead(limit: limit)
    var taken: [WirePair] = []
    var size = 0
    while !input.isEmpty {
        let pair = nextPair(&input)
        let pairSize =
            pair.name.count + pair.value.count + (pair.name.count < 128 ? 1 : 4)
            + (pair.value.count < 128 ? 1 : 4)
        let isClean = !pair.name.contains(0) && !pair.value.contains(0)
        let isWelcome = isClean && !pair.name.isEmpty && size + pairSize <= limit
        do {
            try head.append(pair)
            require(isWelcome, "a pair is taken that should not")
            taken.append(pair)
            size += pairSize
        } catch {
            require(!isWelcome, "a pair is refused that should not")
        }
        // Heads are finished again and again, and go on taking pairs.
        if input.byte() & 15 == 0 {
            head.finish(requestID: 2, role: .filter, keepConnection: false)
        }
    }
    require(head.paramsSize == size, "the size of the params is not what they take")
    head.finish(requestID: 513, role: .responder, keepConnection: true)
    check(head.bytes.array, taken)
    return 0
}

/// Long ones are made up, since the fuzzer would need long to find them, and seldom.
private func nextPair(_ input: inout FuzzInput) -> WirePair {
    let (kind, nameCount, valueCount) = (input.byte(), input.number(), input.number())
    guard kind & 31 == 31 else {
        return WirePair(input.bytes(nameCount & 63), input.bytes(valueCount & 255))
    }
    let value = kind & 32 == 0 ? valueCount : 65_500 + valueCount & 63
    return WirePair(
        Array(repeating: input.byte(), count: nameCount & 255),
        Array(repeating: input.byte(), count: value))
}

private func check(_ wire: [UInt8], _ pairs: [WirePair]) {
    guard let records = WireRecord.decode(wire) else { fatalError("no records") }
    require(records.first == .begin(1, flags: 1).with(id: 513), "no BEGIN_REQUEST")
    let params = records.dropFirst()
    require(params.allSatisfy { $0.type == 4 && $0.requestID == 513 }, "records but PARAMS")
    require(params.last?.content == [], "no empty PARAMS at the end")
    require(params.dropLast().allSatisfy { !$0.content.isEmpty }, "an empty PARAMS before the end")
    require(params.allSatisfy { $0.content.count <= 65_528 }, "a record that is too long")
    require(
        params.allSatisfy { ($0.content.count + $0.padding) % 8 == 0 && $0.padding < 8 },
        "a record without padding")
    require(WirePair.decode(params.flatMap(\.content)) == pairs, "other pairs than were added")
    let fits = pairs.allSatisfy { $0.name.count + $0.value.count + 8 <= 65_528 }
    require(!fits || params.allSatisfy { WirePair.decode($0.content) != nil }, "a pair is split")
}
