// SPDX-License-Identifier: Apache-2.0

/// Bytes in memory that somebody else owns, for as long as their owner says.
///
/// Laid out as `gateway_bytes` of the C interface.
@safe @usableFromInline
package struct BorrowedBytes {
    @usableFromInline let start: UnsafeRawPointer?
    @usableFromInline package let count: Int

    package static var none: BorrowedBytes {
        unsafe BorrowedBytes(UnsafeRawBufferPointer(start: nil, count: 0))
    }

    @inlinable @inline(__always)
    package init(_ buffer: UnsafeRawBufferPointer) {
        unsafe start = buffer.baseAddress
        count = buffer.count
    }

    @inlinable @inline(__always)
    package var isEmpty: Bool { count == 0 }

    @inlinable @inline(__always)
    package var buffer: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count)
    }

    /// A part; what of the range is not there is left out.
    @inlinable @inline(__always)
    package func part(_ range: Range<Int>) -> BorrowedBytes {
        guard let start = unsafe start else { return self }
        let lower = min(max(range.lowerBound, 0), count)
        let upper = min(max(range.upperBound, lower), count)
        return unsafe BorrowedBytes(
            UnsafeRawBufferPointer(start: start + lower, count: upper &- lower))
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
