// SPDX-License-Identifier: Apache-2.0
import FastCGI

/// Whatever arrives: the records are those that a plain decoder finds, however they are split.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRecordReader(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = FuzzInput(bytes, count)
    let seed = input.number()
    let wire = input.bytes()
    let whole = Records([wire])
    require(Records(wire.pieces(seed: seed)) == whole, "records depend on how they are split")
    if let expected = WireRecord.decode(wire) {
        require(whole.isWhole, "whole records are not whole")
        require(whole.records == expected, "records are not what they are")
    }
    return 0
}

private struct Records: Equatable {
    var records: [WireRecord] = []
    var isWhole = false
    var isBadVersion = false

    init(_ pieces: [[UInt8]]) {
        var reader = RecordReader()
        for piece in pieces {
            var position = 0
            reading: while true {
                let before = position
                switch reader.next(piece.span.bytes, at: &position) {
                case .needsInput:
                    require(position == piece.count, "input is left over")
                    break reading
                case .header(let header):
                    records.append(
                        WireRecord(
                            type: header.type, requestID: header.requestID,
                            padding: Int(header.paddingLength)))
                case .content(let range):
                    require(!range.isEmpty, "a piece of content is empty")
                    require(range.lowerBound >= before, "content is told twice")
                    require(range.upperBound == position, "content and position differ")
                    records[records.count - 1].content += piece[range]
                case .badVersion:
                    isBadVersion = true
                    return
                }
                require(position > before, "the reader stands still")
            }
        }
        isWhole = reader.isBetweenRecords
    }
}
