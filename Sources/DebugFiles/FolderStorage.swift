import Bytes
import Glibc

/// The debug-file store as a folder.
///
///     <root>/objects/ab/cdef…                         a blob; "abcdef…" is its SHA-256
///     <root>/objects/ab/cdef….object-<16 hex>.json    a note beside it
///     <root>/objects/ab/cdef….damaged-<16 hex>        what stood under that name and was not it; never read
///     <root>/temporary/<16 hex>                       being written; never read, removed after a day
///
/// A blob is written under a temporary name, synced, renamed to its digest, and its folder synced: a name under
/// `objects` is whole or not there. Files have mode 0600, folders 0700. Nothing is ever changed in place.
public struct FolderStorage: BlobStorage {
    /// The folder that holds `objects` and `temporary`.
    public let root: String
    private let objects: String
    private let temporary: String

    /// Opens a store, creating its folders, and removes temporary files that are older than a day.
    /// - Throws: `unsupportedLocation` for a URL; `unavailable`, which names call and folder.
    public init(root: String) throws(BlobStorageError) {
        if let scheme = Self.scheme(of: root) { throw .unsupportedLocation(scheme: scheme) }
        guard !root.isEmpty else { throw .unavailable("an empty path names no folder") }
        self.root = root
        objects = root + "/objects"
        temporary = root + "/temporary"
        do throws(SystemCallError) {
            try FileSystem.makeFolders(objects)
            try FileSystem.makeFolders(temporary)
            try TemporaryFiles.removeStale(in: temporary)
        } catch {
            throw .unavailable(error.description)
        }
    }

    // MARK: Putting

    /// See ``BlobStorage/put(_:expectedDigest:)``.
    public func put(
        _ descriptor: FileDescriptor, expectedDigest: String?
    ) async throws(BlobStorageError) -> StoredBlob {
        try await blocking { () throws(BlobStorageError) in
            if let expectedDigest, let size = try healthySize(expectedDigest) {
                return StoredBlob(digest: expectedDigest, size: size, isNew: false)
            }
            let status = try? FileStatus(of: descriptor, path: "upload")
            guard status?.isRegular == true else { throw .notARegularFile }
            return try store(expectedDigest: expectedDigest) { (copy, path) throws(SystemCallError) in
                try FileCopy.copy(from: descriptor, to: copy, path: path)
            }
        }
    }

    /// See ``BlobStorage/put(_:)``.
    public func put(_ bytes: [UInt8]) async throws(BlobStorageError) -> StoredBlob {
        try await blocking { () throws(BlobStorageError) in
            let digest = Digest.sha256(bytes)
            if let size = try healthySize(digest) {
                return StoredBlob(digest: digest, size: size, isNew: false)
            }
            return try store(expectedDigest: nil) { (copy, path) throws(SystemCallError) in
                try copy.write(bytes, path: path)
                return (digest, bytes.count)
            }
        }
    }

    private func store(
        expectedDigest: String?,
        fill: (FileDescriptor, String) throws(SystemCallError) -> (digest: String, size: Int)
    ) throws(BlobStorageError) -> StoredBlob {
        let path = temporary + "/" + FileSystem.uniqueSuffix()
        // After the rename the name is gone, and this does nothing.
        defer { unlink(path) }
        let copy: FileDescriptor
        let filled: (digest: String, size: Int)
        do throws(SystemCallError) {
            copy = try FileDescriptor.create(path)
            filled = try fill(copy, path)
        } catch {
            throw .unavailable(error.description)
        }
        if let expectedDigest, filled.digest != expectedDigest {
            throw .changed(expected: expectedDigest, found: filled.digest)
        }
        let place = try self.path(of: filled.digest)
        if try healthySize(filled.digest) != nil {
            return StoredBlob(digest: filled.digest, size: filled.size, isNew: false)
        }
        do throws(SystemCallError) {
            try copy.synchronize(path: path)
            try publish(path, as: place)
        } catch {
            throw .unavailable(error.description)
        }
        return StoredBlob(digest: filled.digest, size: filled.size, isNew: true)
    }

    /// Gives a synced temporary file its name, and makes the name durable.
    private func publish(_ temporary: String, as place: String) throws(SystemCallError) {
        let folder = String(place.prefix(upTo: place.lastIndex(of: "/") ?? place.endIndex))
        let isNewFolder = mkdir(folder, 0o700) == 0
        guard isNewFolder || errno == EEXIST else { throw SystemCallError("mkdir", folder) }
        guard rename(temporary, place) == 0 else { throw SystemCallError("rename", place) }
        try FileSystem.synchronizeFolder(folder)
        if isNewFolder { try FileSystem.synchronizeFolder(objects) }
    }

    // MARK: Getting

    /// See ``BlobStorage/size(of:)``.
    public func size(of digest: String) async throws(BlobStorageError) -> Int? {
        try await blocking { () throws(BlobStorageError) in try existingSize(digest) }
    }

    func existingSize(_ digest: String) throws(BlobStorageError) -> Int? {
        let place = try path(of: digest)
        do throws(SystemCallError) {
            let status = try FileStatus(path: place, followingLinks: false)
            return status.isRegular ? status.size : nil
        } catch {
            if error.code == ENOENT { return nil }
            throw .unavailable(error.description)
        }
    }

