// SPDX-License-Identifier: Apache-2.0

internal import Platform
internal import SharedStatus
internal import Synchronization

/// The state of a backend in this process: a child that was forked gets a fresh one at its first
/// use, since the parent's locks may be held for ever in it. Used by any thread.
final class ProcessLocal: Sendable {
    private let options: BackendOptions
    private let endpointCount: Int
    private let application: Scoreboard?
    /// The address of a retained state.
    private let current: Atomic<UInt>
    private let generation: Atomic<UInt32>

    private let bell: MaintenanceBell

    init(
        options: BackendOptions, endpointCount: Int, application: Scoreboard?,
        bell: MaintenanceBell
    ) {
        self.bell = bell
        self.options = options
        self.endpointCount = endpointCount
        self.application = application
        generation = Atomic(ForkGeneration.current)
        let first = BackendState(
            options: options, endpointCount: endpointCount, application: application, bell: bell)
        current = Atomic(Self.retain(first))
    }

    deinit {
        Self.release(current.load(ordering: .acquiring))
    }

    var state: BackendState {
        let address = current.load(ordering: .acquiring)
        if generation.load(ordering: .acquiring) == ForkGeneration.current {
            return Self.object(address)
        }
        return replace(address)
    }

    /// The first thread of the child that comes here puts a fresh state in place.
    private func replace(_ inherited: UInt) -> BackendState {
        let fresh = Self.retain(
            BackendState(
                options: options, endpointCount: endpointCount, application: application,
                bell: bell))
        let exchange = current.compareExchange(
            expected: inherited, desired: fresh, ordering: .acquiringAndReleasing)
        guard exchange.exchanged else {
            Self.release(fresh)
            return Self.object(exchange.original)
        }
        generation.store(ForkGeneration.current, ordering: .releasing)
        // The inherited state itself is left alone: its memory is that of the parent's threads.
        Self.object(inherited).disown()
        return Self.object(fresh)
    }

    private static func retain(_ state: BackendState) -> UInt {
        UInt(bitPattern: unsafe Unmanaged.passRetained(state).toOpaque())
    }

    private static func release(_ address: UInt) {
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: address) else { return }
        unsafe Unmanaged<BackendState>.fromOpaque(pointer).release()
    }

    private static func object(_ address: UInt) -> BackendState {
        let pointer = unsafe UnsafeRawPointer(bitPattern: address)
        // Never 0: only `retain` makes these addresses.
        return unsafe Unmanaged<BackendState>.fromOpaque(pointer.unsafelyUnwrapped)
            .takeUnretainedValue()
    }
}
