// SPDX-License-Identifier: Apache-2.0

/// What a record is for. FastCGI 1.0 §8.
package enum RecordType: UInt8, Sendable {
    case beginRequest = 1
    case abortRequest = 2
    case endRequest = 3
    case params = 4
    case stdin = 5
    case stdout = 6
    case stderr = 7
    case data = 8
    case getValues = 9
    case getValuesResult = 10
    case unknownType = 11
}

/// What the gateway asks the application to be. FastCGI 1.0 §6.1.
package enum Role: UInt16, Sendable {
    case responder = 1
    case authorizer = 2
    case filter = 3
}
