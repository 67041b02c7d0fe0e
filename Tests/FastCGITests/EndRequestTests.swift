// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("END_REQUEST")
struct EndRequestTests {
    @Test(
        "tells the protocol status",
        arguments: [
            (0, .requestComplete), (1, .cannotMultiplex), (2, .overloaded), (3, .unknownRole),
            (4, nil), (255, nil),
        ] as [(UInt8, EndRequest.ProtocolStatus?)])
    func protocolStatus(number: UInt8, expected: EndRequest.ProtocolStatus?) {
        let end = EndRequest(decoding: UInt64(number) << 24)
        #expect(end.protocolStatus == expected)
    }

    @Test("tells the application status, and does not mind reserved bytes")
    func applicationStatus() {
        let end = EndRequest(decoding: 0x8102_0304_0009_0909)
        #expect(end.applicationStatus == 0x8102_0304)
    }
}
