// SPDX-License-Identifier: Apache-2.0

import Supervision
import Testing

@Suite("An application's definition")
struct SettingTests {
    @Test("takes each setting")
    func takes() throws {
        let definition = try ApplicationDefinition(
            name: "Wiki",
            words: [
                "processes=2-8", "concurrency=3", "max-requests=1000", "max-memory=200M",
                "memory=resident", "lifetime=2h", "idle-timeout=500ms", "request-timeout=30",
                "queue=7", "queue-timeout=1m", "share=2", "watch=a", "watch=b", "umask=027",
                "log-level=warn",
                "env:A=1", "env:A=2=3", "dir=/srv", "user=nobody", "limit:nofile=1K",
                "--", "perl", "--", "x",
            ])
        #expect(definition.name == "wiki")
        #expect(definition.processes == 2...8)
        #expect(definition.concurrency == 3)
        #expect(definition.maxRequests == 1_000)
        #expect(definition.maxMemory == 200 << 20)
        #expect(definition.memoryMeasure == .resident)
        #expect(definition.lifetime == 7_200_000)
        #expect(definition.idleTimeout == 500)
        #expect(definition.requestTimeout == 30_000)
        #expect(definition.queue == 7)
        #expect(definition.queueTimeout == 60_000)
        #expect(definition.replaceable == 2)
        #expect(definition.watch == ["a", "b"])
        #expect(definition.mask == 0o27)
        #expect(definition.logLevel == .warn)
        #expect(definition.environment.map { "\($0.name) \($0.value)" } == ["A 2=3"])
        #expect(definition.command == ["perl", "--", "x"])
        #expect(definition.limits.count == 1)
    }

    @Test("replaces a quarter at once, and one at least", arguments: [(1, 1), (3, 1), (8, 2)])
    func share(most: Int, share: Int) throws {
        let words = ["processes=1-\(most)", "--", "true"]
        #expect(try ApplicationDefinition(name: "a", words: words).replaceable == share)
    }

    @Test(
        "refuses what it cannot read",
        arguments: [
            "processes=0", "processes=-1", "processes=2-", "processes=+2", "processes=3-2",
            "max-memory=18446744073709551615G", "max-memory=-1", "lifetime=99999999999999999999d",
            "idle-timeout=", "share=0", "umask=8", "umask=1000", "log-level=loud", "memory=",
            "env:=1", "limit:=1",
            "limit:nofile=x", "Processes=2", "x", "=", "",
        ])
    func refuses(word: String) {
        #expect(throws: SettingError.self) {
            try ApplicationDefinition(name: "a", words: [word, "--", "true"])
        }
    }

    @Test("needs a name and a command", arguments: ["", "-a", "a_b", "a/b", "é"])
    func needs(name: String) {
        #expect(throws: SettingError.self) { try ApplicationDefinition(name: name) }
        #expect(throws: SettingError.self) {
            try ApplicationDefinition(name: "a", words: ["queue=1"])
        }
        #expect(throws: SettingError.self) {
            try ApplicationDefinition(name: String(repeating: "a", count: 64))
        }
    }
}
