// SPDX-License-Identifier: Apache-2.0

/// What stands behind an opaque pointer of the C interface.
///
/// The pointer is that of a small block, which names the kind of its object, so that a handle of
/// another kind, or one that was closed, is mostly noticed. Nothing else turns pointers into
/// objects.

struct Handle<Object: AnyObject> {
    private struct Block {
        var kind: UInt64
        var object: Unmanaged<Object>
    }

    let pointer: OpaquePointer

    /// Makes a handle that keeps the object alive until `close`.
    init(_ object: Object, kind: HandleKind) {
        let block = UnsafeMutablePointer<Block>.allocate(capacity: 1)
        block.initialize(to: Block(kind: kind.rawValue, object: .passRetained(object)))
        pointer = OpaquePointer(block)
    }

    /// The same in memory that the object owns and that outlives the handle.
    init(_ object: Object, kind: HandleKind, in memory: UnsafeMutableRawPointer) {
        let block = memory.bindMemory(to: Block.self, capacity: 1)
        block.initialize(to: Block(kind: kind.rawValue, object: .passRetained(object)))
        pointer = OpaquePointer(block)
    }

    /// The object behind a pointer from the host; nil when it is none of this kind.
    @inline(__always)
    static func object(_ pointer: OpaquePointer?, kind: HandleKind) -> Object? {
        guard let pointer = pointer else { return nil }
        let block = UnsafeMutablePointer<Block>(pointer)
        guard block.pointee.kind == kind.rawValue else { return nil }
        return block.pointee.object.takeUnretainedValue()
    }

    /// What an object of this kind has behind a pointer from the host, without counting a reference
    /// to it: the host keeps the handle for the time of the call.
    @inline(__always)
    static func lend<Part>(
        _ pointer: OpaquePointer?, kind: HandleKind, _ part: (Object) -> Part
    ) -> Part? {
        guard let pointer else { return nil }
        let block = UnsafeMutablePointer<Block>(pointer)
        guard block.pointee.kind == kind.rawValue else { return nil }
        return block.pointee.object._withUnsafeGuaranteedRef(part)
    }

    /// Ends a handle; answers its object for the last time.
    static func close(
        _ pointer: OpaquePointer?, kind: HandleKind, ownsMemory: Bool = true
    ) -> Object? {
        guard let pointer, object(pointer, kind: kind) != nil else { return nil }
        let block = UnsafeMutablePointer<Block>(pointer)
        block.pointee.kind = 0
        let object = block.pointee.object.takeRetainedValue()
        if ownsMemory { block.deallocate() }
        return object
    }
}

/// A number that no other memory begins with by accident.
enum HandleKind: UInt64 {
    case gateway = 0x6777_6174_6577_6179
    case backend = 0x6777_6261_636B_656E
    case request = 0x6777_7265_7175_6573
    case shared = 0x6777_6361_7061_6369
    case application = 0x6777_6170_706C_6963
    case exchange = 0x6777_6578_6368_616E
}
