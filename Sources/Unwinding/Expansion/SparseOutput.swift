import Glibc

/// A file that is written from its beginning, in which blocks of zeros become holes.
///
/// Decoders write into a buffer of several blocks; when it is full, each block that is not all zeros goes to its place in
/// the file. Cores are mostly zeros: their expanded copy takes little more disk than they hold.
struct SparseOutput: ~Copyable {
    /// Small enough to find the holes of a core, a multiple of every file system's blocks.
    static let blockSize = 64 << 10
    private static let blocks = 16

    private let descriptor: Int32
    private let name: String
    private let limit: UInt64
    private let limitName: String
    private let buffer: UnsafeMutableRawBufferPointer
    private var filled = 0
    /// Where the buffer begins in the file: a multiple of the block size.
    private var offset: UInt64 = 0
    /// Bytes that were written and are no holes.
    private(set) var written: UInt64 = 0

    /// A file of at most `limit` bytes; the error beyond it names `limitName` and says that `name` gives more.
    init(_ descriptor: Int32, name: String, limit: UInt64, limitName: String) {
        self.descriptor = descriptor
        self.name = name
        self.limit = limit
        self.limitName = limitName
        buffer = .allocate(byteCount: Self.blockSize * Self.blocks, alignment: 4096)
    }

    deinit { buffer.deallocate() }

    /// Bytes that came out so far.
    var size: UInt64 { offset + UInt64(filled) }

    /// Room for what comes next; never empty.
    var room: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]) }

    /// `count` bytes have been put into ``room``.
    mutating func produced(_ count: Int) throws(DumpError) {
        filled += count
        // Before the disk gets any of it.
        guard size <= limit else {
            throw DumpError(
                .limit(limitName), "\(printable(name)) gives more than the limit of \(limit) bytes (\(limitName))")
        }
        if filled == buffer.count { try flush() }
    }

    /// Writes the rest and gives the file its size.
    mutating func finish() throws(DumpError) {
        try flush()
        while ftruncate(descriptor, off_t(clamping: offset)) != 0 {
            if errno != EINTR { throw .diskFailure("ftruncate", name, errno, after: written) }
        }
    }

    private mutating func flush() throws(DumpError) {
        var block = 0
        // Neighbours that are written go in one call.
        var run = 0
        while block < filled {
            let next = min(block + Self.blockSize, filled)
            if Self.isZero(UnsafeRawBufferPointer(rebasing: buffer[block..<next])) {
                try write(run..<block)
                run = next
            }
            block = next
        }
        try write(run..<filled)
        offset += UInt64(filled)
        filled = 0
    }

    private mutating func write(_ range: Range<Int>) throws(DumpError) {
        var range = range
        while let base = buffer.baseAddress, !range.isEmpty {
            let place = off_t(clamping: offset + UInt64(range.lowerBound))
            let count = pwrite(descriptor, base + range.lowerBound, range.count, place)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .diskFailure("write", name, count < 0 ? errno : ENOSPC, after: written) }
            written += UInt64(count)
            range = range.lowerBound + count..<range.upperBound
        }
    }

    /// Whether all bytes are zero.
    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, let first = bytes.first else { return true }
        // Each byte equals the one behind it, and the first is zero: as fast as memory can be read.
        return first == 0 && memcmp(base, base + 1, bytes.count - 1) == 0
    }
}

extension DumpError {
    /// A file could not be written further: no fault of the dump, but for its size.
    static func diskFailure(_ operation: String, _ name: String, _ code: Int32, after written: UInt64) -> DumpError {
        switch code {
        case EFBIG:
            DumpError(
                .limit("fileSize"),
                "\(printable(name)): after \(written) bytes the file would be larger than this process may write (fileSize)"
            )
        case ENOSPC, EDQUOT:
            DumpError(
                .unavailable,
                "\(printable(name)): \(operation): \(String(cString: strerror(code))) after \(written) bytes; "
                    + "free space where temporary files are, or have them elsewhere")
        default: .system(operation, name, code)
        }
    }
}
