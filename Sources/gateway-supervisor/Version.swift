// SPDX-License-Identifier: Apache-2.0

import CGateway

/// The version of the package that the program was built with.
enum Version {
    static let text =
        "\(GATEWAY_VERSION_MAJOR).\(GATEWAY_VERSION_MINOR).\(GATEWAY_VERSION_PATCH)"
}
