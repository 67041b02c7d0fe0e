// SPDX-License-Identifier: Apache-2.0

/// The parts of one gather write, in order.
package struct SendPlan: ~Copyable {
    /// Where the bytes of a part are.
    package enum Source: Sendable {
        /// The request head.
        case head
        /// What an earlier write left over, in the stream's own memory.
        case pending
        /// Record headers and padding, in the stream's own memory.
        case framing
        /// The piece of the body that the plan was made for.
        case body
    }

    /// What follows on the wire, should the write end within or behind the part.
    enum Meaning {
        case head
        case pending
        case recordHeader(content: Int, padding: Int)
        case content(padding: Int)
        case padding
        case end
    }

    struct Part {
        var source: Source
        var range: Range<Int>
        var meaning: Meaning
    }

    /// Enough for 12 records of STDIN in one write, and for what stands around them.
    private static let maxCount = 40

    /// An array, made with the first part: a fixed one is copied whole by 6.3 where one element is
    /// read.
    private(set) var parts: [Part] = []
    /// All bytes of the parts.
    package private(set) var size = 0

    package init() {}

    package var count: Int { parts.count }

    /// Room for a record's header, its content and its padding, and for the end of STDIN.
    var hasRoomForRecord: Bool { count + 4 <= Self.maxCount }

    mutating func removeAll() {
        parts.removeAll(keepingCapacity: true)
        size = 0
    }

    mutating func add(_ source: Source, _ range: Range<Int>, _ meaning: Meaning) {
        guard count < Self.maxCount, !range.isEmpty else { return }
        if parts.capacity == 0 { parts.reserveCapacity(Self.maxCount) }
        parts.append(Part(source: source, range: range, meaning: meaning))
        size += range.count
    }

    package func source(at index: Int) -> Source { parts[index].source }
    package func range(at index: Int) -> Range<Int> { parts[index].range }
}
