import Glibc

/// A descriptor's bytes, read ahead into one buffer of fixed size.
///
///     buffer   [kept|consumed······|available······|    ]
///               └ some bytes before stay, for a decoder that read too far
struct DescriptorInput: ~Copyable {
    /// igzip holds up to eight bytes back.
    static let kept = 16

    private let descriptor: Int32
    private let name: String
    private let capacity: Int
    private let buffer: UnsafeMutableRawBufferPointer
    private var start: Int
    private var end: Int
    /// Bytes consumed so far.
    private(set) var position: UInt64 = 0
    private(set) var isAtEnd = false

    /// `name` is used in messages; `capacity` bytes are read at a time.
    init(_ descriptor: Int32, name: String, capacity: Int = 256 << 10) {
        self.descriptor = descriptor
        self.name = name
        self.capacity = max(1, capacity)
        // Room for what ``require(_:)`` may ask for, however little is read at a time.
        buffer = .allocate(byteCount: max(Self.kept, capacity) + Self.kept, alignment: 64)
        start = Self.kept
        end = Self.kept
    }

    deinit { buffer.deallocate() }

    /// Bytes that are read and not consumed.
    var available: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: buffer[start..<end]) }

    /// Consumes `count` of the available bytes; a negative count, at most ``kept``, takes bytes back.
    mutating func consume(_ count: Int) {
        start += count
        position = count < 0 ? position - UInt64(-count) : position + UInt64(count)
    }

    /// Reads more, behind what is available; nothing when the buffer is full or the file has ended.
    mutating func fill() throws(DumpError) {
        guard !isAtEnd, let base = buffer.baseAddress else { return }
        if start > Self.kept {
            let from = start - Self.kept
            memmove(base, base + from, end - from)
            start = Self.kept
            end -= from
        }
        guard end < buffer.count else { return }
        while true {
            let count = Glibc.read(descriptor, base + end, min(capacity, buffer.count - end))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system("read", name, errno) }
            end += count
            isAtEnd = count == 0
            return
        }
    }

    /// Reads until `count` bytes, at most ``kept``, are available or the file has ended.
    mutating func require(_ count: Int) throws(DumpError) {
        while end - start < count, !isAtEnd { try fill() }
    }

    /// Bytes that have not been consumed, those beyond the buffer counted by the file's size.
    func remaining() -> UInt64 {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return UInt64(end - start) }
        let place = lseek(descriptor, 0, SEEK_CUR)
        return UInt64(end - start) + UInt64(max(0, Int64(status.st_size) - Int64(max(0, place))))
    }
}

extension DumpError {
    /// A system call failed: no fault of the dump.
    static func system(_ operation: String, _ name: String, _ code: Int32) -> DumpError {
        DumpError(.unavailable, "\(printable(name)): \(operation): \(String(cString: strerror(code)))")
    }
}
