// SPDX-License-Identifier: Apache-2.0

// Processor time of the FastCGI layer alone for one small request, without a connection: its params
// are encoded, its writes planned, its answer parsed.
//
//     fastcgi-cost REQUEST ANSWER COUNT
//
// REQUEST and ANSWER are files with the bytes of one exchange. Prints the nanoseconds of each part.

import FastCGI
import Glibc

/// A parameter as bytes of the request.
struct Param {
    var name: Range<Int>
    var value: Range<Int>
}

/// The bytes of one exchange.
struct Sample {
    let request: [UInt8]
    let answer: [UInt8]
    let params: [Param]

    init(request: [UInt8], answer: [UInt8]) {
        self.request = request
        self.answer = answer
        params = Self.params(of: request)
    }

    /// The pairs of the PARAMS record, which stands behind BEGIN_REQUEST; all are short.
    private static func params(of request: [UInt8]) -> [Param] {
        var params: [Param] = []
        let start = 16 + RecordHeader.size
        let end = start + Int(request[20]) << 8 + Int(request[21])
        var position = start
        while position < end {
            let name = position + 2..<position + 2 + Int(request[position])
            let value = name.upperBound..<name.upperBound + Int(request[position + 1])
            params.append(Param(name: name, value: value))
            position = value.upperBound
        }
        return params
    }
}

struct Cost: ~Copyable {
    var head = RequestHead(limit: 1_048_576)
    var stream = RequestStream()
    var reader = ResponseReader(limits: ExchangeLimits())
    /// What came out, so that nothing is left out by the compiler.
    var sum = 0

    @inline(never)
    mutating func encode(_ sample: Sample) {
        head.clear()
        let bytes = sample.request.span.bytes
        for param in sample.params {
            do {
                try head.append(
                    name: bytes.extracting(param.name), value: bytes.extracting(param.value))
            } catch {
                fatalError("\(error)")
            }
        }
        head.finish(requestID: 1, role: .responder, keepConnection: true)
        sum &+= head.count
    }

    @inline(never)
    mutating func plan(_ sample: Sample) {
        stream.begin(requestID: 1, headCount: head.count)
        stream.planWrite(window: 0, isLast: true)
        sum &+= stream.sent(stream.plan.size)
    }

    @inline(never)
    mutating func parse(_ sample: Sample) {
        reader.begin(requestID: 1, previousID: 2, isHeadRequest: false)
        let answer = sample.answer.span.bytes
        var position = 0
        while true {
            switch reader.next(answer, at: &position) {
            case .head: sum &+= reader.head.fields.count
            case .body(let range), .stderr(let range): sum &+= range.count
            case .end:
                sum &+= reader.isReusable(unread: answer.byteCount - position) ? 1 : 0
                return
            case .interim, .needsInput: fatalError("the answer is not whole")
            }
        }
    }

    mutating func measure(
        _ name: String, _ sample: Sample, _ count: Int, _ work: (inout Cost, Sample) -> Void
    ) {
        let start = userTime()
        for _ in 0..<count { work(&self, sample) }
        print(name, Int((userTime() - start) / Double(count) * 1e9))
    }
}

func userTime() -> Double {
    var usage = rusage()
    // RUSAGE_SELF, which glibc declares as a type of its own.
    getrusage(0, &usage)
    return Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
}

func contents(of path: String) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let descriptor = open(path, O_RDONLY)
    let count = read(descriptor, &bytes, bytes.count)
    guard count > 0 else { fatalError("nothing in \(path)") }
    return Array(bytes.prefix(count))
}

let arguments = CommandLine.arguments
guard arguments.count == 4, let count = Int(arguments[3]) else {
    fatalError("usage: fastcgi-cost REQUEST ANSWER COUNT")
}
let sample = Sample(request: contents(of: arguments[1]), answer: contents(of: arguments[2]))
var cost = Cost()
cost.encode(sample)
guard cost.head.count + RecordHeader.size == sample.request.count else {
    fatalError("not the request that the library sends")
}
cost.measure("encode", sample, count) { $0.encode($1) }
cost.measure("plan", sample, count) { $0.plan($1) }
cost.measure("parse", sample, count) { $0.parse($1) }
print("sum", cost.sum)
