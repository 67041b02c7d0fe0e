// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform

/// One direction of a relay: reads, shows and writes bytes, and never holds more than a buffer.
struct RelayDirection {
    enum Progress {
        case goesOn
        case sourceEnded
        case sourceFailed
        case targetFailed
    }

    let trace: RecordTrace
    private let source: Int32
    private let target: Int32
    private var buffer = [UInt8](repeating: 0, count: 65536)
    private var waiting = 0..<0
    private var isOpen = true

    init(from source: Int32, to target: Int32, _ trace: RecordTrace) {
        self.source = source
        self.target = target
        self.trace = trace
    }

    /// What the next call waits for.
    var polled: [pollfd] {
        guard isOpen else { return [] }
        return waiting.isEmpty
            ? [pollfd(fd: source, events: Int16(POLLIN), revents: 0)]
            : [pollfd(fd: target, events: Int16(POLLOUT), revents: 0)]
    }

    /// Reads nothing and writes nothing any more.
    mutating func stop() {
        isOpen = false
    }

    /// Passes on all that goes without waiting. How it ends is told once.
    mutating func pass() -> Progress {
        while isOpen {
            if waiting.isEmpty {
                let count = recv(source, &buffer, buffer.count, 0)
                if count < 0, isTransient { return .goesOn }
                guard count > 0 else {
                    trace.end(count < 0 ? .last : nil)
                    isOpen = false
                    return count == 0 ? .sourceEnded : .sourceFailed
                }
                waiting = 0..<count
                trace.read(buffer.span.bytes.extracting(waiting))
            }
            let count = buffer.withUnsafeBytes { bytes in
                let rest = UnsafeRawBufferPointer(rebasing: bytes[waiting])
                return send(target, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, isTransient { return .goesOn }
            guard count >= 0 else {
                trace.remark("not passed on: " + SystemError.last.text)
                isOpen = false
                return .targetFailed
            }
            waiting.removeFirst(count)
        }
        return .goesOn
    }

    private var isTransient: Bool {
        SystemError.last == .wouldBlock || SystemError.last == .interrupted
    }
}
