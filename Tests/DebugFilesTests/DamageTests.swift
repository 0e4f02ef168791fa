import Bytes
import Database
import GRDB
import Glibc
import ParserTasks
import Synchronization
import Testing

@testable import DebugFiles

/// Blobs whose bytes changed on the disk.
@Suite struct DamageTests {
    private func upload(
        _ fixture: StoreFixture, _ object: FakeObject, project: String = "default"
    ) async throws -> UploadOutcome {
        let path = try fixture.write(object, "tree/app")
        let report = try await fixture.store.upload([path], options: fixture.options(project: project))
        return try #require(report.outcomes.first)
    }

    /// The same file once more, untouched.
    private func again(_ fixture: StoreFixture) async throws -> UploadOutcome {
        let report = try await fixture.store.upload([fixture.folder.path + "/tree/app"], options: fixture.options())
        return try #require(report.outcomes.first)
    }

    /// What the quick path remembers of a file. It does so itself only two seconds after the file's last change.
    private func remember(_ path: String, _ digest: String, _ fixture: StoreFixture) throws {
        let status = try FileStatus(path: path, followingLinks: true)
        let name = Digest.sha256(Array(path.utf8))
        try fixture.folder.write(
            """
            {"path": "\(path)", "device": \(status.device), "inode": \(status.inode), "size": \(status.size),
             "modified": \(status.modified), "changed": \(status.changed), "digest": "\(digest)"}
            """, "cache/seen/\(name.prefix(2))/\(name.dropFirst(2)).json")
        #expect(SeenFiles(cache: fixture.folder.path + "/cache").digest(of: path, status) == digest)
    }

    private func place(_ digest: String) -> String { "store/objects/\(digest.prefix(2))/\(digest.dropFirst(2))" }

    /// Flips a bit in the middle of a blob: the size stays.
    private func damage(_ digest: String, _ fixture: StoreFixture) throws {
        let path = fixture.folder.path + "/" + place(digest)
        var bytes = try FileDescriptor.openForReading(path).read(at: 0, count: 1 << 20, path: path)
        bytes[bytes.count / 2] ^= 1
        try fixture.folder.write(bytes, place(digest))
    }

    private func damagedFiles(_ fixture: StoreFixture) throws -> Int {
        try fixture.folder.files(below: "/store").count { $0.contains(".damaged-") }
    }

    /// A finished event that lacks the object.
    private func addWaitingEvent(_ fixture: StoreFixture, project: String = "default") async throws {
        try await fixture.database.write { db in
            try db.execute(
                sql: "INSERT INTO raw_events (id, project, payload_text) VALUES (1, ?, '{}')", arguments: [project])
            try db.execute(sql: "UPDATE queue SET state = 'done'")
            try db.execute(
                sql: """
                    INSERT INTO awaited_ids (event_id, project, kind, id, lacks) VALUES (1, ?, 'build_id', ?, 'object')
                    """, arguments: [project, BuildID.first])
        }
    }

    private func isReady(_ fixture: StoreFixture) async throws -> Bool {
        try await fixture.count("SELECT count(*) FROM queue WHERE state = 'ready'") == 1
    }

    @Test func noIndexOfDamagedBytesAndAnUploadHeals() async throws {
        let fixture = try await StoreFixture()
        let object = FakeObject(buildID: BuildID.first)
        let digest = try #require(try await upload(fixture, object).digest)
        try damage(digest, fixture)
        // The quick path reads neither the file nor the store's copy of it.
        try remember(fixture.folder.path + "/tree/app", digest, fixture)
        #expect(try await again(fixture).status == .alreadyStored)
        #expect(try damagedFiles(fixture) == 0)
        let image = try await fixture.resolve(BuildID.first)
        #expect(image.status == .other)
        #expect(image.reason?.hasPrefix("blob \(digest) is damaged in the store (its bytes have SHA-256 ") == true)
        #expect(image.reason?.hasSuffix(") and was set aside; upload the file again") == true)
        #expect(image.lacks == [.object])
        #expect(image.ids.map(\.id) == [BuildID.first])
        #expect(fixture.parser.counts.withLock { $0.builds } == 0)
        #expect(try fixture.folder.files(below: "/cache/indexes") == [])
        #expect(try damagedFiles(fixture) == 1)
        #expect(try await fixture.storage.size(of: digest) == nil)
        let lost = try await fixture.resolve(BuildID.first)
        #expect(lost.status == .missing)
        #expect(
            lost.reason
                == "the catalogue names blob \(digest), which the store does not have any more; upload the file again")

