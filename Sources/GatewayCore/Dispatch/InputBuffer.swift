// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Transport

/// What was received from an application and is not read yet. Belongs to one exchange.
@safe
struct InputBuffer: ~Copyable {
    private let storage: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    /// The first byte that is not read.
    private(set) var position = 0

    init(capacity: Int) {
        unsafe storage = .allocate(byteCount: capacity, alignment: 64)
    }

    deinit {
        unsafe storage.deallocate()
    }

    var unread: Int { count - position }
    var capacity: Int { unsafe storage.count }

    /// The memory to receive into, over what was read before.
    var room: UnsafeMutableRawBufferPointer { unsafe storage }

    /// Reads on, and tells what that means.
    mutating func next(of reader: inout ResponseReader) -> ResponseEvent {
        var position = self.position
        let event = reader.next(bytes, at: &position)
        self.position = position
        return event
    }

    /// Reads the rest without telling what it means, but whether the response ends in it.
    func skipsToEnd(of requestID: UInt16, with records: inout RecordReader) -> Bool {
        records.skipsToEnd(of: requestID, in: bytes.extracting(position..<count))
    }

    private var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let filled = unsafe UnsafeRawBufferPointer(rebasing: storage[..<count])
            return unsafe _overrideLifetime(RawSpan(_unsafeBytes: filled), borrowing: self)
        }
    }

    mutating func received(_ newCount: Int) {
        count = min(max(newCount, 0), capacity)
        position = 0
    }

    mutating func removeAll() {
        count = 0
        position = 0
    }

    /// A part of what was received, for the host; valid until more is received.
    func part(_ range: Range<Int>) -> BorrowedBytes {
        unsafe BorrowedBytes(UnsafeRawBufferPointer(storage)).part(range.clamped(to: 0..<count))
    }
}
