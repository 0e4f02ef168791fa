import Dispatch
import Glibc

/// An open file descriptor and the duty to close it.
///
/// A class, so that a descriptor can cross tasks: it is closed when its last holder lets go.
public final class FileDescriptor: Sendable {
    /// The number; valid while this object lives. Whoever passes it to a call keeps the object alive meanwhile.
    public let rawValue: Int32

    /// Takes over an open descriptor.
    public init(_ rawValue: Int32) {
        self.rawValue = rawValue
    }

    deinit {
        close(rawValue)
    }
}

/// A system call that failed: which, on what, and the error number.
public struct SystemCallError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call's name, `open` or `rename`.
    public let operation: String
    /// The file or folder it was about.
    public let path: String
    /// `errno` after the call.
    public let code: Int32

    /// Describes a failed call; `code` is `errno` unless given.
    public init(_ operation: String, _ path: String, code: Int32? = nil) {
        self.code = code ?? errno
        self.operation = operation
        self.path = path
    }

    /// `path: operation: text of the error number`; without the text for 0, where the operation is the whole sentence.
    public var description: String { "\(path): \(reason)" }

    /// The same without the path, for whoever names the file already.
    public var reason: String {
        code == 0 ? operation : "\(operation): \(String(cString: strerror(code)))"
    }
}

/// What `stat` says of a file, as far as this room needs it.
struct FileStatus: Equatable, Sendable {
    var device: UInt64
    var inode: UInt64
    var size: Int
    /// Nanoseconds since 1970.
    var modified: Int64
    /// Nanoseconds since 1970 of the last change of the inode; nobody can set it back.
    var changed: Int64
    var mode: UInt32

    var isRegular: Bool { mode & S_IFMT == S_IFREG }
    var isFolder: Bool { mode & S_IFMT == S_IFDIR }
    var isLink: Bool { mode & S_IFMT == S_IFLNK }

    private init(_ raw: stat) {
        device = UInt64(raw.st_dev)
        inode = UInt64(raw.st_ino)
        size = Int(raw.st_size)
        modified = Int64(raw.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(raw.st_mtim.tv_nsec)
        changed = Int64(raw.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(raw.st_ctim.tv_nsec)
        mode = UInt32(raw.st_mode)
    }

    init(of descriptor: FileDescriptor, path: String) throws(SystemCallError) {
        var raw = stat()
        guard fstat(descriptor.rawValue, &raw) == 0 else { throw SystemCallError("fstat", path) }
        self.init(raw)
    }

    init(path: String, followingLinks: Bool) throws(SystemCallError) {
        var raw = stat()
        let result = followingLinks ? stat(path, &raw) : lstat(path, &raw)
        guard result == 0 else { throw SystemCallError(followingLinks ? "stat" : "lstat", path) }
        self.init(raw)
    }
}

extension FileDescriptor {
    /// Opens for reading without ever waiting for a FIFO's writer or gaining a terminal.
    static func openForReading(
        _ path: String, followingLinks: Bool = true
    ) throws(SystemCallError) -> FileDescriptor {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (followingLinks ? 0 : O_NOFOLLOW)
        let descriptor = open(path, flags)
        guard descriptor >= 0 else { throw SystemCallError("open", path) }
        return FileDescriptor(descriptor)
    }

    /// Creates a file that must not exist, mode 0600, for writing and reading back.
    static func create(_ path: String) throws(SystemCallError) -> FileDescriptor {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemCallError("create", path) }
        return FileDescriptor(descriptor)
    }

    /// Reads up to `count` bytes at `offset`; fewer only at the end of the file.
    func read(at offset: Int, count: Int, path: String) throws(SystemCallError) -> [UInt8] {
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: max(count, 0)) { buffer, filled in
            while filled < count, let base = buffer.baseAddress {
                let got = pread(rawValue, base + filled, count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = SystemCallError("read", path) }
                if got <= 0 { break }
                filled += got
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Appends all of `bytes`.
    func write(_ bytes: [UInt8], path: String) throws(SystemCallError) {
        let failure: SystemCallError? = bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count, let base = buffer.baseAddress {
                let put = Glibc.write(rawValue, base + done, buffer.count - done)
                if put < 0, errno == EINTR { continue }
                guard put > 0 else { return SystemCallError("write", path, code: put == 0 ? EIO : errno) }
                done += put
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// Waits until the file's contents are on disk.
    func synchronize(path: String) throws(SystemCallError) {
        guard fsync(rawValue) == 0 else { throw SystemCallError("fsync", path) }
    }
}

/// File-system helpers that block; callers run them through ``offCooperativePool(_:)``.
enum FileSystem {
    /// Creates a folder and its parents, those that it makes with mode 0700.
    static func makeFolders(_ path: String) throws(SystemCallError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemCallError("mkdir", path)
        }
        try makeFolders(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemCallError("mkdir", path) }
    }

    /// Makes renames and creations inside a folder durable.
    static func synchronizeFolder(_ path: String) throws(SystemCallError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemCallError("open", path) }
        let folder = FileDescriptor(descriptor)
        try folder.synchronize(path: path)
    }

    /// The names in a folder, sorted by their bytes, without `.` and `..`.
    static func names(inFolder path: String) throws(SystemCallError) -> [String] {
        guard let stream = opendir(path) else { throw SystemCallError("opendir", path) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            // The record is shorter than the type: the name is read where it stands, up to its NUL, never as a whole
            // tuple.
            guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { continue }
            let name = String(cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The path with every link, `.` and `..` resolved.
    static func realPath(_ path: String) throws(SystemCallError) -> String {
        guard let resolved = realpath(path, nil) else { throw SystemCallError("realpath", path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The path that the kernel knows an open file by; ends in ` (deleted)` for one that has no name any more.
    static func currentPath(of descriptor: FileDescriptor) throws(SystemCallError) -> String {
        let link = "/proc/self/fd/\(descriptor.rawValue)"
        var failure: SystemCallError?
        let bytes = [UInt8](unsafeUninitializedCapacity: 8192) { buffer, filled in
            let count = buffer.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink(link, $0, text.count) } ?? -1
            }
            if count < 0 { failure = SystemCallError("readlink", link) } else { filled = count }
        }
        if let failure { throw failure }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Sixteen hexadecimal digits that nobody else has: for temporary names.
    static func uniqueSuffix() -> String {
        let number = UInt64.random(in: .min ... .max)
        let text = String(number, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}

/// Where calls that wait for the disk run, so that they never hold a thread of the cooperative pool.
private let blockingQueue = DispatchQueue(label: "symbolist.debug-files", attributes: .concurrent)

/// Runs `body`, which may block, on a thread of its own kind and waits for it without blocking.
func offCooperativePool<Result: Sendable, Failure: Error>(
    _ body: @escaping @Sendable () throws(Failure) -> Result
) async throws(Failure) -> Result {
    let outcome: Swift.Result<Result, Failure> = await withCheckedContinuation { continuation in
        blockingQueue.async {
            do throws(Failure) {
                continuation.resume(returning: .success(try body()))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
    }
    return try outcome.get()
}
