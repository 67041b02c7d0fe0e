// SPDX-License-Identifier: Apache-2.0

/// Bytes in memory that somebody else owns, for as long as their owner says.
///
/// Laid out as `gateway_bytes` of the C interface.
@safe
package struct BorrowedBytes {
    private let start: UnsafeRawPointer?
    package let count: Int

    package static var none: BorrowedBytes {
        unsafe BorrowedBytes(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    package init(_ buffer: UnsafeRawBufferPointer) {
        unsafe start = buffer.baseAddress
        count = buffer.count
    }

    package var isEmpty: Bool { count == 0 }

    @inline(__always)
    package var buffer: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    }

    /// A part; what of the range is not there is left out.
    package func part(_ range: Range<Int>) -> BorrowedBytes {
        let buffer = unsafe self.buffer
        return unsafe BorrowedBytes(
            UnsafeRawBufferPointer(rebasing: buffer[range.clamped(to: 0..<buffer.count)]))
    }

    /// What is behind the first `count` bytes.
    package func dropping(_ count: Int) -> BorrowedBytes {
        part(min(count, self.count)..<self.count)
    }

    /// Copies as many of them as there is room for; answers how many.
    package func copy(into room: UnsafeMutableRawBufferPointer) -> Int {
        let taken = unsafe buffer.prefix(room.count)
        unsafe room.copyBytes(from: taken)
        return unsafe taken.count
    }

    package func withSpan<Result: ~Copyable>(_ body: (RawSpan) -> Result) -> Result {
        unsafe body(RawSpan(_unsafeBytes: buffer))
    }
}
