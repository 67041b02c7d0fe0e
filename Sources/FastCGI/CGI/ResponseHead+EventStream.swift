// SPDX-License-Identifier: Apache-2.0

extension ResponseHead {
    /// Whether the response is an event stream, which has no end to be waited for.
    package var isEventStream: Bool {
        let type: StaticString = "text/event-stream"
        for field in fields where bytes.equalsIgnoringCase("content-type", in: field.name) {
            let end = field.value.lowerBound + type.utf8CodeUnitCount
            guard end <= field.value.upperBound,
                bytes.equalsIgnoringCase(type, in: field.value.lowerBound..<end)
            else { return false }
            // Parameters may follow.
            return end == field.value.upperBound
                || [UInt8(ascii: ";"), ASCII.space, ASCII.tab].contains(bytes[end])
        }
        return false
    }
}
