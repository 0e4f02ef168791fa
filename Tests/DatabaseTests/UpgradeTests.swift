import Foundation
import GRDB
import Testing

@testable import Database

/// Files of older schema versions go on working.
@Suite struct UpgradeTests {
    /// A file as release 0.1.0 left it, with rows in every table that the next step touches.
    private func versionOne(_ path: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
        try queue.write { db in
            try db.execute(sql: SchemaVersion1.sql)
            try db.execute(sql: "PRAGMA application_id = \(Schema.applicationID); PRAGMA user_version = 1")
            let inspection = """
                {"architecture":"x86_64","alternateLink":{"buildID":"ABCD","name":"../x"},"hasDebugInformation":true,
                 "splitUnits":[{"id":18446744073709551615,"name":"a.dwo"},{"id":7,"name":"b.dwo"}]}
                """
            let stripped =
                #"{"hasDebugInformation":false,"debugLink":{"name":"till.debug","crc":4294967295},"splitUnits":[]}"#
            for (digest, text) in [("a", inspection), ("b", stripped), ("c", "not JSON"), ("d", nil)] {
                try db.execute(
                    sql: "INSERT INTO objects (digest, size, stored_at, inspection) VALUES (?, 1, 2, ?)",
                    arguments: [digest, text])
            }
            try db.execute(
                sql: "INSERT INTO quarantine (digest, builder_revision, deaths, reason) VALUES ('a', 1, 3, 'x')")
            try db.execute(sql: "INSERT INTO raw_events (payload_text) VALUES ('{}')")
        }
        try queue.close()
    }

    @Test func versionOneIsUpgraded() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.db")
        try versionOne(path)
        let database = try await SQLiteDatabase.open(.sqlite(path: path))
        let wanted = try await database.read { db in
            try Row.fetchAll(db, sql: "SELECT digest, kind, id, name FROM wanted_inputs ORDER BY 1, 2, 3").map { row in
                (0..<4).map { row[$0] as String }.joined(separator: " ")
            }
        }
        #expect(
            wanted == [
                "a build_id abcd ../x", "a dwo_id 0000000000000007 b.dwo", "a dwo_id ffffffffffffffff a.dwo",
                "b debuglink ffffffff/till.debug till.debug",
            ])
        let state = try await database.read { db in
            try [
                Int.fetchOne(db, sql: "PRAGMA user_version"),
                Int.fetchOne(db, sql: "SELECT count(*) FROM objects WHERE inspected_by = 0"),
                Int.fetchOne(db, sql: "SELECT count(*) FROM quarantine WHERE deaths = 3 AND object IS NULL"),
                Int.fetchOne(db, sql: "SELECT count(*) FROM queue"),
                Int.fetchOne(db, sql: "SELECT count(*) FROM pragma_foreign_key_check"),
            ]
        }
        #expect(state == [Schema.version, 4, 1, 1, 0])
    }

    /// However a file came to this version, it is the same.
    @Test func anUpgradedFileIsLikeANewOne() async throws {
        let folder = try TemporaryFolder()
        try versionOne(folder.file("old.db"))
        var schemas: [[String]] = []
        for name in ["old.db", "new.db"] {
            let database = try await SQLiteDatabase.open(.sqlite(path: folder.file(name)))
            schemas.append(
                try await database.read { db in
                    try String.fetchAll(
                        db, sql: "SELECT type || name || coalesce(sql, '') FROM sqlite_master ORDER BY type, name")
                })
        }
        #expect(schemas[0] == schemas[1])
    }

    @Test func aFailedUpgradeLeavesTheOldFile() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.db")
        try versionOne(path)
        // Something of the new step's name is there already.
        try SQLiteCommand.run(path, "CREATE TABLE wanted_inputs (a)")
        await #expect(throws: DatabaseOpeningError.self) { try await SQLiteDatabase.open(.sqlite(path: path)) }
        let queue = try DatabaseQueue(path: path)
        let version = try await queue.read { try Int.fetchOne($0, sql: "PRAGMA user_version") }
        let columns = try await queue.read {
            try String.fetchAll($0, sql: "SELECT name FROM pragma_table_info('objects')")
        }
        #expect(version == 1)
        #expect(!columns.contains("inspected_by"))
    }

    @Test func manyUpgradeAtOnce() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.db")
        try versionOne(path)
        let databases = try await withThrowingTaskGroup(of: SQLiteDatabase.self) { group in
            for _ in 0..<8 { group.addTask { try await SQLiteDatabase.open(.sqlite(path: path)) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        let count = try await databases[0].read { try Int.fetchOne($0, sql: "SELECT count(*) FROM wanted_inputs") }
        #expect(count == 4)
    }
}
