import Database
import Foundation
import GRDB
import Testing

@Suite struct OpeningTests {
    @Test func readsURLs() throws {
        #expect(try DatabaseLocation(parsing: "sqlite:a/b.db") == .sqlite(path: "a/b.db"))
        #expect(try DatabaseLocation(parsing: "SQLite:/a b?c#d.db") == .sqlite(path: "/a b?c#d.db"))
        #expect(try DatabaseLocation(parsing: "sqlite:///var/x.db") == .sqlite(path: "/var/x.db"))
        for wrong in [
            "", "x.db", "/var/x:y.db", "sqlite:", "sqlite://host/x.db", "sqlite::memory:", "sqlite:a\0b", ":x",
        ] {
            #expect(throws: DatabaseOpeningError.self) { try DatabaseLocation(parsing: wrong) }
        }
    }

    @Test func postgresComesLaterAndItsPasswordIsNotRepeated() throws {
        let error = #expect(throws: DatabaseOpeningError.self) {
            try DatabaseLocation(parsing: "postgresql://user:geheim@host/db")
        }
        #expect(error == .unsupportedScheme("postgresql"))
        #expect(error?.description == "database URL: PostgreSQL comes in a later release; use sqlite:PATH")
        let other = #expect(throws: DatabaseOpeningError.self) { try DatabaseLocation(parsing: "user@geheim:x") }
        #expect(other?.description.contains("geheim") == false)
    }

    @Test func filesAndFoldersBelongToTheirOwnerOnly() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("made/for/it/jobs.db")
        let database = try await SQLiteDatabase.open(.sqlite(path: path))
        try await database.write { try $0.execute(sql: "INSERT INTO raw_events (payload_text) VALUES ('{}')") }
        for name in ["jobs.db", "jobs.db-wal", "jobs.db-shm"] {
            #expect(mode(folder.file("made/for/it/" + name)) == 0o600, "\(name)")
        }
        for name in ["made", "made/for", "made/for/it"] { #expect(mode(folder.file(name)) == 0o700, "\(name)") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("made/for/it")).count == 3)
    }

    @Test func anExistingFileKeepsItsMode() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("jobs.db")
        #expect(FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o660]))
        let database = try await SQLiteDatabase.open(.sqlite(path: path))
        #expect(mode(path) == 0o660)
        #expect(mode(path + "-wal") == 0o660)
        _ = database
    }

    @Test func symbolicLinksAreFollowedButNotIntoNothing() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createSymbolicLink(
            atPath: folder.file("link"), withDestinationPath: folder.file("none"))
        await #expect(throws: DatabaseOpeningError.self) {
            try await SQLiteDatabase.open(.sqlite(path: folder.file("link")))
        }
        let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("none")))
        let same = try await SQLiteDatabase.open(.sqlite(path: folder.file("link")))
        #expect(same.path == database.path)
        await #expect(throws: DatabaseOpeningError.self) { try await SQLiteDatabase.open(.sqlite(path: folder.path)) }
        await #expect(throws: DatabaseOpeningError.self) {
            try await SQLiteDatabase.open(.sqlite(path: folder.path + "/x/.."))
        }
    }

    @Test(
        arguments: [
            (0x6969, nil, "NFS"), (0xff53_4d42, nil, "CIFS (SMB)"), (0xfe53_4d42, nil, "SMB 2 or 3"),
            (0x0102_1997, nil, "9P"), (0x6573_5546, "fuse.sshfs", "fuse.sshfs"),
            (0x6573_5546, nil, "a FUSE file system of unknown type"),
        ] as [(UInt32, String?, String)])
    func networkFileSystemsAreRefused(magic: UInt32, mountType: String?, name: String) async throws {
        let folder = try TemporaryFolder()
        var options = SQLiteDatabase.Options()
        options.fileSystem = FileSystemProbe(magic: { _ in magic }, mountType: { _ in mountType })
        let path = folder.file("new/jobs.db")
        let error = await #expect(throws: DatabaseOpeningError.self) {
            try await SQLiteDatabase.open(.sqlite(path: path), options: options)
        }
        #expect(error == .networkFileSystem(path: path, type: name))
        #expect(error?.description.contains(name) == true)
        #expect(!FileManager.default.fileExists(atPath: folder.file("new")), "a refusal leaves nothing behind")

        let existing = folder.file("there.db")
        #expect(FileManager.default.createFile(atPath: existing, contents: nil))
        await #expect(throws: DatabaseOpeningError.networkFileSystem(path: existing, type: name)) {
            try await SQLiteDatabase.open(.sqlite(path: existing), options: options)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: existing)).isEmpty)
    }

    @Test func localFileSystemsAreNot() async throws {
        let folder = try TemporaryFolder()
        var options = SQLiteDatabase.Options()
        options.fileSystem = FileSystemProbe(magic: { _ in 0x6573_5546 }, mountType: { _ in "fuse.fuse-overlayfs" })
        _ = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")), options: options)
        #expect(try FileSystemProbe.system.magic(folder.path) != 0)
        // The kernel's own table is read: /proc is mounted wherever its mountinfo is.
        #expect(FileSystemProbe.system.mountType("/proc/self") == "proc")
    }
}
