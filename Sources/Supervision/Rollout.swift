// SPDX-License-Identifier: Apache-2.0

internal import Platform

/// A reload under way: a new generation of processes takes over from those before it.
struct Rollout {
    let began: MonotonicTime
    /// What is gone back to when the new generation cannot start.
    let previous: (generation: UInt32, definition: ApplicationDefinition)
    /// Who waits to hear how it went.
    var waiting: [ControlServer.Client] = []
}