    /// See ``BlobStorage/open(_:)``.
    public func open(_ digest: String) async throws(BlobStorageError) -> FileDescriptor {
        try await blocking { () throws(BlobStorageError) in try openNow(digest) }
    }

    func openNow(_ digest: String) throws(BlobStorageError) -> FileDescriptor {
        let place = try path(of: digest)
        do throws(SystemCallError) {
            return try FileDescriptor.openForReading(place, followingLinks: false)
        } catch {
            throw error.code == ENOENT ? .missing(digest: digest) : .unavailable(error.description)
        }
    }

    /// See ``BlobStorage/read(_:range:)``.
    public func read(_ digest: String, range: Range<Int>) async throws(BlobStorageError) -> [UInt8] {
        try await blocking { () throws(BlobStorageError) in
            let descriptor = try openNow(digest)
            // The size is compared first, so that a damaged reference cannot make the reader allocate.
            let size = try existingSize(digest) ?? 0
            guard range.lowerBound >= 0, range.upperBound <= size else {
                throw .truncated(digest: digest, size: size, end: range.upperBound)
            }
            do throws(SystemCallError) {
                let bytes = try descriptor.read(at: range.lowerBound, count: range.count, path: digest)
                if bytes.count == range.count { return bytes }
            } catch {
                throw BlobStorageError.unavailable(error.description)
            }
            throw .truncated(digest: digest, size: size, end: range.upperBound)
        }
    }

    /// See ``BlobStorage/remove(_:)``.
    public func remove(_ digest: String) async throws(BlobStorageError) {
        try await blocking { () throws(BlobStorageError) in
            let place = try path(of: digest)
            // Notes go first: what is killed in between is a blob that nothing describes, not a note without its blob.
            for kind in BlobNoteKind.allCases {
                for name in try noteNames(kind, of: digest) { unlink(folder(of: digest) + "/" + name) }
            }
            if unlink(place) != 0, errno != ENOENT {
                throw .unavailable(SystemCallError("unlink", place).description)
            }
        }
    }

    // MARK: Notes

    /// See ``BlobStorage/putNote(_:kind:of:)``.
    public func putNote(
        _ bytes: [UInt8], kind: BlobNoteKind, of digest: String
    ) async throws(BlobStorageError) {
        try await blocking { () throws(BlobStorageError) in
            let place = try path(of: digest) + ".\(kind.rawValue)-\(Digest.sha256(bytes).prefix(16)).json"
            if access(place, F_OK) == 0 { return }
            let path = temporary + "/" + FileSystem.uniqueSuffix()
            do throws(SystemCallError) {
                try TemporaryFiles.write(bytes, to: path)
                try publish(path, as: place)
            } catch {
                unlink(path)
                throw BlobStorageError.unavailable(error.description)
            }
        }
    }

    /// See ``BlobStorage/notes(_:of:)``.
    public func notes(_ kind: BlobNoteKind, of digest: String) async throws(BlobStorageError) -> [[UInt8]] {
        try await blocking { () throws(BlobStorageError) in
            var notes: [[UInt8]] = []
            for name in try noteNames(kind, of: digest) {
                let path = folder(of: digest) + "/" + name
                do throws(SystemCallError) {
                    let descriptor = try FileDescriptor.openForReading(path, followingLinks: false)
                    let size = try FileStatus(of: descriptor, path: path).size
                    notes.append(try descriptor.read(at: 0, count: size, path: path))
                } catch {
                    throw BlobStorageError.unavailable(error.description)
                }
            }
            return notes
        }
    }

    /// See ``BlobStorage/digests(withNote:)``.
    public func digests(withNote kind: BlobNoteKind) async throws(BlobStorageError) -> [String] {
        try await blocking { () throws(BlobStorageError) in
            do throws(SystemCallError) {
                var found: Set<String> = []
                for prefix in try FileSystem.names(inFolder: objects) where prefix.utf8.count == 2 {
                    for name in try FileSystem.names(inFolder: objects + "/" + prefix) {
                        let digest = prefix + name.prefix(62)
                        guard name.dropFirst(62).hasPrefix(".\(kind.rawValue)-"), Self.isDigest(digest) else {
                            continue
                        }
                        found.insert(digest)
                    }
                }
                return found.sorted()
            } catch {
                throw BlobStorageError.unavailable(error.description)
            }
        }
    }

    private func noteNames(_ kind: BlobNoteKind, of digest: String) throws(BlobStorageError) -> [String] {
        let start = try path(of: digest).suffix(62) + ".\(kind.rawValue)-"
        do throws(SystemCallError) {
            return try FileSystem.names(inFolder: folder(of: digest)).filter { $0.hasPrefix(start) }
        } catch {
            if error.code == ENOENT { return [] }
            throw .unavailable(error.description)
        }
    }

    // MARK: Names

    func folder(of digest: String) -> String { objects + "/" + digest.prefix(2) }

    /// The blob's place. The digest is checked: it comes out of databases and notes, and becomes part of a path.
    func path(of digest: String) throws(BlobStorageError) -> String {
        guard Self.isDigest(digest) else { throw .malformedDigest(digest) }
        return folder(of: digest) + "/" + digest.dropFirst(2)
    }

    static func isDigest(_ text: String) -> Bool {
        text.utf8.count == 64 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    func blocking<Result: Sendable>(
        _ body: @escaping @Sendable () throws(BlobStorageError) -> Result
    ) async throws(BlobStorageError) -> Result {
        try await offCooperativePool(body)
    }
}
