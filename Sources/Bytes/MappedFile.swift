import Glibc

/// Why a file could not be mapped.
public enum MappedFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `open`, `fstat` or `mmap` failed; `operation` is the call, `errno` its error number.
    case system(operation: String, path: String, errno: Int32)
    /// The path or descriptor is a folder, FIFO, socket or device.
    case notARegularFile(path: String)

    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .system(let operation, let path, let code):
            "\(path): \(operation): \(String(cString: strerror(code)))"
        case .notARegularFile(let path):
            "\(path): not a regular file"
        }
    }
}

/// A whole regular file, mapped read-only and shared by any number of threads.
///
/// The mapping lives as long as the object. A file that another process truncates while it is mapped raises `SIGBUS` on
/// access: everything Symbolist maps is either private to it (indexes and stored objects are never changed in place) or is
/// mapped in the sandboxed child, where a death costs that file only.
///
/// `@unchecked Sendable`: the pointer is set once in `init`, the memory is mapped `PROT_READ`, and only `deinit` unmaps it.
public final class MappedFile: @unchecked Sendable {
    private let base: UnsafeRawPointer?
    /// The file's size in bytes when it was mapped.
    public let count: Int

    /// Maps the file at `path`. Symbolic links are followed; a FIFO never blocks the caller.
    public convenience init(path: String) throws(MappedFileError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw .system(operation: "open", path: path, errno: errno) }
        defer { close(descriptor) }
        try self.init(descriptor: descriptor, name: path)
    }

    /// Maps the file behind `descriptor`, which stays the caller's to close; `name` is used in errors only.
    public init(descriptor: Int32, name: String) throws(MappedFileError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .system(operation: "fstat", path: name, errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notARegularFile(path: name) }
        count = Int(status.st_size)
        guard count > 0 else {
            base = nil
            return
        }
        let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else {
            throw .system(operation: "mmap", path: name, errno: errno)
        }
        base = UnsafeRawPointer(address)
    }

    /// Takes over `mapping`, whole pages from `mmap` with bytes that nobody changes any more, as if it were a file: for
    /// files that are packed inside others. It is unmapped with the object.
    public init(takingOver mapping: UnsafeRawBufferPointer) {
        base = mapping.baseAddress
        count = mapping.count
    }

    deinit {
        if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
    }

    /// The mapped bytes, valid while the object lives.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            let span = RawSpan(_unsafeStart: base ?? UnsafeRawPointer(bitPattern: 1)!, byteCount: count)
            return _overrideLifetime(span, borrowing: self)
        }
    }

    /// Runs `body` over the mapped bytes; the buffer must not outlive the call.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }
}
