import Glibc

/// A system call that failed: which, on what, and why.
public struct CallFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call's name.
    public let operation: String
    /// The file or folder.
    public let path: String
    /// `errno` after the call.
    public let code: Int32

    /// Describes a failed call; `code` is `errno` unless given.
    init(_ operation: String, _ path: String, code: Int32? = nil) {
        self.code = code ?? errno
        self.operation = operation
        self.path = path
    }

    /// `path: operation: text of the error number`.
    public var description: String { "\(path): \(operation): \(String(cString: strerror(code)))" }
}

/// Files, as far as this room needs them: whole, small in number, never through a symbolic link.
enum Files {
    /// Opens a regular file for reading; never waits for a FIFO's writer, never follows a link at the path's end.
    static func open(_ path: String) throws(CallFailure) -> Int32 {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
        guard descriptor >= 0 else { throw CallFailure("open", path) }
        return descriptor
    }

    /// Reads from the start to the end, at most `limit` bytes.
    static func readAll(_ descriptor: Int32, limit: Int, path: String) throws(CallFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count < limit {
            let count = pread(descriptor, &buffer, min(buffer.count, limit - bytes.count), off_t(bytes.count))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CallFailure("read", path) }
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// Writes all of `bytes`.
    static func writeAll(_ bytes: some Collection<UInt8>, to descriptor: Int32, path: String) throws(CallFailure) {
        let array = Array(bytes)
        var written = 0
        while written < array.count {
            let count = array.withUnsafeBytes { buffer in
                write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CallFailure("write", path) }
            written += count
        }
    }

    /// The names in a folder, sorted, without `.` and `..`.
    static func names(in folder: String) throws(CallFailure) -> [String] {
        guard let stream = opendir(folder) else { throw CallFailure("open", folder) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { buffer in
                String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes a folder and those above it, 0700 each; one that is there is left as it is.
    static func makeFolder(_ path: String) throws(CallFailure) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/" + part
            if mkdir(made, 0o700) != 0, errno != EEXIST { throw CallFailure("mkdir", path) }
        }
        var status = stat()
        guard stat(path, &status) == 0 else { throw CallFailure("stat", path) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw CallFailure("mkdir", path, code: ENOTDIR) }
    }

    /// Makes what was renamed or removed in a folder survive a loss of power.
    static func synchronise(_ folder: String) throws(CallFailure) {
        let descriptor = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CallFailure("open", folder) }
        defer { close(descriptor) }
        // Some file systems cannot, and say so with EINVAL.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw CallFailure("fsync", folder) }
    }

    /// Writes a new file durably and atomically: whoever sees the name sees all of it.
    static func writeDurably(_ bytes: [UInt8], to name: String, in folder: String) throws(CallFailure) {
        let path = "\(folder)/\(name)"
        let temporary = "\(folder)/.\(name).\(getpid()).\(UInt32.random(in: 0...UInt32.max)).tmp"
        let descriptor = Glibc.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw CallFailure("create", temporary) }
        var isKept = false
        defer {
            close(descriptor)
            if !isKept { unlink(temporary) }
        }
        try writeAll(bytes, to: descriptor, path: path)
        guard fsync(descriptor) == 0 else { throw CallFailure("fsync", path) }
        guard rename(temporary, path) == 0 else { throw CallFailure("rename", path) }
        isKept = true
        try synchronise(folder)
    }
}
