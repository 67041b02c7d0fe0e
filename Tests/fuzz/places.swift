// SPDX-License-Identifier: Apache-2.0
import CAPR
@testable import SharedStatus

/// Whatever processes do with the places of an application, and whenever they die: no place has two
/// owners, the oldest waiter gets the next one, and who waits is counted.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPlaces(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var input = FuzzInput(bytes, count)
    let model = Model(
        capacity: 1 + Int(input.byte() & 3), queueLength: Int(input.byte() & 7))
    defer { model.memory.deallocate() }
    while !input.isEmpty {
        model.act(input.byte(), on: Int(input.byte()))
        model.check()
    }
    return 0
}

/// What is to be expected of a pool, beside the pool.
private final class Model {
    /// A place that somebody has.
    struct Holding {
        var place: Int
        var process: Int32
        var isIdle = false
    }

    /// Where somebody waits, and whether the turn has come.
    struct Waiting {
        var waiter: Int
        var process: Int32
        var place: Int?
    }

    /// Two that live, and two whose numbers no process can have: they died with what they had.
    static let processes = [getpid(), 1, 0x7FFF_0001, 0x7FFF_0002]

    let memory = UnsafeMutableRawPointer.allocate(byteCount: PlacePool.size, alignment: 64)
    let pool: PlacePool
    var capacity: Int
    let queueLength: Int
    var holdings: [Holding] = []
    /// The oldest first.
    var queue: [Waiting] = []

    init(capacity: Int, queueLength: Int) {
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: PlacePool.size)
        pool = PlacePool(memory)
        self.capacity = capacity
        self.queueLength = queueLength
        pool.numbers.capacity = UInt32(capacity)
        pool.numbers.queueLength = UInt32(queueLength)
    }

    private var waiting: [Waiting] { queue.filter { $0.place == nil } }

    private var taken: Set<Int> {
        Set(holdings.map(\.place) + queue.compactMap(\.place))
    }

    func act(_ command: UInt8, on number: Int) {
        let process = Self.processes[number & 3]
        switch command & 7 {
        case 0, 1: enter(process)
        case 2 where !queue.isEmpty: takeTurn(number % queue.count)
        case 3 where !queue.isEmpty: giveUp(number % queue.count)
        case 4 where !holdings.isEmpty:
            pool.leave(holdings.remove(at: number % holdings.count).place)
            admit()
        case 5 where !holdings.isEmpty: restOrResume(number % holdings.count)
        case 6: sweep()
        case 7: changeCapacity(number)
        default: break
        }
    }

    private func enter(_ process: Int32) {
        let isFree = taken.filter { $0 < capacity }.count < capacity && waiting.isEmpty
        if let place = pool.takeFree(for: process) {
            require(isFree, "a place is given that others wait for")
            require(place < capacity && !taken.contains(place), "a place that is not free")
            holdings.append(Holding(place: place, process: process))
        } else {
            require(!isFree, "a free place is not given")
            let isFull = waiting.count >= queueLength
            if let waiter = pool.enqueue(process) {
                require(!isFull, "more wait than may")
                require(!queue.contains { $0.waiter == waiter }, "two wait in one place")
                queue.append(Waiting(waiter: waiter, process: process))
                if pool.askForIdle(on: waiter) {
                    require(holdings.contains(where: \.isIdle), "nobody has an idle one")
                }
            } else {
                require(isFull, "a queue is full before its time")
            }
        }
    }

    private func takeTurn(_ index: Int) {
        let place = pool.takeTurn(queue[index].waiter)
        require(place == queue[index].place, "another turn than is due")
        guard let place else { return }
        holdings.append(Holding(place: place, process: queue.remove(at: index).process))
    }

    private func giveUp(_ index: Int) {
        let waiting = queue.remove(at: index)
        pool.forget(waiting.waiter)
        if waiting.place != nil { admit() }
    }

    private func restOrResume(_ index: Int) {
        if holdings[index].isIdle {
            require(pool.resume(holdings[index].place) == waiting.isEmpty, "who waits comes first")
            holdings[index].isIdle = false
        } else {
            let rests = pool.rest(holdings[index].place)
            require(rests == waiting.isEmpty, "a place is kept that others wait for")
            holdings[index].isIdle = rests
        }
    }

    /// Everything of the dead is given back before anybody gets it.
    private func sweep() {
        let living = Self.processes.prefix(2)
        holdings.removeAll { !living.contains($0.process) }
        queue.removeAll { !living.contains($0.process) }
        pool.sweep()
        admit()
    }

    private func changeCapacity(_ number: Int) {
        capacity = 1 + number & 7
        pool.numbers.capacity = UInt32(capacity)
    }

    /// Free places go to the oldest; which place it is, the pool decides.
    private func admit() {
        for index in queue.indices where queue[index].place == nil {
            let used = taken
            guard used.filter({ $0 < capacity }).count < capacity else { return }
            guard let place = pool.turn(of: queue[index].waiter) else {
                fatalError("the oldest does not get the free place")
            }
            require(place < capacity && !used.contains(place), "a place is given twice")
            queue[index].place = place
        }
    }

    func check() {
        require(Int(pool.numbers.waiting) == waiting.count, "who waits is miscounted")
        for waiter in queue {
            require(pool.turn(of: waiter.waiter) == waiter.place, "a turn before its time")
        }
        let idle = holdings.count(where: \.isIdle)
        require(pool.idleCount == idle, "idle places are miscounted")
        require(pool.activeCount == taken.count - idle, "places in use are miscounted")
        require(taken.count == holdings.count + queue.count { $0.place != nil }, "two own a place")
    }
}
