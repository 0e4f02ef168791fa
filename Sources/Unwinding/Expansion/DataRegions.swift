import Glibc

/// Where a file has data and where holes, as the file system tells; a file system that cannot tell has data only.
struct DataRegions {
    private let descriptor: Int32
    /// The file's size.
    let size: UInt64
    private var tells = true

    init(_ descriptor: Int32, size: UInt64) {
        self.descriptor = descriptor
        self.size = size
    }

    /// The next data at or behind `offset`; empty at the end when only a hole follows.
    mutating func next(from offset: UInt64) -> Range<UInt64> {
        guard tells, offset < size else { return min(offset, size)..<size }
        let start = seek(offset, SEEK_DATA)
        guard start >= 0 else {
            if errno == ENXIO { return size..<size }
            tells = false
            return offset..<size
        }
        let end = seek(UInt64(start), SEEK_HOLE)
        guard end > start, UInt64(start) >= offset else {
            tells = false
            return offset..<size
        }
        return min(UInt64(start), size)..<min(UInt64(end), size)
    }

    private func seek(_ offset: UInt64, _ whence: Int32) -> off_t {
        lseek(descriptor, off_t(clamping: offset), whence)
    }

    // Linux' numbers: macros that only _GNU_SOURCE shows.
    private let SEEK_DATA: Int32 = 3
    private let SEEK_HOLE: Int32 = 4
}
