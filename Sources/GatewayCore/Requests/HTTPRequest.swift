// SPDX-License-Identifier: Apache-2.0

package import FastCGI
package import Transport

/// An HTTP request as a server knows it. Empty bytes stand for what is not known.
package struct HTTPRequest {
    package struct Field {
        package var name: BorrowedBytes
        package var value: BorrowedBytes

        package init(name: BorrowedBytes, value: BorrowedBytes) {
            self.name = name
            self.value = value
        }
    }

    package static let maxFields = 1_000

    package var method = BorrowedBytes.none
    package var target = BorrowedBytes.none
    package var httpVersion = BorrowedBytes.none
    package var fields: [Field] = []
    package var rule = ScriptPath.Rule.prefix
    package var script = BorrowedBytes.none
    package var index = BorrowedBytes.none
    package var documentRoot = BorrowedBytes.none
    package var scriptFilename = BorrowedBytes.none
    package var serverName = BorrowedBytes.none
    package var serverAddress = BorrowedBytes.none
    package var serverPort: UInt32 = 0
    package var remotePort: UInt32 = 0
    package var remoteAddress = BorrowedBytes.none
    package var remoteUser = BorrowedBytes.none
    package var authType = BorrowedBytes.none
    package var serverSoftware = BorrowedBytes.none
    package var isSecure = false
    package var passesAuthorization = false
    package var streamsBody = false

    package init() {}
}
