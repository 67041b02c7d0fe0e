// SPDX-License-Identifier: Apache-2.0

internal import Transport

/// Which processes of a shared listening socket are at work, where no claims tell: those that have
/// a connection open that was accepted from it.
struct AcceptedConnections {
    /// Connected, as the kernel's tables write it.
    private static let unixConnected = "03"
    private static let tcpListening = "0A"

    private let inodes: Set<UInt64>

    /// All that are open now.
    init(of socket: ListeningSocket) {
        let address = socket.endpoint.text
        var found: Set<UInt64> = []
        if address.hasPrefix("unix:") {
            let path = String(address.dropFirst(5))
            for line in Self.lines("/proc/net/unix") {
                let fields = line.split(separator: " ")
                guard fields.count >= 8, fields[5] == Self.unixConnected, fields[7] == path,
                    let inode = UInt64(fields[6])
                else { continue }
                found.insert(inode)
            }
        } else if let port = address.split(separator: ":").last.flatMap({ UInt16($0) }) {
            let digits = String(port, radix: 16, uppercase: true)
            let suffix = ":" + String(repeating: "0", count: 4 - digits.count) + digits
            for line in Self.lines("/proc/net/tcp") + Self.lines("/proc/net/tcp6") {
                let fields = line.split(separator: " ")
                guard fields.count >= 10, fields[1].hasSuffix(suffix),
                    fields[3] != Self.tcpListening, let inode = UInt64(fields[9])
                else { continue }
                found.insert(inode)
            }
        }
        inodes = found
    }

    private static func lines(_ path: String) -> [Substring] {
        (ProcessFiles.read(path) ?? "").split(separator: "\n").dropFirst().map { $0 }
    }

    func isAtWork(_ process: Int32) -> Bool {
        !inodes.isDisjoint(with: ProcessFiles.sockets(of: process))
    }
}
