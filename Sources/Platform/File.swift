// SPDX-License-Identifier: Apache-2.0

internal import CAPR

/// Calls on regular files that outlast interruptions. Who has the descriptor owns it.
package enum File {
    /// A new file in APR's temporary directory, whose name is gone before anybody can open it.
    package static func makeTemporary() throws(SystemError) -> Int32 {
        var path: [CChar]
        do throws(APRError) {
            let pool = try MemoryPool()
            var directory: UnsafePointer<CChar>?
            let status = unsafe apr_temp_dir_get(&directory, pool.pointer)
            guard status == APR_SUCCESS, let directory = unsafe directory else {
                throw APRError(status)
            }
            path = unsafe Array((String(cString: directory) + "/gatewayXXXXXX").utf8CString)
        } catch {
            throw SystemError(number: error.status)
        }
        let descriptor = unsafe capr_make_temporary(&path)
        guard descriptor >= 0 else { throw .last }
        return descriptor
    }

    package static func close(_ descriptor: Int32) {
        _ = CAPR.close(descriptor)
    }

    /// Reads at most what the buffer holds; 0 at the end.
    package static func read(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
    ) throws(SystemError) -> Int {
        while true {
            let count = unsafe pread(descriptor, buffer.baseAddress, buffer.count, Int(offset))
            if count >= 0 { return count }
            guard SystemError.last == .interrupted else { throw .last }
        }
    }

    /// The size that the process may let a file grow to.
    package static var sizeLimit: UInt64 { capr_file_size_limit() }

    /// Writes all the bytes behind those written before.
    package static func write(
        _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer
    ) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[written...])
            let count = unsafe CAPR.write(descriptor, rest.baseAddress, rest.count)
            if count >= 0 {
                written += count
            } else if SystemError.last != .interrupted {
                throw .last
            }
        }
    }
}
