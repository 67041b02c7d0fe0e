// SPDX-License-Identifier: Apache-2.0

import CGateway
import Glibc

/// One exchange of the library, run without blocking, so that the relay works meanwhile and Ctrl-C
/// is heard.
final class Exchange {
    private let handle: OpaquePointer
    private let relay: Relay?

    init(_ library: Library, relay: Relay?) throws(Failure) {
        var options = gateway_exchange_options()
        options.size = MemoryLayout<gateway_exchange_options>.size
        options.flags = GATEWAY_EXCHANGE_NONBLOCKING
        relay?.supply(&options)
        var opened: OpaquePointer?
        try Library.check(
            "the exchange",
            gateway_exchange_open(library.backend, library.request, &options, &opened))
        guard let opened else { throw Failure(.system, "no exchange") }
        handle = opened
        self.relay = relay
    }

    deinit {
        gateway_exchange_close(handle)
    }

    /// Hands every event to `take`, until the exchange is over.
    func run(_ take: (gateway_event) throws(Failure) -> Void) throws(Failure) -> Ending {
        var event = gateway_event()
        event.size = MemoryLayout<gateway_event>.size
        while true {
            let status = gateway_exchange_next(handle, &event)
            if status == .GATEWAY_AGAIN {
                relay?.pass()
                try wait()
                relay?.pass()
                continue
            }
            try Library.check("the exchange", status)
            if event.type == .GATEWAY_EVENT_END { break }
            try take(event)
        }
        relay?.pass()
        var result = gateway_result()
        result.size = MemoryLayout<gateway_result>.size
        try Library.check("the result", gateway_exchange_result(handle, &result))
        return Ending(result, connectingTook: relay?.connectingTook)
    }

    /// Tells the application that nobody waits for its answer any more.
    func cancel() {
        _ = gateway_exchange_cancel(handle)
        relay?.pass()
    }

    private func wait() throws(Failure) {
        var wait = gateway_wait()
        wait.size = MemoryLayout<gateway_wait>.size
        try Library.check("the wait", gateway_exchange_wait(handle, &wait))
        var polled = relay?.polled ?? []
        if wait.descriptor >= 0 {
            let events =
                (wait.interest & GATEWAY_WAIT_READ != 0 ? POLLIN : 0)
                | (wait.interest & GATEWAY_WAIT_WRITE != 0 ? POLLOUT : 0)
            polled.append(pollfd(fd: wait.descriptor, events: Int16(events), revents: 0))
        }
        let isEndless = wait.timeout_ms == GATEWAY_WAIT_FOREVER
        try Interruption.wait(polled, milliseconds: isEndless ? nil : wait.timeout_ms)
    }
}
