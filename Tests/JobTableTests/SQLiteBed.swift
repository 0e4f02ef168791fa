import Database
import Foundation
import GRDB
import JobTable

/// The SQLite job table in a file of its own, in the test's folder.
final class SQLiteBed: JobTableBed {
    let database: SQLiteDatabase
    let table: any JobTable
    private let policy: JobTablePolicy

    init(policy: JobTablePolicy) async throws {
        // Several beds of one test do not share a file.
        database = try await SQLiteDatabase.open(.sqlite(path: "\(TestFolder.current)/\(UUID().uuidString).db"))
        table = SQLiteJobTable(database, policy: policy)
        self.policy = policy
    }

    func another() async throws -> any JobTable {
        SQLiteJobTable(try await SQLiteDatabase.open(.sqlite(path: database.path)), policy: policy)
    }

    func insertElsewhere(_ sql: String) async throws -> Bool { try sqlite3(sql).status == 0 }

    func query(_ sql: String) async throws -> [String] {
        try sqlite3(sql).output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The command line in a process of its own, with SQLite's own defaults: no foreign keys.
    func sqlite3(_ sql: String) throws -> (output: String, status: Int32) {
        let output = Pipe()
        let process = try startSQLite3(sql, output: output)
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines), process.terminationStatus)
    }

    /// The same, left running.
    func startSQLite3(_ sql: String, output: Pipe? = nil) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sqlite3", "-batch", "-bail", "-cmd", ".timeout 10000", database.path, sql]
        process.standardInput = FileHandle.nullDevice
        if let output {
            process.standardOutput = output
            process.standardError = output
        }
        try process.run()
        return process
    }

    func recordChange(project: String, kind: String, id: String) async throws {
        try await database.write { db in
            try db.execute(
                sql: "INSERT INTO catalogue_changes (project, kind, id) VALUES (?, ?, ?)",
                arguments: [project, kind, id])
        }
    }

    func changes() async throws -> [CatalogueChange] {
        try await database.read { db in
            try Row.fetchAll(db, sql: "SELECT sequence, project, kind, id FROM catalogue_changes ORDER BY sequence")
                .map { CatalogueChange(sequence: $0[0], project: $0[1], kind: $0[2], id: $0[3]) }
        }
    }

    func expireLeases() async throws {
        try await database.write { try $0.execute(sql: "UPDATE queue SET lease_expires_at = 1 WHERE state = 'leased'") }
    }

    func endPauses() async throws {
        try await database.write { db in
            try db.execute(
                sql:
                    "UPDATE queue SET available_at = 1 WHERE state = 'ready' AND available_at > \(SQLTime.now)"
            )
        }
    }

    func remove(_ id: Int64) async throws {
        try await database.write { try $0.execute(sql: "DELETE FROM raw_events WHERE id = ?", arguments: [id]) }
    }

    func rowCount(of id: Int64) async throws -> Int {
        try await database.read { db in
            try Int.fetchOne(
                db,
                sql: """
                    SELECT (SELECT count(*) FROM raw_events WHERE id = ?1)
                         + (SELECT count(*) FROM queue WHERE event_id = ?1)
                         + (SELECT count(*) FROM results WHERE event_id = ?1)
                         + (SELECT count(*) FROM awaited_ids WHERE event_id = ?1)
                    """, arguments: [id]) ?? -1
        }
    }
}
