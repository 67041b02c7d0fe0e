// SPDX-License-Identifier: Apache-2.0
import FastCGI

/// Whatever a head is made of: it reads the same however it is split, and no field that it tells
/// could be taken for more than one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzResponseHead(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = FuzzInput(bytes, count)
    let seed = input.number()
    let maxSize = input.byte() & 1 == 0 ? 65_536 : 100
    let text = input.bytes()
    let whole = HeadReading([text], maxSize: maxSize, maxFields: 8)
    var split = HeadReading(text.pieces(seed: seed), maxSize: maxSize, maxFields: 8)
    if whole.fault != nil { split.used = whole.used }
    require(split == whole, "a head depends on how it is split")
    require(whole.fields.count <= 8, "too many fields")
    require(!whole.isComplete || whole.used <= maxSize, "a head over its limit")
    for field in whole.fields {
        // Bytes, not characters: one of those can be made of "=" and what follows it.
        let parts = field.utf8.split(
            separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let (name, value) = (parts[0], parts[1])
        require(!name.isEmpty && name.allSatisfy(isToken), "a name that is no token")
        require(value.allSatisfy { $0 >= 32 && $0 != 127 || $0 == 9 }, "a control character")
        require(value.first.map { $0 != 32 && $0 != 9 } ?? true, "white space before a value")
        require(value.last.map { $0 != 32 && $0 != 9 } ?? true, "white space behind a value")
        let lower = String(decoding: name, as: UTF8.self).lowercased()
        require(lower != "status" && lower != "transfer-encoding", "a field not for the client")
    }
    return 0
}

private func isToken(_ byte: UInt8) -> Bool {
    byte > 32 && byte < 127 && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
}
