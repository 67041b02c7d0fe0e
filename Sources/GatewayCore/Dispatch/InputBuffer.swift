// SPDX-License-Identifier: Apache-2.0

internal import FastCGI
internal import Transport

/// What was received from an application and is not read yet. Belongs to one exchange.
///
/// Its memory is made when something is received: an exchange that waits costs little.
@safe
struct InputBuffer: ~Copyable {
    let capacity: Int
    private var storage = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private(set) var count = 0
    /// The first byte that is not read.
    private(set) var position = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    deinit {
        unsafe storage.deallocate()
    }

    var unread: Int { count - position }

    /// The memory to receive into, over what was read before.
    var room: UnsafeMutableRawBufferPointer {
        mutating get {
            if unsafe storage.isEmpty {
                unsafe storage = .allocate(byteCount: capacity, alignment: 64)
            }
            return unsafe storage
        }
    }

    /// Reads the next step of a record; nil when more has to be received.
    mutating func nextRecord(of reader: inout RecordReader) -> RecordReader.Step? {
        var position = self.position
        let step = reader.next(bytes, at: &position)
        self.position = position
        if case .needsInput = step { return nil }
        return step
    }

    /// Reads on, and tells what that means.
    mutating func next(of reader: inout ResponseReader) -> ResponseEvent {
        var position = self.position
        let event = reader.next(bytes, at: &position)
        self.position = position
        return event
    }

    /// See `ResponseReader.correctLength`.
    func correctLength(of reader: inout ResponseReader) {
        reader.correctLength(bytes, from: position)
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