        try await addWaitingEvent(fixture)
        // The quick path knows the file, and sees that the store's copy is gone.
        #expect(try await again(fixture).status == .stored)
        #expect(try await isReady(fixture))
        #expect(try await fixture.count("SELECT count(*) FROM objects WHERE lost_at IS NOT NULL") == 0)
        #expect(try await fixture.resolve(BuildID.first).status == .found)
        #expect(try damagedFiles(fixture) == 1)
        // And now there is nothing to tell any more.
        let rows = try await fixture.rows()
        #expect(try await again(fixture).status == .alreadyStored)
        #expect(try await fixture.rows() == rows)
    }

    /// Nobody wanted the object since it was damaged: a put that reads finds it.
    @Test func anUploadThatReadsHealsByItself() async throws {
        let fixture = try await StoreFixture()
        let object = FakeObject(buildID: BuildID.first)
        let digest = try #require(try await upload(fixture, object, project: "web").digest)
        try await addWaitingEvent(fixture, project: "web")
        try damage(digest, fixture)
        // To another project, so that the one that waits is not the one that uploads.
        #expect(try await upload(fixture, object, project: "mail").status == .stored)
        #expect(try damagedFiles(fixture) == 1)
        #expect(try await fixture.storage.read(digest, limit: 1 << 20) == (try object.bytes()))
        #expect(try await isReady(fixture))
    }

    /// Killed between blob and catalogue: the note of the loss is still there for the next upload.
    @Test func aHealedBlobThatNobodyWasToldOf() async throws {
        let fixture = try await StoreFixture()
        let object = FakeObject(buildID: BuildID.first)
        let digest = try #require(try await upload(fixture, object).digest)
        try damage(digest, fixture)
        _ = try await fixture.resolve(BuildID.first)
        try await addWaitingEvent(fixture)
        #expect(try await fixture.storage.put(try object.bytes()).isNew)
        #expect(try await !isReady(fixture))
        #expect(try await upload(fixture, object).status == .alreadyStored)
        #expect(try await isReady(fixture))
    }

    /// A blob that came back from a backup, past every upload, is noticed by the first who needs it.
    @Test func aBlobThatWasPutBack() async throws {
        let fixture = try await StoreFixture()
        let object = FakeObject(buildID: BuildID.first)
        let digest = try #require(try await upload(fixture, object).digest)
        let file = fixture.folder.path + "/" + place(digest)
        #expect(unlink(file) == 0)
        #expect(try await fixture.resolve(BuildID.first).status == .missing)
        try await addWaitingEvent(fixture)
        try fixture.folder.write(try object.bytes(), place(digest))
        #expect(try await fixture.resolve(BuildID.first).status == .found)
        #expect(try await isReady(fixture))
        #expect(try await fixture.count("SELECT count(*) FROM objects WHERE lost_at IS NOT NULL") == 0)
    }

    /// An upload heals the blob between the look that found the damage and the move: the healthy one stays, answers at
    /// once, and no note of a loss is left.
    @Test func healedWhileTheDamageIsNoted() async throws {
        let fixture = try await StoreFixture()
        let object = FakeObject(buildID: BuildID.first)
        let digest = try #require(try await upload(fixture, object).digest)
        try damage(digest, fixture)
        let storage = HealedAfterOpening(base: fixture.storage, bytes: try object.bytes())
        let store = try DebugFileStore(
            storage: storage, database: fixture.database, parser: fixture.parser,
            cacheFolder: fixture.folder.path + "/cache")
        let query = ImageQuery(codeID: BuildID.first, debugID: nil, codeFile: nil)
        let image = try await store.resolve(project: "default", images: [query]).images[0]
        #expect(image.status == .found)
        #expect(storage.heals.withLock { $0 } == 1)
        #expect(try await fixture.count("SELECT count(*) FROM objects WHERE lost_at IS NOT NULL") == 0)
        // The one that the upload moved.
        #expect(try damagedFiles(fixture) == 1)
        #expect(try await fixture.storage.read(digest, limit: 1 << 20) == (try object.bytes()))
    }

    /// One copy that is damaged does not hide another object of the build.
    @Test func theNextObjectAnswers() async throws {
        let fixture = try await StoreFixture()
        let best = try #require(try await upload(fixture, FakeObject(buildID: BuildID.first)).digest)
        let symbols = try #require(
            try await upload(fixture, FakeObject(buildID: BuildID.first, debugInformation: false)).digest)
        try damage(best, fixture)
        let image = try await fixture.resolve(BuildID.first)
        #expect(image.object?.digest == symbols)
        #expect(image.lacks.contains(.debugInformation))
    }

    @Test func aDamagedSourceTextIsNoText() async throws {
        let fixture = try await StoreFixture()
        let source = try fixture.folder.write("let a = 1\n", "tree/a.swift", modified: 1_600_000_000)
        let object = FakeObject(buildID: BuildID.first, sources: [.init(path: source)])
        let digest = try #require(try await upload(fixture, object).digest)
        #expect(try await fixture.store.sourceText(object: digest, path: source)?.bytes == Array("let a = 1\n".utf8))
        let pack = Digest.sha256(Array("let a = 1\n".utf8))
        try fixture.folder.write("let a = 2\n", place(pack))
        await #expect(
            throws: DebugFilesError.storage(
                "debug-file store: the text of '\(source)' in blob \(pack) is damaged"
            )
        ) { _ = try await fixture.store.sourceText(object: digest, path: source) }
    }
}

