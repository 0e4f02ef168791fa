import Bytes

/// A place for immutable blobs, each named by the SHA-256 of its bytes, and for small notes beside them.
///
///     blob    ab12…   the bytes; put once, never changed
///       note  object, upload, sources: JSON that says what the blob is and where it came from
///
/// Objects, packs of source texts and large event payloads are blobs. Notes are what makes the store describe itself:
/// the catalogue in the database can be rebuilt from them. A note is as immutable as a blob (its name holds its own
/// digest), so two uploads at once add two notes and neither loses the other's.
///
/// The folder (``FolderStorage``) is one implementation; every implementation passes the same conformance suite. All
/// operations are safe from any number of tasks and processes at once. A put that was killed leaves nothing visible.
public protocol BlobStorage: Sendable {
    /// Stores a regular file's bytes from its beginning to its end.
    ///
    /// Cost: one copy and one hash of the file. A blob that exists is not written again but read and compared with its
    /// digest; one that is damaged is set aside (``setAsideIfDamaged(_:)``) and stored anew.
    /// - Parameters:
    ///   - descriptor: Readable; its file position is neither used nor moved.
    ///   - expectedDigest: What the caller found earlier. A file that changed since is refused.
    func put(_ descriptor: FileDescriptor, expectedDigest: String?) async throws(BlobStorageError) -> StoredBlob

    /// Stores bytes in memory. A blob that exists is compared as in ``put(_:expectedDigest:)``.
    func put(_ bytes: [UInt8]) async throws(BlobStorageError) -> StoredBlob

    /// Whether the blob is there, and its size in bytes.
    func size(of digest: String) async throws(BlobStorageError) -> Int?

    /// A readable descriptor of the whole blob; `missing` when it is not there. Its bytes are not compared with the
    /// digest: ``openVerified(_:)`` does.
    func open(_ digest: String) async throws(BlobStorageError) -> FileDescriptor

    /// Part of a blob: exactly `range`, or the error `truncated`. Not compared with the digest.
    func read(_ digest: String, range: Range<Int>) async throws(BlobStorageError) -> [UInt8]

    /// Moves a blob whose bytes are not those of its digest out of the way, so that it is missing and the next put
    /// stores it again. Nothing is deleted: the bytes stay for a person to look at.
    ///
    /// Cost: one read of the blob. A healthy one that another process puts meanwhile stays.
    /// - Returns: Whether a damaged blob was moved; `false` for a healthy one and where there is none.
    func setAsideIfDamaged(_ digest: String) async throws(BlobStorageError) -> Bool

    /// Removes a blob and its notes; no error when it is not there. What was set aside stays.
    func remove(_ digest: String) async throws(BlobStorageError)

    /// Adds a note to a blob. The same note twice is one.
    func putNote(_ bytes: [UInt8], kind: BlobNoteKind, of digest: String) async throws(BlobStorageError)

    /// The notes of one kind, in the order of their names.
    func notes(_ kind: BlobNoteKind, of digest: String) async throws(BlobStorageError) -> [[UInt8]]

    /// Digests of all blobs that have a note of that kind, sorted. For rebuilding the catalogue; reads every folder.
    func digests(withNote kind: BlobNoteKind) async throws(BlobStorageError) -> [String]
}

/// What a note says of its blob.
public enum BlobNoteKind: String, Sendable, CaseIterable {
    /// What the object is: ids, role, everything the inspection found.
    case object
    /// One upload: project, path, time, host, commit, labels.
    case upload
    /// Where the object's source texts stand.
    case sources
}

/// A blob after it was put.
public struct StoredBlob: Sendable, Equatable {
    /// SHA-256, 64 lower-case hexadecimal digits.
    public let digest: String
    /// Size in bytes.
    public let size: Int
    /// `false` when the store had it already.
    public let isNew: Bool

    /// For implementations of ``BlobStorage``.
    public init(digest: String, size: Int, isNew: Bool) {
        self.digest = digest
        self.size = size
        self.isNew = isNew
    }
}

/// Why a blob could not be put or got.
public enum BlobStorageError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no such blob.
    case missing(digest: String)
    /// Not 64 lower-case hexadecimal digits.
    case malformedDigest(String)
    /// A folder, FIFO, socket or device was to be stored.
    case notARegularFile
    /// The file's bytes are not those that were hashed before: it changed meanwhile.
    case changed(expected: String, found: String)
    /// The blob's bytes have another digest than its name says.
    case damaged(digest: String, found: String)
    /// The place is a URL; only folders are understood. Nothing but the scheme is kept: a URL may hold credentials.
    case unsupportedLocation(scheme: String)
    /// The blob ends before the range that was asked for.
    case truncated(digest: String, size: Int, end: Int)
    /// The store itself failed; the text names the call and the place.
    case unavailable(String)

    /// A sentence for a person.
    public var description: String {
        switch self {
        case .missing(let digest): "blob \(digest) is not in the store"
        case .malformedDigest(let text): "'\(text)' is not a SHA-256 in lower-case hexadecimal"
        case .notARegularFile: "not a regular file"
        case .changed(let expected, let found):
            "the file changed while it was read (SHA-256 \(expected), then \(found)); upload it again"
        case .damaged(let digest, let found):
            "blob \(digest) is damaged in the store (its bytes have SHA-256 \(found))"
        case .unsupportedLocation(let scheme):
            "'\(scheme)://…': URLs come in a later release; name a folder"
        case .truncated(let digest, let size, let end):
            "blob \(digest) has \(size) bytes, \(end) are needed: it is damaged"
        case .unavailable(let reason): "debug-file store: \(reason)"
        }
    }
}

extension BlobStorage {
    /// The whole of a blob, compared with its digest: `damaged` when it is another. `limit` bytes at most, else
    /// `truncated`.
    public func read(_ digest: String, limit: Int) async throws(BlobStorageError) -> [UInt8] {
        guard let size = try await size(of: digest) else { throw .missing(digest: digest) }
        guard size <= limit else { throw .truncated(digest: digest, size: limit, end: size) }
        let bytes = try await read(digest, range: 0..<size)
        // Hashing a large payload takes as long as reading it.
        let found = await offCooperativePool { Digest.sha256(bytes) }
        guard found == digest else { throw .damaged(digest: digest, found: found) }
        return bytes
    }

    /// A readable descriptor of a blob whose bytes were read once and have the digest; else `damaged`.
    public func openVerified(_ digest: String) async throws(BlobStorageError) -> FileDescriptor {
        let file = try await open(digest)
        let found: String
        do throws(SystemCallError) {
            found = try await offCooperativePool { () throws(SystemCallError) in
                try FileCopy.digest(of: file, path: digest).digest
            }
        } catch {
            throw .unavailable(error.description)
        }
        guard found == digest else { throw .damaged(digest: digest, found: found) }
        return file
    }

    /// For places that guard their blobs themselves: nothing to move.
    public func setAsideIfDamaged(_ digest: String) async throws(BlobStorageError) -> Bool { false }
}
