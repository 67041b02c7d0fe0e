// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Platform

/// A body that is read piece by piece: from a function of the host's, or from a file.
@safe
package struct BodySource {
    /// Fills a part of the buffer and answers how much; 0 is the end, nil a failure.
    package typealias Function = (UnsafeMutableRawBufferPointer) -> Int?

    @safe
    private enum Kind {
        case function(Function)
        case file(descriptor: Int32, offset: UInt64)
    }

    private let kind: Kind
    /// Nil when it is known at the end only.
    package let length: UInt64?

    package init(length: UInt64?, _ function: @escaping Function) {
        unsafe kind = .function(function)
        self.length = length
    }

    package init(descriptor: Int32, offset: UInt64, length: UInt64) {
        kind = .file(descriptor: descriptor, offset: offset)
        self.length = length
    }

    /// Whether it can be read a second time.
    var isReplayable: Bool {
        if case .file = kind { true } else { false }
    }

    /// Reads the next piece, which begins at `position` of the body, into a buffer, as much as it
    /// may hold; answers whether the body ends with the piece, or nil when it cannot be had.
    func read(into buffer: inout ByteBuffer, upTo size: Int, at position: UInt64) -> Bool? {
        let left = length.map { $0 - min($0, position) }
        let wanted = Int(min(UInt64(size), left ?? UInt64(size)))
        var isAtEnd = false
        let isRead = unsafe buffer.fill(upTo: wanted) { room in
            var count = 0
            while count < wanted {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: room[count...])
                guard let read = unsafe readOnce(rest, at: position + UInt64(count)), read >= 0,
                    read <= rest.count
                else { return nil }
                if read == 0 {
                    isAtEnd = true
                    break
                }
                count += read
            }
            return count
        }
        guard isRead else { return nil }
        guard let left else { return isAtEnd }
        // It was announced, and the application waits for all of it.
        if isAtEnd { return nil }
        return UInt64(buffer.count) == left
    }

    private func readOnce(_ room: UnsafeMutableRawBufferPointer, at position: UInt64) -> Int? {
        switch kind {
        case .function(let function): return unsafe function(room)
        case .file(let descriptor, let offset):
            guard let at = Int64(exactly: offset + position) else { return nil }
            return try? unsafe File.read(descriptor, into: room, at: at)
        }
    }
}
