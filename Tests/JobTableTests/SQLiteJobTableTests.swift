import Database
import Foundation
import GRDB
import JobTable
import Testing

/// What only the SQLite job table has.
@Suite(.temporaryFolder) struct SQLiteJobTableTests {
    /// The command line has foreign keys off; retention by hand must not leave half an event.
    @Test func deletingThroughTheCommandLineLeavesNothing() async throws {
        let bed = try await SQLiteBed(policy: JobTablePolicy())
        let job = try #require(try await bed.table.leased().first)
        let awaited = [AwaitedID(kind: "build_id", id: "aa", lacks: .object)]
        #expect(try await bed.table.complete(job, with: .sample(awaited: awaited)))
        #expect(try bed.sqlite3("DELETE FROM raw_events").status == 0)
        #expect(try await bed.rowCount(of: job.eventID) == 0)
    }

    @Test func bytesAndFilesThroughTheCommandLine() async throws {
        let bed = try await SQLiteBed(policy: JobTablePolicy())
        let file = bed.database.path + ".json"
        let bytes: [UInt8] = [0x7b, 0x00, 0xff, 0x7d]
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        #expect(try bed.sqlite3("INSERT INTO raw_events (payload_bytes) VALUES (x'7b00ff7d')").status == 0)
        #expect(try bed.sqlite3("INSERT INTO raw_events (payload_bytes) VALUES (readfile('\(file)'))").status == 0)
        #expect(
            try bed.sqlite3("INSERT INTO raw_events (payload_text) VALUES (CAST(readfile('\(file)') AS TEXT))").status
                == 0)
        for job in try await bed.table.lease(limit: 9, owner: "a", duration: .seconds(60)) {
            #expect(job.payloadSize == 4)
            #expect(try await bed.table.payload(of: job.eventID, limit: 4) == .bytes(bytes))
        }
        #expect(try await bed.table.pendingCounts().leased == 3)
        #expect(try bed.sqlite3("INSERT INTO raw_events (payload_text) VALUES (x'7b7d')").output.contains("BLOB"))
    }

    /// The documentation's examples, as they stand there.
    @Test func theDocumentedStatementsRun() async throws {
        let bed = try await SQLiteBed(policy: JobTablePolicy())
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "Documentation/SQLContract.md"), encoding: .utf8)
        let file = bed.database.path + ".json"
        try Data("{\"exception\": {}}".utf8).write(to: URL(fileURLWithPath: file))
        let blocks = text.matches(of: /```sql\n((?s:.*?))```/).map {
            String($0.1).replacing("'crash.json'", with: "'\(file)'")
        }
        #expect(blocks.count >= 3)
        for block in blocks {
            let ran = try bed.sqlite3(block)
            #expect(ran.status == 0, "\(block)\n\(ran.output)")
        }
        let shell = try #require(text.firstMatch(of: /"(INSERT INTO raw_events .*readfile.*)"/)).1
        #expect(try bed.sqlite3(String(shell).replacing("'crash.json'", with: "'\(file)'")).status == 0)
        #expect(try await bed.table.events(EventFilter()).map(\.project) == ["default", "shop", "default"])
        // Every column that the views and the table have is documented, and no other.
        for name in ["raw_events", "enriched_events", "dead_letters"] {
            let section = try #require(text.components(separatedBy: "### `\(name)`\n").dropFirst().first)
            let table = section.components(separatedBy: "\n#").first ?? ""
            let documented = table.split(separator: "\n").filter { $0.hasPrefix("| `") }
                .flatMap { ($0.split(separator: "|").first ?? "").matches(of: /`(\w+)`/).map { String($0.1) } }
            let columns = try await bed.query("SELECT name FROM pragma_table_info('\(name)')")
            #expect(Set(documented) == Set(columns), "\(name)")
        }
    }

    /// A program that replaces a row against the contract leaves a queue entry without its event; it must not stay for
    /// ever.
    @Test func anOrphanInTheQueueIsSweptAway() async throws {
        let bed = try await SQLiteBed(policy: JobTablePolicy())
        let sql = "INSERT OR REPLACE INTO raw_events (payload_text, dedup_key) VALUES ('{}', 'k')"
        for _ in 0..<3 { #expect(try bed.sqlite3(sql).status == 0) }
        #expect(try await bed.table.pendingCounts().ready == 3)
        let jobs = try await bed.table.lease(limit: 10, owner: "a", duration: .seconds(60))
        #expect(jobs.count == 1)
        #expect(try await bed.table.pendingCounts() == PendingCounts(ready: 0, backingOff: 0, leased: 1))
    }

    /// Programs that insert while workers work, every one a process or a connection of its own.
    @Test func insertingProcessesAndWorkersAtOnce() async throws {
        let bed = try await SQLiteBed(policy: JobTablePolicy())
        let tables = [bed.table, try await bed.another()]
        let inserting = try (0..<3).map { number in
            let sql = (0..<60).map { "INSERT INTO raw_events (payload_text) VALUES ('\(number) \($0)');" }.joined()
            return try bed.startSQLite3(sql)
        }
        let finished = try await withThrowingTaskGroup(of: [Int64].self) { group in
            for table in tables {
                group.addTask {
                    var mine: [Int64] = []
                    // The bound only ends a run that has failed.
                    while try await table.finishedCounts().done < 180,
                        try await table.waitForWork(timeout: .seconds(60))
                    {
                        for job in try await table.lease(limit: 4, owner: "w", duration: .seconds(600)) {
                            if try await table.complete(job, with: .sample()) { mine.append(job.eventID) }
                        }
                    }
                    // The other one may be waiting for work that will not come.
                    _ = try await table.enqueue(NewRawEvent(payload: .text("the end"), dedupKey: "end"))
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        for process in inserting {
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
        }
        #expect(Set(finished).count == finished.count && finished.count >= 180)
    }

    /// The busy timeout is the caller's; what comes after it is told apart from a refusal.
    @Test func aLockHeldForTooLongIsUnavailability() async throws {
        let bed = try await SQLiteBed(policy: JobTablePolicy())
        var options = SQLiteDatabase.Options()
        options.busyTimeout = .milliseconds(50)
        let impatient = SQLiteJobTable(
            try await SQLiteDatabase.open(.sqlite(path: bed.database.path), options: options))
        let error = try await bed.database.write { _ in
            let done = DispatchSemaphore(value: 0)
            let caught = Locked<JobTableError?>(nil)
            Task.detached {
                do throws(JobTableError) {
                    _ = try await impatient.enqueue([NewRawEvent(payload: .text("x"))])
                } catch {
                    caught.set(error)
                }
                done.signal()
            }
            done.wait()
            return caught.value
        }
        guard case .unavailable = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        _ = try await impatient.enqueue([NewRawEvent(payload: .text("x"))])
    }

    /// A lease and its neighbours must not walk through the finished events.
    @Test func hotQueriesUseTheirIndexes() async throws {
        let bed = try await SQLiteBed(policy: JobTablePolicy())
        let plans = try await bed.database.read { db in
            try [
                "SELECT event_id FROM queue WHERE state = 'ready' AND available_at <= 5 "
                    + "ORDER BY priority DESC, available_at, event_id LIMIT 3",
                "SELECT 1 FROM queue WHERE state = 'leased' AND lease_expires_at <= 5",
                "SELECT count(*) FROM queue WHERE state = 'ready'",
                "SELECT event_id FROM awaited_ids WHERE kind = 'build_id' AND id = 'aa'",
                "SELECT 1 FROM awaited_ids AS a CROSS JOIN catalogue_changes AS c WHERE a.event_id = 1 "
                    + "AND c.kind = a.kind AND c.id = a.id AND c.sequence > 3",
            ].map { sql in
                try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql).map { $0["detail"] as String }.joined(
                    separator: "; ")
            }
        }
        for (plan, index) in zip(
            plans, ["queue_ready", "queue_leased", "queue_ready", "awaited_ids_by_id", "catalogue_changes_by_id"])
        {
            #expect(plan.contains(index) && !plan.contains("TEMP B-TREE"), "\(plan)")
        }
    }
}
