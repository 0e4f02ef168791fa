import Glibc

/// Room on disk for dumps on their way: files without a name in the cache folder, each under a cap.
///
/// Nothing stays behind, whoever dies: the file is gone when its last descriptor is closed.
public struct DumpSpool: Sendable {
    /// Where the files are.
    public let folder: String
    /// The most bytes of one file, holes included.
    public let byteLimit: UInt64

    /// - Parameter cacheFolder: Of this machine; a folder in it is created when the first file is.
    public init(cacheFolder: String, byteLimit: UInt64 = 16384 << 20) {
        folder = cacheFolder + "/dumps"
        self.byteLimit = byteLimit
    }

    /// A new empty file, readable and writable.
    public func file() async throws(DumpSpoolError) -> FileDescriptor {
        let folder = folder
        do throws(SystemCallError) {
            return try await offCooperativePool { () throws(SystemCallError) in
                try FileSystem.makeFolders(folder)
                // O_TMPFILE: never had a name. Not every file system can do it.
                let descriptor = open(folder, Self.temporary | O_RDWR | O_CLOEXEC, 0o600)
                if descriptor >= 0 { return FileDescriptor(descriptor) }
                return try TemporaryFiles.anonymous(in: folder)
            }
        } catch {
            throw .system(error)
        }
    }

    /// `__O_TMPFILE | O_DIRECTORY` (open(2)); the macro is one that Swift does not import.
    private static let temporary: Int32 = 0o20000000 | O_DIRECTORY

    /// A file with these bytes.
    public func file(of bytes: [UInt8]) async throws(DumpSpoolError) -> FileDescriptor {
        guard UInt64(bytes.count) <= byteLimit else { throw .tooLarge(limit: byteLimit) }
        let file = try await self.file()
        do throws(SystemCallError) {
            try await offCooperativePool { () throws(SystemCallError) in try file.write(bytes, path: "a dump") }
        } catch {
            throw .system(error)
        }
        return file
    }

    /// A file with `beginning` and everything that follows in a stream, in pieces; blocks of zeros become holes.
    /// - Parameter stream: Readable: a pipe, a terminal, a file at its position.
    public func file(
        beginning: [UInt8], then stream: FileDescriptor
    ) async throws(DumpSpoolError) -> FileDescriptor {
        let file = try await self.file()
        let limit = byteLimit
        let result = await offCooperativePool { () -> Result<Void, DumpSpoolError> in
            do throws(DumpSpoolError) {
                return .success(try Self.copy(beginning, stream, to: file, limit: limit))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
        return file
    }

    private static func copy(
        _ beginning: [UInt8], _ stream: FileDescriptor, to file: FileDescriptor, limit: UInt64
    ) throws(DumpSpoolError) {
        var piece = beginning
        var size: UInt64 = 0
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            size += UInt64(piece.count)
            guard size <= limit else { throw .tooLarge(limit: limit) }
            // A pipe seldom fills the buffer; the file system makes holes of the blocks that are skipped whole.
            if !piece.contains(where: { $0 != 0 }) {
                guard lseek(file.rawValue, off_t(piece.count), SEEK_CUR) >= 0 else {
                    throw .system(SystemCallError("lseek", "a dump"))
                }
            } else {
                do throws(SystemCallError) {
                    try file.write(piece, path: "a dump")
                } catch {
                    throw .system(error)
                }
            }
            let count = Glibc.read(stream.rawValue, &buffer, buffer.count)
            if count == 0 { break }
            if count < 0 {
                guard errno == EINTR else { throw .system(SystemCallError("read", "a dump")) }
                piece = []
                continue
            }
            piece = Array(buffer[..<count])
        }
        // A hole at the end is none until the file is as long.
        guard ftruncate(file.rawValue, off_t(size)) == 0 else { throw .system(SystemCallError("ftruncate", "a dump")) }
    }
}

/// Why a dump has no room.
public enum DumpSpoolError: Error, Sendable, Equatable, CustomStringConvertible {
    /// More bytes than one dump may take.
    case tooLarge(limit: UInt64)
    /// The disk, or the stream.
    case system(SystemCallError)

    /// A sentence for a person.
    public var description: String {
        switch self {
        case .tooLarge(let limit): "more than \(limit >> 20) MiB, the most that a dump may take (--dump-expansion)"
        case .system(let error): error.description
        }
    }
}
