// SPDX-License-Identifier: Apache-2.0

internal import CAPR
internal import Glibc

/// A thread of the library's own. It takes none of the host's signals.
@safe
package struct Thread: Sendable {
    private final class Work: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    private static let stackSize = 262_144

    private let identity: pthread_t

    package init(_ run: @escaping @Sendable () -> Void) throws(SystemError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setstacksize(&attributes, Self.stackSize)

        // A thread begins with the signal mask of the one that makes it.
        var all = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&all)
        unsafe pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }

        let work = unsafe Unmanaged.passRetained(Work(run))
        var identity = pthread_t()
        let status = unsafe pthread_create(
            &identity, &attributes,
            { pointer in
                if let pointer = unsafe pointer {
                    unsafe Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().run()
                }
                return nil
            }, work.toOpaque())
        guard status == 0 else {
            unsafe work.release()
            throw SystemError(number: status)
        }
        self.identity = identity
    }

    /// Waits until it has ended; to be called once.
    package func join() {
        _ = pthread_join(identity, nil)
    }
}
