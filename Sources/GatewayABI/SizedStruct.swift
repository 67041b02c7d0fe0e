// SPDX-License-Identifier: Apache-2.0

internal import CGateway

/// A struct of the C interface that begins with its size, so that it can grow: a host built with
/// an older header hands in fewer bytes, one with a newer header more.
protocol SizedStruct {
    /// All fields 0, which stand for the defaults.
    init()
    var size: Int { get set }
}

extension gateway_options: SizedStruct {}
extension gateway_backend_options: SizedStruct {}
extension gateway_exchange_options: SizedStruct {}
extension gateway_callbacks: SizedStruct {}
extension gateway_event: SizedStruct {}
extension gateway_wait: SizedStruct {}
extension gateway_result: SizedStruct {}

extension SizedStruct {
    /// Reads what of the struct is there; the defaults for NULL; nil when its size cannot be.
    init?(reading pointer: UnsafePointer<Self>?) {
        self.init()
        guard let pointer = pointer else { return }
        let given = UnsafeRawPointer(pointer).load(as: Int.self)
        guard Self.isPlausible(given) else { return nil }
        withUnsafeMutableBytes(of: &self) { bytes in
            bytes.copyMemory(
                from: UnsafeRawBufferPointer(start: pointer, count: min(given, bytes.count)))
        }
    }

    /// Whether the host's struct can be written to.
    static func isWritable(_ pointer: UnsafeMutablePointer<Self>?) -> Bool {
        guard let pointer = pointer else { return false }
        return isPlausible(UnsafeRawPointer(pointer).load(as: Int.self))
    }

    /// Writes what the host's struct has room for, and leaves its size.
    func write(to pointer: UnsafeMutablePointer<Self>?) {
        guard let pointer = pointer else { return }
        var copy = self
        let given = UnsafeRawPointer(pointer).load(as: Int.self)
        copy.size = given
        withUnsafeBytes(of: &copy) { bytes in
            let room = UnsafeMutableRawBufferPointer(
                start: pointer, count: min(given, bytes.count))
            room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<room.count]))
        }
    }

    /// At least the size itself, and not so large that it is no size.
    private static func isPlausible(_ size: Int) -> Bool {
        size >= MemoryLayout<Int>.size && size <= 65_536
    }
}
