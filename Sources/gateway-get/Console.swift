// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Standard error: what is told of the exchange beside its answer. Nobody who cannot be told ends
/// the program.
final class Console {
    let isVerbose: Bool
    private let output: Output

    init(isVerbose: Bool, descriptor: Int32 = STDERR_FILENO) {
        self.isVerbose = isVerbose
        output = Output(
            descriptor: descriptor, name: "the output's descriptor", isInterruptible: false)
    }

    func tell(_ line: String) {
        try? output.write(line + "\n")
    }

    func tell(_ failure: Failure) {
        if !failure.message.isEmpty { tell("gateway-get: " + failure.message) }
    }

    /// A line that only -v shows.
    func remark(_ line: @autoclosure () -> String) {
        if isVerbose { tell(line()) }
    }

    /// What the application wrote to STDERR: as it is, but harmless on a terminal.
    func pass(_ bytes: UnsafeRawBufferPointer) {
        if output.isTerminal {
            try? output.write(String(escaping: bytes, keeping: ["\n", "\t"]))
        } else {
            try? output.write(bytes)
        }
    }
}
