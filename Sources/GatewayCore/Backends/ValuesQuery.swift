// SPDX-License-Identifier: Apache-2.0

package import FastCGI
package import Platform
internal import Transport

/// Asks an application what it can do, on a connection of its own, and waits for the answer.
@safe
struct ValuesQuery: ~Copyable {
    /// An answer has three short pairs; a longer one is no answer.
    private static let maxAnswer = 1_024

    private let until: MonotonicTime
    private var connection = Connection.none
    private var input: InputBuffer
    private var content = ByteBuffer(capacity: maxAnswer)

    init(until: MonotonicTime) {
        self.until = until
        input = InputBuffer(capacity: Self.maxAnswer)
    }

    /// Nil: the application answered that it does not know the question, or not at all.
    mutating func ask(
        _ endpoint: Endpoint, isSIGPIPEIgnored: Bool
    ) throws(SystemError) -> ApplicationValues? {
        connection = try connect(endpoint)
        var question = ByteBuffer(capacity: 128)
        ApplicationValues.encodeQuestion(into: &question)
        var vector = GatherVector()
        vector.append(unsafe BorrowedBytes(question.address))
        // A socket that is just connected takes so little at once.
        if case .failed(let error) = connection.send(
            vector, isImmediate: true, isSIGPIPEIgnored: isSIGPIPEIgnored)
        {
            throw error
        }
        return try answer()
    }

    private func connect(_ endpoint: Endpoint) throws(SystemError) -> Connection {
        var connector = Connector(endpoint)
        while true {
            switch connector.step() {
            case .connected(let connection): return connection
            case .failed(let error): throw error
            case .pending(let pending):
                guard MonotonicTime.now < until else { throw .timedOut }
                _ = pending.interest.wait(
                    on: pending.descriptor, until: min(until, pending.retryAt))
            }
        }
    }

    private mutating func answer() throws(SystemError) -> ApplicationValues? {
        var reader = RecordReader()
        var type: UInt8 = 0
        while Interest.read.wait(on: connection.descriptor, until: until) != [] {
            switch unsafe connection.receive(into: input.room, isImmediate: true) {
            case .done(let count): input.received(count)
            case .wouldBlock: continue
            case .ended: return nil
            case .failed(let error): throw error
            }
            while let step = input.nextRecord(of: &reader) {
                switch step {
                case .header(let header): type = header.type
                case .content(let range):
                    guard content.count + range.count <= Self.maxAnswer else { return nil }
                    input.part(range).withSpan { content.append($0) }
                case .badVersion, .needsInput: return nil
                }
                guard reader.contentRemaining == 0 else { continue }
                let isResult = type == RecordType.getValuesResult.rawValue
                return isResult ? ApplicationValues(decoding: content.bytes) : nil
            }
        }
        throw .timedOut
    }
}

extension Backend {
    /// Asks the application at an endpoint, whose number the caller has checked, what it can do.
    package func values(
        ofEndpoint index: Int, timeout milliseconds: UInt32
    ) throws(SystemError) -> ApplicationValues? {
        let until = MonotonicTime.now.advanced(byMilliseconds: milliseconds)
        var query = ValuesQuery(until: until)
        return try query.ask(endpoint(index), isSIGPIPEIgnored: gateway.isSIGPIPEIgnored)
    }
}
