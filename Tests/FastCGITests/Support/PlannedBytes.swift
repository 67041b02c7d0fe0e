// SPDX-License-Identifier: Apache-2.0
import FastCGI

extension RequestStream {
    /// The bytes of the write that is planned, of which the caller holds the head and the window.
    func plannedBytes<Head: RandomAccessCollection>(
        head: Head, window: ArraySlice<UInt8>
    ) -> [UInt8] where Head.Element == UInt8, Head.Index == Int {
        var bytes: [UInt8] = []
        for index in 0..<plan.count {
            let range = plan.range(at: index)
            switch plan.source(at: index) {
            case .head: bytes += head[range]
            case .pending: bytes += pendingAddress[range]
            case .framing: bytes += framingAddress[range]
            case .body: bytes += window.dropFirst(range.lowerBound).prefix(range.count)
            }
        }
        return bytes
    }
}
