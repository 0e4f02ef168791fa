import Bytes
import Glibc

/// Copying and hashing whole files in pieces: no file is ever held in memory.
enum FileCopy {
    private static let pieceSize = 1 << 20

    /// Copies `source` from its beginning to its end into the empty `target`, and hashes the very bytes it copies: the
    /// source may change meanwhile, the digest is that of the copy.
    static func copy(
        from source: FileDescriptor, to target: FileDescriptor, path: String
    ) throws(SystemCallError) -> (digest: String, size: Int) {
        var stream = DigestStream(.sha256)
        var offset = 0
        while true {
            let piece = try source.read(at: offset, count: pieceSize, path: path)
            guard !piece.isEmpty else { break }
            try target.write(piece, path: path)
            piece.withUnsafeBytes { stream.update($0) }
            offset += piece.count
        }
        return (Hexadecimal.string(stream.finish()), offset)
    }

    /// SHA-256 (64 lower-case hexadecimal digits) and size of a whole file.
    static func digest(
        of file: FileDescriptor, path: String
    ) throws(SystemCallError) -> (digest: String, size: Int) {
        var stream = DigestStream(.sha256)
        var offset = 0
        while true {
            let piece = try file.read(at: offset, count: pieceSize, path: path)
            guard !piece.isEmpty else { break }
            piece.withUnsafeBytes { stream.update($0) }
            offset += piece.count
        }
        return (Hexadecimal.string(stream.finish()), offset)
    }
}

/// Files under names that nobody looks at yet.
enum TemporaryFiles {
    /// After this many seconds a temporary file belongs to a process that died.
    private static let lifetime: Int64 = 24 * 60 * 60

    /// Removes the regular files in `folder` that nobody touched for a day. What cannot be removed stays for the next
    /// time: a store that is mounted read-only can still be read.
    static func removeStale(in folder: String) throws(SystemCallError) {
        for name in try FileSystem.names(inFolder: folder) { removeIfStale(folder + "/" + name) }
    }

    /// Removes the file if it is a regular one that nobody touched for a day.
    static func removeIfStale(_ path: String) {
        // Another process may remove it at the same time.
        guard let status = try? FileStatus(path: path, followingLinks: false), status.isRegular else { return }
        if status.modified / 1_000_000_000 < Int64(time(nil)) - lifetime { unlink(path) }
    }

    /// Removes a file; no error when it is not there.
    static func remove(_ path: String) { unlink(path) }

    /// A new empty file that only its descriptor knows: nothing stays behind, whoever dies.
    static func anonymous(in folder: String) throws(SystemCallError) -> FileDescriptor {
        try FileSystem.makeFolders(folder)
        let path = folder + "/" + FileSystem.uniqueSuffix()
        let file = try FileDescriptor.create(path)
        unlink(path)
        return file
    }

    /// Writes a new file, mode 0600, and syncs it.
    static func write(_ bytes: [UInt8], to path: String) throws(SystemCallError) {
        let file = try FileDescriptor.create(path)
        try file.write(bytes, path: path)
        try file.synchronize(path: path)
    }
}
