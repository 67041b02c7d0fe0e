// SPDX-License-Identifier: Apache-2.0

/// How a name and a value are put on the wire. FastCGI 1.0 §3.4.
package enum NameValuePair {
    /// Lengths up to 127 take one byte, longer ones four.
    package static func lengthSize(_ length: Int) -> Int {
        length <= 127 ? 1 : 4
    }

    package static func encodedSize(nameLength: Int, valueLength: Int) -> Int {
        lengthSize(nameLength) + lengthSize(valueLength) + nameLength + valueLength
    }

    package static func encodeLength(_ length: Int, into buffer: inout ByteBuffer) {
        if length <= 127 {
            buffer.append(UInt8(truncatingIfNeeded: length))
        } else {
            buffer.append(bigEndian: UInt32(truncatingIfNeeded: length) | 0x8000_0000)
        }
    }
}
