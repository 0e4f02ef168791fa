import Bytes
import Glibc
import Testing

@testable import DebugFiles

@Suite struct FolderStorageTests {
    @Test func conforms() async throws {
        let folder = try TemporaryFolder()
        let storage = try FolderStorage(root: folder.path + "/store")
        try await checkBlobStorageConformance(storage, scratch: folder)
    }

    @Test func layoutAndModes() async throws {
        let folder = try TemporaryFolder()
        let storage = try FolderStorage(root: folder.path + "/store")
        let blob = try await storage.put([1, 2, 3])
        try await storage.putNote([9], kind: .upload, of: blob.digest)
        let place = "store/objects/\(blob.digest.prefix(2))/\(blob.digest.dropFirst(2))"
        let note = "\(place).upload-\(Digest.sha256([9]).prefix(16)).json"
        #expect(try folder.files() == [place, note])
        for path in [place, note] {
            let status = try FileStatus(path: folder.path + "/" + path, followingLinks: false)
            #expect(status.mode & 0o777 == 0o600)
        }
        for path in ["store", "store/objects", "store/temporary", "store/objects/\(blob.digest.prefix(2))"] {
            let status = try FileStatus(path: folder.path + "/" + path, followingLinks: false)
            #expect(status.mode & 0o777 == 0o700)
        }
    }

    @Test func halfWrittenFilesAreIgnoredAndRemovedAfterADay() async throws {
        let folder = try TemporaryFolder()
        let now = Int(time(nil))
        let old = try folder.write("half", "store/temporary/0123456789abcdef", modified: now - 25 * 60 * 60)
        let fresh = try folder.write("half", "store/temporary/fedcba9876543210", modified: now - 23 * 60 * 60)
        let storage = try FolderStorage(root: folder.path + "/store")
        #expect(access(old, F_OK) != 0)
        #expect(access(fresh, F_OK) == 0)
        #expect(try await storage.digests(withNote: .object) == [])
    }

    @Test func aStoredBlobIsNeverWrittenAgain() async throws {
        let folder = try TemporaryFolder()
        let storage = try FolderStorage(root: folder.path + "/store")
        let blob = try await storage.put([1, 2, 3])
        let path = "\(storage.root)/objects/\(blob.digest.prefix(2))/\(blob.digest.dropFirst(2))"
        let before = try FileStatus(path: path, followingLinks: false)
        _ = try await storage.put([1, 2, 3])
        #expect(try FileStatus(path: path, followingLinks: false) == before)
    }

    /// Damaged in place, of the same size or cut off: reading says so, and a put stores the blob again. The bytes that
    /// were there stay beside it.
    @Test func aDamagedBlobIsFoundAndStoredAgain() async throws {
        let folder = try TemporaryFolder()
        let storage = try FolderStorage(root: folder.path + "/store")
        let bytes: [UInt8] = [1, 2, 3]
        let blob = try await storage.put(bytes)
        let place = "store/objects/\(blob.digest.prefix(2))/\(blob.digest.dropFirst(2))"
        let source = try FileDescriptor.openForReading(try folder.write(bytes, "source"))
        for (number, damage) in [[1, 2, 4], [1, 2], [], [1, 2, 4]].map({ $0 as [UInt8] }).enumerated() {
            try folder.write(damage, place)
            let error = BlobStorageError.damaged(digest: blob.digest, found: Digest.sha256(damage))
            await #expect(throws: error) { _ = try await storage.read(blob.digest, limit: 10) }
            await #expect(throws: error) { _ = try await storage.openVerified(blob.digest) }
            let again =
                number % 2 == 0
                ? try await storage.put(bytes) : try await storage.put(source, expectedDigest: blob.digest)
            #expect(again == StoredBlob(digest: blob.digest, size: 3, isNew: true))
            #expect(try await storage.read(blob.digest, limit: 10) == bytes)
        }
        let damaged = try folder.files(below: "/store").filter { $0.hasPrefix(place + ".damaged-") }
        let kept = try damaged.map { name in
            try FileDescriptor.openForReading(folder.path + "/" + name).read(at: 0, count: 10, path: name)
        }
        #expect(kept.count == 4)
        #expect(Set(kept) == [[1, 2, 4], [1, 2], []])
        // They are no blobs and no notes.
        #expect(try await storage.digests(withNote: .object) == [])
    }

    @Test func aDamagedBlobIsSetAsideOnce() async throws {
        let folder = try TemporaryFolder()
        let storage = try FolderStorage(root: folder.path + "/store")
        let blob = try await storage.put([1, 2, 3])
        try await storage.putNote([9], kind: .upload, of: blob.digest)
        try folder.write([1, 2, 4], "store/objects/\(blob.digest.prefix(2))/\(blob.digest.dropFirst(2))")
        let moved = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { try await storage.setAsideIfDamaged(blob.digest) } }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(moved == 1)
        #expect(try await storage.size(of: blob.digest) == nil)
        #expect(try await storage.notes(.upload, of: blob.digest) == [[9]])
        #expect(try folder.files(below: "/store").count { $0.contains(".damaged-") } == 1)
    }

    @Test func aURLIsRefusedWithoutItsCredentials() throws {
        for (root, scheme) in [
            ("s3://key:secret@bucket/path", "s3"), ("HTTPS://user:secret@host/", "https"),
            ("file:///srv/secret", "file"),
        ] {
            let error = #expect(throws: BlobStorageError.unsupportedLocation(scheme: scheme)) {
                _ = try FolderStorage(root: root)
            }
            #expect(error?.description == "'\(scheme)://…': URLs come in a later release; name a folder")
        }
        #expect(throws: BlobStorageError.unavailable("an empty path names no folder")) {
            _ = try FolderStorage(root: "")
        }
        // A folder may have any name that is no URL.
        let folder = try TemporaryFolder()
        for name in ["s3:bucket", "a b://c", "3://c", "://c"] {
            #expect(throws: Never.self) { _ = try FolderStorage(root: folder.path + "/" + name) }
            #expect(FolderStorage.scheme(of: name) == nil)
        }
    }

    @Test func anUnusableFolderIsNamed() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("", "file")
        #expect(throws: BlobStorageError.unavailable("\(file)/store/objects: mkdir: Not a directory")) {
            _ = try FolderStorage(root: file + "/store")
        }
    }
}
