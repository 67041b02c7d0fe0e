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
        for seed in 0..<20 {
            var random = RepeatableGenerator(seed: UInt64(seed))
            let bytes = (0..<20 * (seed + 1)).map { _ in UInt8.random(in: 0...255, using: &random) }
            try write(bytes, root, "request_head", seed)
            try write(bytes, root, "request_stream", seed)
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
