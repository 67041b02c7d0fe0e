// SPDX-License-Identifier: Apache-2.0

/// The target of an HTTP request, split for a script. RFC 3875 §4.1.5, §4.1.7, §4.1.13.
///
/// The path is decoded and free of `.` and `..`, so that it can be put behind a document root.
package struct ScriptPath: ~Copyable {
    /// What of a path is the script.
    package enum Rule: Sendable {
        /// A path at the beginning, "/wiki" or "" for all: the rest is path info.
        case prefix
        /// The first segment that ends so, as in ".php": what follows is path info.
        case fileExtension
    }

    package enum Fault: Error {
        /// No origin form or absolute form, a bad percent encoding, a control character.
        case malformed
        /// An encoded slash or NUL means something else to the application than to who sent it.
        case ambiguous
        /// `..` leads above the root.
        case aboveRoot
        /// The rule does not match.
        case noScript
    }

    private var path = ByteBuffer(capacity: 256)
    private var scriptCount = 0
    /// Where in the target the query is, without its question mark; empty when there is none.
    package private(set) var query = 0..<0

    /// Splits a target as it stands in the request line. `script` is the prefix or the extension of
    /// the rule; `index`, used with extensions, is for paths that end with a slash, or empty.
    package init(
        target: RawSpan, rule: Rule, script: RawSpan, index: RawSpan
    ) throws(Fault) {
        let start = try Self.pathStart(of: target)
        let whole = 0..<target.byteCount
        let questionMark = target.firstOffset(of: 0x3F, in: start..<whole.upperBound)
        let end = questionMark ?? whole.upperBound
        query = questionMark.map { $0 + 1..<whole.upperBound } ?? end..<end
        try Self.decode(target.extracting(start..<end), into: &path)
        switch rule {
        case .prefix: try splitByPrefix(script)
        case .fileExtension: try splitByExtension(script, index: index)
        }
    }

    package var scriptName: RawSpan {
        @_lifetime(borrow self)
        get { path.bytes.extracting(0..<scriptCount) }
    }

    package var pathInfo: RawSpan {
        @_lifetime(borrow self)
        get { path.bytes.extracting(scriptCount..<path.count) }
    }

    // MARK: The rules

    private mutating func splitByPrefix(_ prefix: RawSpan) throws(Fault) {
        var count = prefix.byteCount
        if count > 0, prefix[count - 1] == ASCII.slash { count -= 1 }
        guard count <= path.count else { throw .noScript }
        for offset in 0..<count where path.byte(at: offset) != prefix[offset] {
            throw .noScript
        }
        guard count == path.count || path.byte(at: count) == ASCII.slash else { throw .noScript }
        scriptCount = count
    }

    private mutating func splitByExtension(_ end: RawSpan, index: RawSpan) throws(Fault) {
        guard end.byteCount > 0 else { throw .noScript }
        for offset in end.byteCount...max(path.count, end.byteCount) {
            let isSegmentEnd = offset == path.count || path.byte(at: offset) == ASCII.slash
            if isSegmentEnd, offset <= path.count, has(end, before: offset) {
                scriptCount = offset
                return
            }
        }
        guard index.byteCount > 0, path.byte(at: path.count - 1) == ASCII.slash else {
            throw .noScript
        }
        path.append(index)
        scriptCount = path.count
    }

    private func has(_ end: RawSpan, before offset: Int) -> Bool {
        for index in 0..<end.byteCount
        where path.byte(at: offset - end.byteCount + index) != end[index] {
            return false
        }
        return true
    }

    // MARK: The path

    /// Behind the authority of the absolute form. RFC 9112 §3.2.
    private static func pathStart(of target: RawSpan) throws(Fault) -> Int {
        guard target.byteCount > 0 else { throw .malformed }
        if target[0] == ASCII.slash { return 0 }
        let colon = target.firstOffset(of: ASCII.colon, in: 0..<target.byteCount)
        guard let colon, colon > 0, colon + 3 < target.byteCount,
            target[colon + 1] == ASCII.slash, target[colon + 2] == ASCII.slash
        else { throw .malformed }
        let authority = colon + 3..<target.byteCount
        // A slash behind a question mark is the query's.
        guard let slash = target.firstOffset(of: ASCII.slash, in: authority),
            target.firstOffset(of: 0x3F, in: authority.lowerBound..<slash) == nil
        else { throw .malformed }
        return slash
    }

    /// Decodes segment by segment; a segment `..` takes the one before it away.
    private static func decode(_ encoded: RawSpan, into path: inout ByteBuffer) throws(Fault) {
        var segment = 0
        var offset = 0
        while offset < encoded.byteCount {
            var byte = encoded[offset]
            offset += 1
            if byte == ASCII.slash {
                _ = try endSegment(segment, of: &path)
                path.append(ASCII.slash)
                segment = path.count
                continue
            }
            if byte == 0x25 {
                byte = try decodeByte(encoded, at: offset)
                offset += 2
                guard byte != ASCII.slash, byte != 0 else { throw .ambiguous }
            }
            guard byte > 0x1F, byte != ASCII.delete else { throw .malformed }
            path.append(byte)
        }
        if try endSegment(segment, of: &path) { path.append(ASCII.slash) }
    }

    /// Takes `.` and `..` back, with the slash before what is left out; answers whether it did.
    private static func endSegment(
        _ start: Int, of path: inout ByteBuffer
    ) throws(Fault) -> Bool {
        let dot: UInt8 = 0x2E
        let count = path.count - start
        guard count == 1 || count == 2, path.byte(at: start) == dot else { return false }
        if count == 2, path.byte(at: start + 1) != dot { return false }
        var end = start - 1
        if count == 2 {
            guard end > 0 else { throw .aboveRoot }
            repeat { end -= 1 } while path.byte(at: end) != ASCII.slash
        }
        path.truncate(to: end)
        return true
    }

    private static func decodeByte(_ encoded: RawSpan, at offset: Int) throws(Fault) -> UInt8 {
        guard offset + 1 < encoded.byteCount, let high = hexDigit(encoded[offset]),
            let low = hexDigit(encoded[offset + 1])
        else { throw .malformed }
        return high << 4 | low
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
