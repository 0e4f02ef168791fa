import CFuzz
import Glibc

/// A file in memory that a descriptor names: what the parser gets instead of a path. Closed with the object.
final class MemoryFile {
    let descriptor: Int32

    /// An empty file, or one with `bytes`; `nil` when the system refuses.
    init?(_ bytes: [UInt8] = []) {
        descriptor = fuzz_memory_file()
        guard descriptor >= 0 else { return nil }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { return nil }
            written += count
        }
    }

    /// What is in the file now.
    var contents: [UInt8] {
        let size = Int(lseek(descriptor, 0, SEEK_END))
        return [UInt8](unsafeUninitializedCapacity: max(0, size)) { buffer, count in
            count = max(0, pread(descriptor, buffer.baseAddress, max(0, size), 0))
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
