// SPDX-License-Identifier: Apache-2.0

extension String {
    /// What others wrote, as text that neither a terminal nor the format of a log obeys: control
    /// characters become "?", and what is not UTF-8 becomes U+FFFD.
    package init(printing bytes: some Collection<UInt8>, keepingTabs: Bool = false) {
        self.init()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            let isKept = keepingTabs && scalar == "\t"
            unicodeScalars.append(scalar.isControl && !isKept ? "?" : scalar)
        }
    }
}

extension Unicode.Scalar {
    /// C0, DEL and C1, in which U+009B is what ESC and "[" are together.
    package var isControl: Bool { value < 0x20 || (0x7F...0x9F).contains(value) }
}
