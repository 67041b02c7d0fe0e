// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform
internal import Transport

/// A body that was read to its end before the request is sent, so that its length is known.
///
/// In memory while it is small, then in a file that has no name. Belongs to its request.
final class SpooledBody {
    enum Fault: Error {
        case sourceFailed
        case tooLarge
        case system(SystemError)
    }

    private static let memoryLimit = 65_536

    private var memory = ByteBuffer()
    private var descriptor: Int32 = -1
    private var length: UInt64 = 0

    /// Reads all of a source.
    init(_ source: BodySource, limit: UInt64) throws(Fault) {
        var piece = ByteBuffer()
        var isLast = false
        while !isLast {
            guard
                let isEnd = source.read(into: &piece, upTo: Self.memoryLimit, at: length)
            else { throw .sourceFailed }
            isLast = isEnd
            guard UInt64(piece.count) <= limit - length else { throw .tooLarge }
            if length == 0, isLast {
                swap(&memory, &piece)
                length = UInt64(memory.count)
            } else {
                try append(piece)
            }
        }
    }

    deinit {
        if descriptor >= 0 { File.close(descriptor) }
    }

    var body: RequestBody {
        if descriptor < 0 { return .bytes(unsafe BorrowedBytes(memory.address)) }
        return .source(BodySource(descriptor: descriptor, offset: 0, length: length))
    }

    private func append(_ piece: borrowing ByteBuffer) throws(Fault) {
        do {
            if descriptor < 0 { descriptor = try File.makeTemporary() }
            try unsafe File.write(descriptor, piece.address)
        } catch {
            throw .system(error)
        }
        length += UInt64(piece.count)
    }
}
