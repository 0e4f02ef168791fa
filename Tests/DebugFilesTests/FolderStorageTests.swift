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

    @Test func anUnusableFolderIsNamed() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("", "file")
        #expect(throws: BlobStorageError.unavailable("\(file)/store/objects: mkdir: Not a directory")) {
            _ = try FolderStorage(root: file + "/store")
        }
    }
}
