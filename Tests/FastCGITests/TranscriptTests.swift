// SPDX-License-Identifier: Apache-2.0
import FastCGI
import Testing

@Suite("Transcripts of responses")
struct TranscriptTests {
    private static let all = Result { try Transcript.all() }
    private static let readable = (try? all.get()) ?? []

    @Test("are there and can be read")
    func areThere() throws {
        #expect(try Self.all.get().count >= 60)
    }

    @Test("give their events, whole and split at every byte", arguments: readable)
    func run(transcript: Transcript) {
        let whole = ResponseTrace(
            [transcript.bytes], closed: transcript.isClosed, request: transcript.request,
            limits: transcript.limits)
        #expect(whole == transcript.expected)
        for (place, pieces) in transcript.bytes.allSplits.enumerated() {
            let split = ResponseTrace(
                pieces, closed: transcript.isClosed, request: transcript.request,
                limits: transcript.limits)
            #expect(split == whole, "split \(place + 1) of \(transcript.bytes.count)")
        }
    }

    @Test("give the same events when one reader reads them all, one after the other")
    func runInOneReader() {
        var reader = ResponseReader(limits: ExchangeLimits())
        for transcript in Self.readable where transcript.limits == ExchangeLimits() {
            let trace = ResponseTrace(
                [transcript.bytes], closed: transcript.isClosed, request: transcript.request,
                reader: &reader)
            #expect(trace == transcript.expected, "\(transcript.title)")
        }
    }
}

extension Transcript: CustomTestStringConvertible {
    var testDescription: String { title }
}
