// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("A script path")
struct ScriptPathTests {
    /// What a target is split into, as text.
    private struct Split: Equatable {
        var script: String
        var info: String
        var query: String

        init(_ script: String, _ info: String, _ query: String) {
            self.script = script
            self.info = info
            self.query = query
        }

        init(
            _ target: String, rule: ScriptPath.Rule, script: String, index: String = ""
        ) throws(ScriptPath.Fault) {
            let bytes = Array(target.utf8)
            let (name, index) = (Array(script.utf8), Array(index.utf8))
            let path = try ScriptPath(
                target: bytes.span.bytes, rule: rule, script: name.span.bytes,
                index: index.span.bytes)
            self.init(
                String(decoding: path.scriptName.array, as: UTF8.self),
                String(decoding: path.pathInfo.array, as: UTF8.self),
                String(decoding: bytes[path.query], as: UTF8.self))
        }
    }

    @Test(
        "is a prefix, and the rest is path info",
        arguments: [
            ("/", "", "", "/", ""), ("/a/b?c=d", "", "", "/a/b", "c=d"),
            ("/wiki/Page?x", "/wiki", "/wiki", "/Page", "x"), ("/wiki", "/wiki", "/wiki", "", ""),
            ("/wiki/", "/wiki/", "/wiki", "/", ""), ("/a%20b/c", "/a b", "/a b", "/c", ""),
            ("/a?b?c", "", "", "/a", "b?c"), ("/a?", "", "", "/a", ""),
            ("/a?/../b%00", "", "", "/a", "/../b%00"),
        ])
    func prefix(target: String, prefix: String, script: String, info: String, query: String) throws
    {
        let split = try Split(target, rule: .prefix, script: prefix)
        #expect(split == Split(script, info, query))
    }

    @Test("needs its prefix at a segment's end", arguments: ["/wikipedia", "/wik", "/", "/WIKI"])
    func noPrefix(target: String) {
        #expect(throws: ScriptPath.Fault.noScript) {
            try Split(target, rule: .prefix, script: "/wiki")
        }
    }

    @Test(
        "is the first segment with the extension, or the index of a folder",
        arguments: [
            ("/a.php", "/a.php", ""), ("/a.php/b/c", "/a.php", "/b/c"),
            ("/a.php/b.php", "/a.php", "/b.php"), ("/x/a.php/", "/x/a.php", "/"),
            ("/a.phpx/b.php", "/a.phpx/b.php", ""), ("/", "/index.php", ""),
            ("/x/", "/x/index.php", ""), ("/a%2Ephp/b", "/a.php", "/b"),
            ("/x/../a.php", "/a.php", ""), ("/a.php/../b.php", "/b.php", ""),
        ])
    func fileExtension(target: String, script: String, info: String) throws {
        let split = try Split(
            target + "?q", rule: .fileExtension, script: ".php", index: "index.php")
        #expect(split == Split(script, info, "q"))
    }

    @Test(
        "needs a segment with the extension", arguments: ["/a.txt", "/a.php5", "/aphp", "/a.PHP"])
    func noExtension(target: String) {
        #expect(throws: ScriptPath.Fault.noScript) {
            try Split(target, rule: .fileExtension, script: ".php", index: "index.php")
        }
    }

    @Test("needs an index for a folder", arguments: ["/", "/x/"])
    func noIndex(target: String) {
        #expect(throws: ScriptPath.Fault.noScript) {
            try Split(target, rule: .fileExtension, script: ".php")
        }
    }

    @Test(
        "is free of dot segments, also encoded ones",
        arguments: [
            ("/a/./b", "/a/b"), ("/./a", "/a"), ("/a/.", "/a/"), ("/a/b/..", "/a/"),
            ("/a/../b", "/b"), ("/a/b/../../c", "/c"), ("/a/%2e%2E/b", "/b"), ("/a/%2e/b", "/a/b"),
            ("/a/.%2e/b", "/b"), ("/...", "/..."), ("/a/..b", "/a/..b"), ("/a/b..", "/a/b.."),
            ("/.a", "/.a"), ("//a", "//a"), ("/a//../b", "/a/b"), ("/..a/.b", "/..a/.b"),
            ("/a/..%20", "/a/.. "), ("/.", "/"), ("/a/..", "/"),
        ])
    func dotSegments(target: String, path: String) throws {
        #expect(try Split(target, rule: .prefix, script: "") == Split("", path, ""))
    }

    @Test(
        "never leads above the root",
        arguments: ["/..", "/../a", "/a/../..", "/a/../../b", "/%2e%2e/a", "/.%2E", "/./.."])
    func aboveRoot(target: String) {
        #expect(throws: ScriptPath.Fault.aboveRoot) {
            try Split(target, rule: .prefix, script: "")
        }
    }

    @Test(
        "decodes once",
        arguments: [
            ("/%41", "/A"), ("/%2541", "/%41"), ("/%c3%A9", "/é"), ("/%3F%23", "/?#"),
            ("/a+b", "/a+b"),
        ])
    func decodes(target: String, path: String) throws {
        #expect(try Split(target, rule: .prefix, script: "") == Split("", path, ""))
    }

    @Test("refuses an encoded slash or NUL", arguments: ["/a%2Fb", "/a%2fb", "/%00", "/..%2f"])
    func ambiguous(target: String) {
        #expect(throws: ScriptPath.Fault.ambiguous) {
            try Split(target, rule: .prefix, script: "")
        }
    }

    @Test(
        "refuses what is no target",
        arguments: [
            "", "*", "a", "a/b", "?a", "/%", "/%4", "/%4g", "/%g4", "/a%", "/%0A", "/%7f", "/\u{1}",
            "/a\nb", "http:", "http:/a", "http://a", "://a/", "example.com:80", "http://a?b=/c",
        ])
    func malformed(target: String) {
        #expect(throws: ScriptPath.Fault.malformed) {
            try Split(target, rule: .prefix, script: "")
        }
    }

    @Test(
        "is read behind the authority of an absolute target",
        arguments: [
            ("http://a/", "/", ""), ("http://a:80/b/c?d=/e", "/b/c", "d=/e"),
            ("https://[::1]:8443/x", "/x", ""),
        ])
    func absoluteForm(target: String, path: String, query: String) throws {
        #expect(try Split(target, rule: .prefix, script: "") == Split("", path, query))
    }
}
