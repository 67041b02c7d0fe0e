// SPDX-License-Identifier: Apache-2.0

import Glibc
import Platform
import Testing
import Transport

@testable import Supervision

@Suite("A process that leaves a shared socket")
struct DrainTests {
    /// Accepts from descriptor 0, and answers each byte's connection with another byte.
    private static let application = """
        while (accept(my $one, STDIN)) {
            sysread($one, my $byte, 1);
            syswrite($one, 'x');
            close $one;
        }
        """

    @Test("is at rest at once where it only waits, and ends when it is told to")
    func idle() throws {
        let served = try Served()
        let drain = served.drain()
        #expect(holds { drain.stage == .atRest })
        #expect(served.end(drain) == SIGTERM)
    }

    @Test("finishes the connection that it has, and accepts no other")
    func busy() throws {
        let served = try Served()
        let first = try served.connectAccepted()
        let drain = served.drain()
        let second = try served.connect()
        usleep(50_000)
        #expect(drain.stage == .working)
        var byte: UInt8 = 0
        #expect(unsafe write(first, &byte, 1) == 1)
        #expect(holds { unsafe read(first, &byte, 1) == 1 })
        #expect(byte == UInt8(ascii: "x"))
        #expect(holds { drain.stage == .atRest })
        #expect(served.end(drain) == SIGTERM)
        #expect(served.socket.hasPending)
        _ = close(first)
        _ = close(second)
    }

    @Test("is seen to have ended by whoever follows it")
    func killed() throws {
        let served = try Served()
        let first = try served.connectAccepted()
        let drain = served.drain()
        #expect(holds { served.isFollowed })
        _ = kill(served.process, SIGKILL)
        #expect(holds { drain.endStatus == SIGKILL })
        _ = close(first)
    }

    @Test("is not followed when it has ended")
    func ended() throws {
        let served = try Served()
        _ = kill(served.process, SIGKILL)
        #expect(holds { ProcessID.hasEnded(served.process) })
        let drain = served.drain()
        #expect(holds { drain.stage == .refused(SystemError(number: ESRCH)) })
        #expect(!drain.isFollowing)
        var status: Int32 = 0
        #expect(unsafe waitpid(served.process, &status, 0) == served.process)
    }

    #if arch(x86_64)
        @Test("leaves behind what it has cloned, which nobody waits for")
        func cloned() throws {
            let served = try Served(
                """
                accept(my $one, STDIN); sysread($one, my $byte, 1);
                my $child = syscall(56, 0, 0, 0, 0, 0);
                if (!$child) { sleep 20; exit }
                syswrite($one, pack('l', $child)); sleep 20;
                """)
            let first = try served.connectAccepted()
            var drain: Drain? = served.drain()
            #expect(holds { served.isFollowed })
            var child: Int32 = 0
            #expect(unsafe write(first, &child, 1) == 1)
            #expect(holds { unsafe read(first, &child, 4) == 4 })
            _ = kill(served.process, SIGKILL)
            #expect(holds { drain?.endStatus == SIGKILL })
            drain = nil
            // Else it was waited for.
            #expect(child > 1 && !ProcessID.hasEnded(child))
            if child > 1 { _ = kill(child, SIGKILL) }
            _ = close(first)
        }
    #endif

    /// An application at a socket of its own.
    private struct Served {
        let path = "/tmp/gateway-drain-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let socket: ListeningSocket
        let process: Int32
        let attention: Signal

        init(_ application: String = DrainTests.application) throws {
            socket = try ListeningSocket("unix:\(path)")
            attention = try Signal()
            let spawner = Spawner(
                arguments: ["perl", "-e", application], environment: [],
                descriptors: [socket.descriptor, 1, 2])
            process = try spawner.start()
        }

        func drain() -> Drain { Drain(process, from: socket, attention: attention) }

        var isFollowed: Bool {
            let status = ProcessFiles.read("/proc/\(process)/status") ?? []
            return !String(decoding: status, as: UTF8.self).contains("TracerPid:\t0\n")
        }

        func connect() throws -> Int32 {
            var connector = Connector(socket.endpoint)
            guard case .connected(let connection) = connector.step() else {
                throw SystemError(number: ECONNREFUSED)
            }
            return dup(connection.descriptor)
        }

        func connectAccepted() throws -> Int32 {
            let descriptor = try connect()
            #expect(holds { !socket.hasPending })
            return descriptor
        }

        /// Tells it to end, until it does; the signal that it ended with.
        func end(_ drain: Drain) -> Int32? {
            defer { unlink(path) }
            _ = kill(process, SIGTERM)
            drain.interrupt()
            return holds { drain.endStatus != nil } ? drain.endStatus : nil
        }
    }
}

/// Whether it holds within some seconds.
private func holds(_ condition: () -> Bool) -> Bool {
    for _ in 0..<10_000 {
        if condition() { return true }
        usleep(1_000)
    }
    return false
}
