import Bytes
import Glibc
import Testing

@testable import DebugFiles

/// What every implementation of `BlobStorage` must do. Each test of an implementation calls it with a fresh, empty
/// store.
func checkBlobStorageConformance(_ storage: any BlobStorage, scratch: TemporaryFolder) async throws {
    try await checkBlobs(storage, scratch)
    try await checkNotes(storage)
    try await checkConcurrency(storage)
}

private func checkBlobs(_ storage: any BlobStorage, _ scratch: TemporaryFolder) async throws {
    // Three pieces and a bit, so that copying and hashing go over their borders.
    let bytes = (0..<(3 << 20) + 17).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
    let digest = Digest.sha256(bytes)
    let path = try scratch.write(bytes, "blob")
    let file = try FileDescriptor.openForReading(path)
    // The position must not matter.
    lseek(file.rawValue, 100, SEEK_SET)

    #expect(try await storage.size(of: digest) == nil)
    await #expect(throws: BlobStorageError.missing(digest: digest)) { _ = try await storage.open(digest) }

    let first = try await storage.put(file, expectedDigest: nil)
    #expect(first == StoredBlob(digest: digest, size: bytes.count, isNew: true))
    let again = try await storage.put(file, expectedDigest: digest)
    #expect(again == StoredBlob(digest: digest, size: bytes.count, isNew: false))
    let fromMemory = try await storage.put(bytes)
    #expect(fromMemory == StoredBlob(digest: digest, size: bytes.count, isNew: false))

    #expect(try await storage.size(of: digest) == bytes.count)
    let stored = try await storage.open(digest)
    #expect(try stored.read(at: 0, count: bytes.count + 1, path: "blob") == bytes)
    #expect(
        try await storage.read(digest, range: (1 << 20) - 3..<(1 << 20) + 3)
            == Array(bytes[(1 << 20) - 3..<(1 << 20) + 3]))
    #expect(try await storage.read(digest, limit: bytes.count) == bytes)
    await #expect(throws: BlobStorageError.self) { _ = try await storage.read(digest, limit: 10) }
    await #expect(throws: BlobStorageError.self) {
        _ = try await storage.read(digest, range: bytes.count - 1..<bytes.count + 1)
    }

    #expect(try await storage.openVerified(digest).read(at: 0, count: bytes.count, path: "blob") == bytes)
    // What is whole is never moved; what is not there is no damage.
    #expect(try await !storage.setAsideIfDamaged(digest))
    #expect(try await !storage.setAsideIfDamaged(Digest.sha256([9, 9])))
    #expect(try await storage.size(of: digest) == bytes.count)

    let empty = try await storage.put([])
    #expect(empty.size == 0)
    #expect(try await storage.read(empty.digest, limit: 0) == [])

    // What was hashed earlier is another file: refused, and nothing is left behind.
    let other = Digest.sha256([1, 2, 3])
    await #expect(throws: BlobStorageError.changed(expected: other, found: digest)) {
        _ = try await storage.put(file, expectedDigest: other)
    }
    #expect(try await storage.size(of: other) == nil)

    // A digest comes out of databases: it must not become a path.
    for bad in ["", "../../etc/passwd", String(repeating: "A", count: 64), String(repeating: "a", count: 63) + "/"] {
        await #expect(throws: BlobStorageError.malformedDigest(bad)) { _ = try await storage.open(bad) }
    }

    let folder = open(scratch.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    await #expect(throws: BlobStorageError.notARegularFile) {
        _ = try await storage.put(FileDescriptor(folder), expectedDigest: nil)
    }

    try await storage.remove(digest)
    try await storage.remove(digest)
    #expect(try await storage.size(of: digest) == nil)
}

private func checkNotes(_ storage: any BlobStorage) async throws {
    let blob = try await storage.put([7])
    let neighbour = try await storage.put([8])
    #expect(try await storage.notes(.object, of: blob.digest) == [])
    try await storage.putNote([1], kind: .object, of: blob.digest)
    try await storage.putNote([1], kind: .object, of: blob.digest)
    try await storage.putNote([2], kind: .upload, of: blob.digest)
    try await storage.putNote([3], kind: .upload, of: blob.digest)
    #expect(try await storage.notes(.object, of: blob.digest) == [[1]])
    #expect(try await Set(storage.notes(.upload, of: blob.digest)) == [[2], [3]])
    #expect(try await storage.notes(.sources, of: blob.digest) == [])
    #expect(try await storage.digests(withNote: .object) == [blob.digest])
    #expect(try await storage.digests(withNote: .sources) == [])
    #expect(try await storage.size(of: neighbour.digest) == 1)
    try await storage.remove(blob.digest)
    #expect(try await storage.notes(.upload, of: blob.digest) == [])
}

private func checkConcurrency(_ storage: any BlobStorage) async throws {
    let bytes = [UInt8](repeating: 5, count: 100_000)
    let news = try await withThrowingTaskGroup(of: Bool.self) { group in
        for number in 0..<16 {
            group.addTask {
                let blob = try await storage.put(bytes)
                try await storage.putNote([UInt8(number)], kind: .upload, of: blob.digest)
                return blob.isNew
            }
        }
        return try await group.reduce(into: [Bool]()) { $0.append($1) }
    }
    #expect(news.contains(true))
    let digest = Digest.sha256(bytes)
    #expect(try await storage.read(digest, limit: bytes.count) == bytes)
    #expect(try await Set(storage.notes(.upload, of: digest)) == Set((0..<16).map { [UInt8($0)] }))
}
