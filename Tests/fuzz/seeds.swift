// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Writes what the fuzzers begin with, a folder for each: mostly the transcripts.
@main
enum Seeds {
    static func main() throws {
        let root = URL(filePath: CommandLine.arguments[1])
        for (index, transcript) in try Transcript.all().enumerated() {
            let flags =
                (transcript.request.isHead ? 1 : 0) | (transcript.isClosed ? 2 : 0)
                | (transcript.request.id == 2 ? 4 : 0)
            let bytes = transcript.bytes
            try write([UInt8(flags), 1, 2] + bytes, root, "response_reader", index)
            try write([1, 2] + bytes, root, "record_reader", index)
            let stdout = WireRecord.decode(bytes)?.filter { $0.type == 6 }.flatMap(\.content)
            try write([1, 2, 0] + (stdout ?? []), root, "response_head", index)
        }
        let targets = [
            "/a/../b?c=/d", "/%2e%2e/x", "http://a:80/b.php/c?d", "/a/b.php/", "/./a%20/%C3%A9",
            "*", "/a%2f..%2fb", "/..%2F", "/%00", "/a/%2e/.%2e/..", "//../", "http://a?/../b",
            "/b%2F..%2Fc",
        ]
        for (index, target) in targets.enumerated() {
            try write([UInt8(index)] + Array(target.utf8), root, "script_path", index)
        }
        try writeExchanges(root)
        try writeAddresses(root)
        try writeHTTPRequests(root)
        // The dead had two turns; one was given back again after another had got it.
        let dead: [UInt8] =
            [1, 7] + [0, 0, 0, 0] + [0, 2, 0, 2] + [0, 0, 0, 0] + [4, 0, 4, 0, 6, 0]
        try write(dead, root, "places", 20)
        for seed in 0..<20 {
            var random = RepeatableGenerator(seed: UInt64(seed))
            let bytes = (0..<20 * (seed + 1)).map { _ in UInt8.random(in: 0...255, using: &random) }
            try write(bytes, root, "request_head", seed)
            try write(bytes, root, "request_stream", seed)
            try write(bytes, root, "places", seed)
        }
    }

    /// Commands of the fuzzer: a body is offered and written, and the answer to it comes.
    private static func writeExchanges(_ root: URL) throws {
        let all: [UInt8] = [255, 255]
        let request = [0] + all + [2] + all
        let head: [UInt8] = [8, 0, 0]
        let body: [UInt8] = [10, 0, 20]
        let end: [UInt8] = [12, 0, 0, 6] + all
        let close: [UInt8] = [15, 0, 0, 6] + all
        let whole = [1, 200] + request + head + body + end
        let sequences: [[UInt8]] = [
            whole, whole + whole + whole, [0, 0] + request + head + body + close,
            [0, 0] + request + [9, 0, 20] + body + close,
            whole + [0, 5] + request + [13, 0, 3] + head + end,
            [15, 0] + [0] + all + [5, 0, 0, 3, 0, 9, 2] + all + head + end,
            [0, 9] + request + head + [11, 0, 1, 11, 0, 1] + end,
        ]
        for (index, sequence) in sequences.enumerated() {
            try write(sequence, root, "exchange", index)
        }
    }

    private static func writeAddresses(_ root: URL) throws {
        let addresses = [
            "unix:/run/a.sock", "unix:@name", "tcp:127.0.0.1:9000", "tcp:[::1]:65535",
            "unix:/a b unix:/c tcp:127.0.0.1:1", "tcp:name:80", "tcp:/a:80", "tcp:127.0.0.1:+80",
            "unix:/" + String(repeating: "a", count: 106), "tcp:[::1:80", "tcp:127.0.0.1:65536",
        ]
        for (index, address) in addresses.enumerated() {
            try write(Array(address.utf8), root, "address", index)
        }
    }

    /// Flags with the number of fields, then for each the number of its name and its value.
    private static func writeHTTPRequests(_ root: URL) throws {
        func fields(_ kinds: UInt8...) -> [UInt8] {
            kinds.flatMap { [$0, 3] + Array("a b".utf8) }
        }
        func target(_ text: String) -> [UInt8] { Array(text.utf8) }
        let requests: [[UInt8]] = [
            [4 * 3 + 2] + fields(0, 2, 3) + target("/a/b.php/c?d=e"),
            [4 * 4] + fields(1, 5, 5, 6) + target("/b.php/c?d"),
            [4 * 5 + 3] + fields(7, 8, 9, 10, 11) + target("/"),
            // X-A with its hyphen's bit turned, behind X-A and before it.
            [4 * 2 + 2] + fields(2) + [66, 1, 5, 1, 122] + target("/a"),
            [4 * 2 + 2] + [66, 1, 5, 1, 122] + fields(2) + target("/a"),
        ]
        for (index, request) in requests.enumerated() {
            try write(request, root, "http_request", index)
        }
    }

    private static func write(
        _ bytes: [UInt8], _ root: URL, _ target: String, _ number: Int
    ) throws {
        let folder = root.appending(path: target)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: folder.appending(path: "seed-\(number)"))
    }
}
