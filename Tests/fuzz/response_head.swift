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
        let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        require(!parts[0].isEmpty && parts[0].utf8.allSatisfy(isToken), "a name that is no token")
        require(
            parts[1].utf8.allSatisfy { $0 >= 32 && $0 != 127 || $0 == 9 }, "a control character")
        require(
            parts[1].utf8.first.map { $0 != 32 && $0 != 9 } ?? true, "white space before a value")
        require(
            parts[1].utf8.last.map { $0 != 32 && $0 != 9 } ?? true, "white space behind a value")
        let name = parts[0].lowercased()
        require(name != "status" && name != "transfer-encoding", "a field that is not the client's")
    }
    return 0
}

private func isToken(_ byte: UInt8) -> Bool {
    byte > 32 && byte < 127 && !"\"(),/:;<=>?@[\\]{}".utf8.contains(byte)
}
