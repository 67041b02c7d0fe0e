// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform
internal import Transport

/// A body that is gathered to its end before the request is sent, so that its length is known.
///
/// In memory while it is small, then in a file that has no name. Belongs to its exchange.
final class SpooledBody {
    enum Fault: Error {
        case sourceFailed
        case tooLarge
        case system(SystemError)
    }

    /// Also the most that is written to the file at once while pieces are smaller.
    static let memoryLimit = 65_536

    private let limit: UInt64
    private var memory = ByteBuffer()
    /// What a source supplied last.
    private var piece = ByteBuffer()
    private var descriptor: Int32 = -1
    private(set) var length: UInt64 = 0

    /// - Parameter limit: bytes that the whole body may have.
    init(limit: UInt64) {
        self.limit = limit
    }

    deinit {
        if descriptor >= 0 { File.close(descriptor) }
    }

    /// Reads the next piece of a source; answers whether the source has ended.
    func take(from source: BodySource) throws(Fault) -> Bool {
        guard let isEnd = source.read(into: &piece, upTo: Self.memoryLimit, at: length) else {
            throw .sourceFailed
        }
        try unsafe append(BorrowedBytes(piece.address))
        return isEnd
    }

    func append(_ bytes: BorrowedBytes) throws(Fault) {
        guard UInt64(bytes.count) <= limit - length else { throw .tooLarge }
        if bytes.count > Self.memoryLimit - memory.count {
            try moveToFile(followedBy: bytes)
        } else {
            unsafe memory.append(copying: bytes.buffer)
        }
        length += UInt64(bytes.count)
    }

    /// The whole body: valid as long as the spool is.
    func finish() throws(Fault) -> RequestBody {
        if descriptor < 0 { return .bytes(unsafe BorrowedBytes(memory.address)) }
        try moveToFile(followedBy: .none)
        return .source(BodySource(descriptor: descriptor, offset: 0, length: length))
    }

    private func moveToFile(followedBy bytes: BorrowedBytes) throws(Fault) {
        let size = length + UInt64(bytes.count)
        guard size <= File.sizeLimit else { throw .system(.fileTooLarge) }
        do {
            if descriptor < 0 { descriptor = try File.makeTemporary() }
            try unsafe File.write(descriptor, memory.address)
            memory.removeAll()
            try unsafe File.write(descriptor, bytes.buffer)
        } catch {
            throw .system(error)
        }
    }
}
