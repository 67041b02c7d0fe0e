// SPDX-License-Identifier: Apache-2.0
import FastCGI

/// Whatever a client asks for: the path that comes of it stays below the root.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzScriptPath(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = FuzzInput(bytes, count)
    let flags = input.byte()
    let target = input.bytes()
    let isPrefix = flags & 1 == 0
    let script = Array((isPrefix ? (flags & 2 == 0 ? "" : "/a") : ".php").utf8)
    let index = Array((flags & 4 == 0 ? "index.php" : "").utf8)
    do {
        let path = try ScriptPath(
            target: target.span.bytes, rule: isPrefix ? .prefix : .fileExtension,
            script: script.span.bytes, index: index.span.bytes)
        let whole = path.scriptName.array + path.pathInfo.array
        require(whole.first == UInt8(ascii: "/"), "a path that does not begin at the root")
        require(whole.allSatisfy { $0 > 31 && $0 != 127 }, "a control character")
        let segments = whole.split(separator: UInt8(ascii: "/"))
        require(segments.allSatisfy { !$0.elementsEqual("..".utf8) }, "a segment that leads up")
        require(segments.allSatisfy { !$0.elementsEqual(".".utf8) }, "a segment that leads nowhere")
        let name = path.scriptName.array
        require(
            isPrefix ? name.elementsEqual(script) : name.suffix(4).elementsEqual(script),
            "a script that the rule does not name")
        let query = path.query
        require(query.lowerBound >= 0 && query.upperBound <= target.count, "a query elsewhere")
    } catch {
        return 0
    }
    return 0
}
