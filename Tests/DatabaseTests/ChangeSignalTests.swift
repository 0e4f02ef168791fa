import Database
import Foundation
import GRDB
import Testing

/// No time is asserted: a signal that is never seen makes the wait return false after its generous bound.
@Suite struct ChangeSignalTests {
    private let bound = Duration.seconds(60)
    private static let insert = "INSERT INTO raw_events (payload_text) VALUES ('{}')"

    @Test func aCommitBeforeTheWaitIsNotMissed() async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")))
        let token = try await database.changes.token()
        try await database.write { try $0.execute(sql: Self.insert) }
        #expect(await database.changes.wait(after: token, timeout: bound))
    }

    @Test func anotherProcessIsSeen() async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")))
        for _ in 0..<3 {
            let token = try await database.changes.token()
            async let changed = database.changes.wait(after: token, timeout: bound)
            #expect(try SQLiteCommand.run(database.path, Self.insert).status == 0)
            #expect(await changed)
        }
    }

    @Test func thisProcessWakesWithoutAPoll() async throws {
        let folder = try TemporaryFolder()
        var options = SQLiteDatabase.Options()
        options.pollInterval = .seconds(3600)
        let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")), options: options)
        let token = try await database.changes.token()
        let waits = (0..<5).map { _ in Task { await database.changes.wait(after: token, timeout: bound) } }
        try await database.write { try $0.execute(sql: Self.insert) }
        for wait in waits { #expect(await wait.value) }
    }

    @Test func withoutACommitTheTimeoutEndsIt() async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")))
        let token = try await database.changes.token()
        #expect(await !database.changes.wait(after: token, timeout: .milliseconds(120)))
        #expect(await !database.changes.wait(after: token, timeout: .zero))
        #expect(try await database.changes.token() == token)
    }

    @Test func cancellationEndsIt() async throws {
        let folder = try TemporaryFolder()
        let database = try await SQLiteDatabase.open(.sqlite(path: folder.file("a.db")))
        let token = try await database.changes.token()
        for _ in 0..<50 {
            let task = Task { await database.changes.wait(after: token, timeout: bound) }
            task.cancel()
            #expect(await !task.value)
        }
    }
}
