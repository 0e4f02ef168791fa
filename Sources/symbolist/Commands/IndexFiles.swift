import Bytes
import Foundation
import Glibc
import ParserTasks
import SymbolIndex

/// Errors of files that the user named.
private func failure(_ path: String, _ operation: String) -> CommandFailure {
    CommandFailure(.partly, "\(path): \(operation): \(String(cString: strerror(errno)))")
}

/// An unnamed file in the temporary folder.
private func anonymousFile() throws -> Int32 {
    let folder = ProcessInfo.processInfo.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
    var name = Array((folder + "/symbolist-XXXXXX").utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw failure(folder, "create") }
    unlink(name)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
}

/// Copies everything from one descriptor to another.
private func copy(from source: Int32, to target: Int32, name: String) throws {
    try withUnsafeTemporaryAllocation(byteCount: 1 << 17, alignment: 16) { buffer in
        while true {
            let count = read(source, buffer.baseAddress, buffer.count)
            if count == 0 { return }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(name, "read")
            }
            var written = 0
            while written < count {
                let put = write(target, buffer.baseAddress.unsafelyUnwrapped + written, count - written)
                if put < 0, errno == EINTR { continue }
                guard put > 0 else { throw failure(name, "write") }
                written += put
            }
        }
    }
}

/// A regular file that a build reads: open, with its digest. `-` is standard input, kept in a temporary file.
final class OpenedInput {
    let path: String
    /// For messages of the parser: the base name.
    let name: String
    /// `nil` for the object itself.
    let role: InputRole?
    let descriptor: Int32
    let digest: String
    let size: Int

    init(_ path: String, role: InputRole?) throws {
        self.path = path
        self.role = role
        name = path == "-" ? "standard input" : path.split(separator: "/").last.map(String.init) ?? path
        let file = try IndexFile.open(path)
        descriptor = file
        // A file that another process cuts short while it is hashed is an error here and no signal, so it is read and
        // not mapped.
        var stream = DigestStream(.sha256)
        var size = 0
        var code: Int32 = 0
        withUnsafeTemporaryAllocation(byteCount: 1 << 17, alignment: 16) { buffer in
            while true {
                let count = pread(file, buffer.baseAddress, buffer.count, off_t(size))
                if count < 0, errno == EINTR { continue }
                if count < 0 { code = errno }
                guard count > 0 else { return }
                stream.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                size += count
            }
        }
        digest = Hexadecimal.string(stream.finish())
        self.size = size
        guard code == 0 else {
            errno = code
            throw failure(path, "read")
        }
    }

    deinit {
        close(descriptor)
    }
}

/// A file that appears under its name only when it is whole; `-` is standard output.
final class NewFile {
    private let path: String
    private let temporary: String?
    let descriptor: Int32
    private var isFinished = false

    init(_ path: String) throws {
        self.path = path
        if path == "-" {
            temporary = nil
            descriptor = try anonymousFile()
            return
        }
        let name = "\(path).\(getpid()).building"
        descriptor = Glibc.open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
        temporary = name
        guard descriptor >= 0 else { throw failure(name, "create") }
    }

    func finish() throws {
        isFinished = true
        guard let temporary else {
            lseek(descriptor, 0, SEEK_SET)
            return try copy(from: descriptor, to: STDOUT_FILENO, name: "standard output")
        }
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            let error = failure(path, "rename")
            unlink(temporary)
            throw error
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if !isFinished, descriptor >= 0, let temporary { unlink(temporary) }
    }
}

/// Index files that the user names.
enum IndexFile {
    /// Opens a regular file, or keeps standard input in one for `-`. Never waits on a FIFO.
    static func open(_ path: String) throws -> Int32 {
        if path == "-" {
            let descriptor = try anonymousFile()
            try copy(from: STDIN_FILENO, to: descriptor, name: "standard input")
            return descriptor
        }
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw failure(path, "open") }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw CommandFailure(.partly, "\(path): not a regular file")
        }
        return descriptor
    }

    /// The index in a file, mapped; `nil` when the file is no index at all.
    static func index(_ path: String) throws -> SymbolIndex? {
        let descriptor = try open(path)
        defer { close(descriptor) }
        do {
            return try SymbolIndex(try MappedFile(descriptor: descriptor, name: path))
        } catch SymbolIndexError.notAnIndex {
            return nil
        } catch {
            throw CommandFailure(.partly, "\(path): \(error)")
        }
    }

    /// What a child wrote must be an index with the right checksum before it gets its name.
    static func check(_ descriptor: Int32, name: String) throws {
        do {
            try SymbolIndex(try MappedFile(descriptor: descriptor, name: name)).verifyChecksum()
        } catch {
            throw CommandFailure(.partly, "\(name): what the parser wrote is no index: \(error)")
        }
    }
}
