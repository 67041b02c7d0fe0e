// SPDX-License-Identifier: Apache-2.0

import FastCGI
import Testing

@testable import GatewayCore

@Suite("The content of a request")
struct RequestContentTests {
    @Test("is kept for the next request unless its memory is large", arguments: [60_000, 70_000])
    func memory(size: Int) throws {
        var content = RequestContent(options: BackendOptions())
        let value = [UInt8](repeating: 0x76, count: size)
        try content.append(name: value.span.bytes.extracting(0..<1), value: value.span.bytes)
        let isKept = content.rest()
        #expect(isKept == (size < 65_536))
        let capacity = content.head.capacity
        #expect(capacity > size)
    }
}
