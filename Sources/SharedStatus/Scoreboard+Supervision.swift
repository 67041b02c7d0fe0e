// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc
package import Platform

/// What the supervisor does with the scoreboard. What it reads here may have been written by any
/// host, so it is shown and counted, but no process is signalled for a number that stands here.
extension Scoreboard {
    package func set(_ settings: Settings) {
        segment.withLock {
            let concurrency = min(max(Int(settings.concurrency), 1), Self.maxConcurrency)
            unsafe common.pointee.concurrency = UInt32(concurrency)
            unsafe common.pointee.max_requests = settings.maxRequests
            unsafe common.pointee.queue_timeout = settings.queueTimeout
            unsafe common.pointee.request_timeout = settings.requestTimeout
            pool.numbers.queueLength = min(settings.queueLength, UInt32(Self.maxQueueLength))
            let capacity = concurrency * Self.slotRoom
            pool.numbers.capacity = UInt32(capacity)
            for place in capacity..<PlacePool.maxPlaces { pool.close(place) }
        }
    }

    /// How many exchanges a process is given; 0: no limit.
    package func setMaxRequests(_ count: Int) {
        segment.withLock { unsafe common.pointee.max_requests = UInt32(clamping: count) }
    }

    /// A supervisor begins: what another one left is worth nothing, as its processes ended with it.
    package func beginSupervision() {
        segment.withLock {
            for place in 0..<PlacePool.maxPlaces { pool.close(place) }
            for index in 0..<Self.slotRoom {
                unsafe slot(index).update(repeating: capr_process_slot(), count: 1)
            }
        }
    }

    /// A process was started in a slot.
    package func started(_ index: Int, process: Int32, generation: UInt32, now: MonotonicTime) {
        segment.withLock {
            var fresh = capr_process_slot()
            fresh.process = process
            fresh.state = ProcessState.starting.rawValue
            fresh.generation = generation
            fresh.started = UInt64(bitPattern: now.nanoseconds)
            unsafe slot(index).update(from: &fresh, count: 1)
        }
    }

    /// The process of a slot takes exchanges from now on.
    package func open(_ index: Int) {
        segment.withLock {
            unsafe slot(index).pointee.state = ProcessState.ready.rawValue
            openPlaces(of: index)
        }
    }

    /// The process of a slot that a host doubted is there; what it has served still counts.
    package func trust(_ index: Int) {
        segment.withLock {
            let limit = unsafe common.pointee.max_requests
            let served = unsafe slot(index).pointee.served
            unsafe slot(index).pointee.is_doubtful = 0
            if limit == 0 || served < limit { openPlaces(of: index) }
        }
    }

    private func openPlaces(of index: Int) {
        for place in places(of: index) { pool.open(place) }
        pool.admitWaiters()
    }

    /// The process of a slot takes nothing more.
    package func close(_ index: Int) {
        segment.withLock {
            closePlaces(of: index)
            unsafe slot(index).pointee.state = ProcessState.leaving.rawValue
        }
    }

    package func setState(_ state: ProcessState, of index: Int) {
        segment.withLock { unsafe slot(index).pointee.state = state.rawValue }
    }

    /// The process of a slot has ended.
    package func vacate(_ index: Int) {
        segment.withLock {
            closePlaces(of: index)
            unsafe slot(index).update(repeating: capr_process_slot(), count: 1)
        }
    }

    package func setMemory(_ bytes: UInt64, of index: Int) {
        unsafe slot(index).pointee.memory = bytes
    }

    package func setReload(generation: UInt32, reloads: UInt32, failures: UInt32) {
        segment.withLock {
            unsafe common.pointee.generation = generation
            unsafe common.pointee.reloads = reloads
            unsafe common.pointee.failures = failures
        }
    }

    /// Gives back what processes held that have ended.
    package func sweep() {
        segment.withLock { pool.sweep() }
    }

    /// A process as the scoreboard shows it.
    package struct Process: Sendable {
        package var process: Int32
        package var state: ProcessState
        package var generation: UInt32
        package var served: UInt32
        package var started: MonotonicTime
        package var memory: UInt64
        /// Of the exchange that it was given last, while it runs any.
        package var busySince: MonotonicTime?
        package var active: Int
        package var isOverdue: Bool
        /// A host has found nobody there, or got half an answer.
        package var isDoubtful: Bool
        /// A method and a path; empty where no host has said.
        package var request: String
    }

    /// Nil: there is none in this slot, whose number the caller has checked.
    package func process(_ index: Int) -> Process? {
        segment.withLock {
            let slot = unsafe slot(index)
            guard let state = ProcessState(rawValue: unsafe slot.pointee.state), state != .none
            else { return nil }
            let active = places(of: index).count { pool.isInUse($0) }
            let busySince = Int64(bitPattern: unsafe slot.pointee.busy_since)
            return Process(
                process: unsafe slot.pointee.process, state: state,
                generation: unsafe slot.pointee.generation, served: unsafe slot.pointee.served,
                started: MonotonicTime(
                    nanoseconds: Int64(bitPattern: unsafe slot.pointee.started)),
                memory: unsafe slot.pointee.memory,
                busySince: active > 0 && busySince > 0
                    ? MonotonicTime(nanoseconds: busySince) : nil,
                active: active, isOverdue: unsafe slot.pointee.is_overdue != 0,
                isDoubtful: unsafe slot.pointee.is_doubtful != 0,
                request: request(of: index))
        }
    }

    /// What the process of a slot was given last, as far as it is text.
    private func request(of index: Int) -> String {
        unsafe withUnsafeBytes(of: &slot(index).pointee.request) { bytes in
            let text = unsafe bytes.prefix(bytes.count - 1).prefix { $0 != 0 }
            var printed = unsafe String(printing: text)
            // A replacement is longer than what it stands for; cut between two characters.
            while printed.utf8.count >= bytes.count { printed.unicodeScalars.removeLast() }
            return printed
        }
    }

    /// Generation, reloads that were done, and those that failed.
    package var reloads: (generation: UInt32, done: UInt32, failed: UInt32) {
        segment.withLock {
            unsafe (common.pointee.generation, common.pointee.reloads, common.pointee.failures)
        }
    }

    /// Waits until somebody leaves a closed place, waits in the queue or is overdue.
    package func waitForAttention(otherThan seen: UInt32, milliseconds: UInt32) {
        segment.waitForAttention(otherThan: seen, milliseconds: milliseconds)
    }

    package var attention: UInt32 { segment.attention }

    package func callAttention() {
        segment.withLock { segment.callAttention() }
    }
}
