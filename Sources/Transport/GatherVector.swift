// SPDX-License-Identifier: Apache-2.0

internal import CAPR

/// The vector of a gather write: places in memory, in order. Belongs to one exchange.
@safe
package struct GatherVector: ~Copyable {
    /// More than one write of an exchange ever has; below IOV_MAX.
    package static let capacity = 128

    /// Made when something is to be sent: an exchange that waits for its turn costs little.
    private(set) var start: UnsafeMutablePointer<iovec>?
    package private(set) var count = 0

    package init() {}

    deinit {
        unsafe start?.deallocate()
    }

    package var hasRoom: Bool { count < Self.capacity }

    package mutating func removeAll() {
        count = 0
    }

    /// Adds bytes, which stay where they are until the write is done.
    package mutating func append(_ bytes: BorrowedBytes) {
        guard hasRoom, !bytes.isEmpty else { return }
        let buffer = unsafe bytes.buffer
        let start = unsafe start ?? .allocate(capacity: Self.capacity)
        unsafe self.start = unsafe start
        unsafe start[count] = iovec(
            iov_base: UnsafeMutableRawPointer(mutating: buffer.baseAddress),
            iov_len: buffer.count)
        count += 1
    }

    /// Goes through the first `size` of the bytes, place by place.
    package func forFirst(_ size: Int, _ body: (BorrowedBytes) -> Void) {
        guard let start = unsafe start else { return }
        var left = size
        for index in 0..<count where left > 0 {
            let place = unsafe start[index]
            let bytes = unsafe UnsafeRawBufferPointer(start: place.iov_base, count: place.iov_len)
            let part = unsafe BorrowedBytes(bytes).part(0..<min(left, bytes.count))
            left -= part.count
            body(part)
        }
    }
}