/// A folder in which another process puts a blob again right after it was opened for the first time.
private final class HealedAfterOpening: BlobStorage {
    let base: FolderStorage
    let bytes: [UInt8]
    let heals = Mutex(0)

    init(base: FolderStorage, bytes: [UInt8]) {
        self.base = base
        self.bytes = bytes
    }

    func open(_ digest: String) async throws(BlobStorageError) -> FileDescriptor {
        let file = try await base.open(digest)
        if try await base.put(bytes).isNew { heals.withLock { $0 += 1 } }
        return file
    }

    func put(_ descriptor: FileDescriptor, expectedDigest: String?) async throws(BlobStorageError) -> StoredBlob {
        try await base.put(descriptor, expectedDigest: expectedDigest)
    }

    func put(_ bytes: [UInt8]) async throws(BlobStorageError) -> StoredBlob { try await base.put(bytes) }

    func size(of digest: String) async throws(BlobStorageError) -> Int? { try await base.size(of: digest) }

    func read(_ digest: String, range: Range<Int>) async throws(BlobStorageError) -> [UInt8] {
        try await base.read(digest, range: range)
    }

    func setAsideIfDamaged(_ digest: String) async throws(BlobStorageError) -> Bool {
        try await base.setAsideIfDamaged(digest)
    }

    func remove(_ digest: String) async throws(BlobStorageError) { try await base.remove(digest) }

    func putNote(_ bytes: [UInt8], kind: BlobNoteKind, of digest: String) async throws(BlobStorageError) {
        try await base.putNote(bytes, kind: kind, of: digest)
    }

    func notes(_ kind: BlobNoteKind, of digest: String) async throws(BlobStorageError) -> [[UInt8]] {
        try await base.notes(kind, of: digest)
    }

    func digests(withNote kind: BlobNoteKind) async throws(BlobStorageError) -> [String] {
        try await base.digests(withNote: kind)
    }
}
