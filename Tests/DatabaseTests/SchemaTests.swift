import Database
import Foundation
import GRDB
import Testing

@Suite struct SchemaTests {
    @Test func aNewFileIsMarkedAndCarriesTheVersion() async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")))
        let state = try await database.read { db in
            try [
                Int.fetchOne(db, sql: "PRAGMA user_version"), Int.fetchOne(db, sql: "PRAGMA application_id"),
                Int.fetchOne(db, sql: "PRAGMA foreign_keys"),
            ]
        }
        #expect(state == [Schema.version, 0x5379_6d62, 1])
        let journal = try await database.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        #expect(journal == "wal")
        let tables = try await database.read {
            try String.fetchAll(
                $0, sql: "SELECT sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        }
        #expect(tables.count == 11)
        for table in tables { #expect(table.contains("-- PUBLIC.") || table.contains("-- Private."), "\(table)") }
    }

    @Test func anotherOpeningFindsTheRows() async throws {
        let folder = try TemporaryFolder()
        for expected in 1...3 {
            let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")))
            try await database.write { try $0.execute(sql: "INSERT INTO raw_events (payload_text) VALUES ('{}')") }
            let count = try await database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM queue") }
            #expect(count == expected)
        }
    }

    @Test func manyOpenANewFileAtOnce() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("new/a.db")
        let databases = try await withThrowingTaskGroup(of: SQLiteDatabase.self) { group in
            for _ in 0..<12 { group.addTask { try await SQLiteDatabase.open(.sqlite(path: path)) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        for database in databases {
            try await database.write { try $0.execute(sql: "INSERT INTO raw_events (payload_text) VALUES ('{}')") }
        }
        let count = try await databases[0].read { try Int.fetchOne($0, sql: "SELECT count(*) FROM queue") }
        #expect(count == 12)
        #expect(mode(path) == 0o600)
    }

    @Test func aNewerFileIsRefusedUntouched() async throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.db")
        _ = try await SQLiteDatabase.open(.sqlite(path: path))
        try SQLiteCommand.run(path, "PRAGMA user_version = \(Schema.version + 1)")
        let error = await #expect(throws: DatabaseOpeningError.self) {
            try await SQLiteDatabase.open(.sqlite(path: path))
        }
        guard case .newerSchema(_, let found, let supported) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect((found, supported) == (Schema.version + 1, Schema.version))
        #expect(error?.description.contains("\(found)") == true)
    }

    @Test func foreignFilesAreRefusedUntouched() async throws {
        let folder = try TemporaryFolder()
        let foreign = folder.file("foreign.db")
        try SQLiteCommand.run(foreign, "CREATE TABLE mine (a)")
        let before = try Data(contentsOf: URL(fileURLWithPath: foreign))
        let text = folder.file("text.db")
        try Data(String(repeating: "not a database\n", count: 100).utf8).write(to: URL(fileURLWithPath: text))
        for path in [foreign, text] {
            let error = await #expect(throws: DatabaseOpeningError.self) {
                try await SQLiteDatabase.open(.sqlite(path: path))
            }
            guard case .notSymbolist = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: foreign)) == before)
    }

    @Test func aFailedWriteLeavesNothing() async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")))
        for durable in [false, true] {
            await #expect(throws: DatabaseError.self) {
                try await database.write(durable: durable) { db in
                    try db.execute(sql: "INSERT INTO raw_events (payload_text) VALUES ('{}')")
                    try db.execute(sql: "INSERT INTO raw_events (payload_text) VALUES (NULL)")
                }
            }
        }
        let count = try await database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM raw_events") }
        #expect(count == 0)
    }

    @Test func durableWritesWaitForTheDisk() async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")))
        func synchronous(_ durable: Bool) async throws -> Int? {
            try await database.write(durable: durable) { try Int.fetchOne($0, sql: "PRAGMA synchronous") }
        }
        #expect(try await synchronous(false) == 1)
        #expect(try await synchronous(true) == 2)
        #expect(try await synchronous(false) == 1)
    }

    @Test func aCancelledTaskStillWrites() async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")))
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await database.write { try $0.execute(sql: "INSERT INTO raw_events (payload_text) VALUES ('{}')") }
            return try await database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM raw_events") }
        }
        task.cancel()
        #expect(try await task.value == 1)
    }

    @Test func timesAreMilliseconds() async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")))
        let values = try await database.read { db in
            try [
                Int64.fetchOne(db, sql: "SELECT \(SQLTime.milliseconds(of: "'2026-03-04T05:06:07.891Z'"))"),
                Int64.fetchOne(db, sql: "SELECT \(SQLTime.milliseconds(of: "'1970-01-01 00:00:00.001'"))"),
                Int64.fetchOne(db, sql: "SELECT \(SQLTime.now) - 1000 * CAST(strftime('%s', 'now') AS INTEGER)"),
            ]
        }
        #expect(values[0] == 1_772_600_767_891)
        #expect(values[1] == 1)
        #expect((0..<1000).contains(values[2] ?? -1))
        let text = try await database.read {
            try String.fetchOne($0, sql: "SELECT \(SQLTime.text(of: "1772600767891"))")
        }
        #expect(text == "2026-03-04T05:06:07.891Z")
    }
}
