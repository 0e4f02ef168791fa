import Foundation
import JobTable
import Testing

/// The contract for programs that speak SQL only, through another process.
@Suite(.temporaryFolder) struct ConformanceOfPublicSQL {
    @Test(arguments: Implementation.all)
    func anInsertOfThePayloadSuffices(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        async let woken = bed.table.waitForWork(timeout: .seconds(60))
        #expect(try await bed.insertElsewhere("INSERT INTO raw_events (payload_text) VALUES ('{\"message\": \"ä\"}')"))
        #expect(try await woken)
        let job = try #require(try await bed.table.lease(limit: 1, owner: "a", duration: .seconds(60)).first)
        #expect(job.project == "default" && job.priority == 0 && job.context == nil)
        #expect(job.payloadSize == 17, "bytes, not characters")
        #expect(abs(job.createdAt.timeIntervalSinceNow) < 3600)
        #expect(try await bed.table.payload(of: job.eventID, limit: 100) == .bytes(Array("{\"message\": \"ä\"}".utf8)))
    }

    @Test(arguments: Implementation.all)
    func everyPublicColumnCanBeGiven(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let sql = """
            INSERT INTO raw_events (project, payload_text, dedup_key, context, priority, created_at)
            VALUES ('shop', '{}', 'k', '{"release": "2.0", "tags": {"a": "b"}}', 7, '2026-03-04T05:06:07.891Z')
            """
        #expect(try await bed.insertElsewhere(sql))
        #expect(try await !bed.insertElsewhere(sql), "the dedup key is there")
        #expect(try await bed.insertElsewhere(sql + " ON CONFLICT (project, dedup_key) DO NOTHING"))
        let jobs = try await bed.table.lease(limit: 9, owner: "a", duration: .seconds(60))
        #expect(jobs.count == 1)
        let job = try #require(jobs.first)
        #expect(job.project == "shop" && job.priority == 7)
        #expect(job.context == "{\"release\": \"2.0\", \"tags\": {\"a\": \"b\"}}")
        #expect(job.createdAt == Date(timeIntervalSince1970: 1_772_600_767.891))
    }

    @Test(arguments: Implementation.all)
    func theChecksHold(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let wrong = [
            "(project) VALUES ('p')",
            "(payload_text) VALUES (NULL)",
            "(payload_text, payload_blob) VALUES ('{}', '\(String(repeating: "a", count: 64))')",
            "(payload_blob) VALUES ('../x')",
            "(payload_text, project) VALUES ('{}', '')",
            "(payload_text, project) VALUES ('{}', '\(String(repeating: "p", count: 65))')",
            "(payload_text, project) VALUES ('{}', NULL)",
            "(payload_text, context) VALUES ('{}', '{')",
            "(payload_text, context) VALUES ('{}', '\"text\"')",
            "(payload_text, priority) VALUES ('{}', 'high')",
            "(payload_text, created_at) VALUES ('{}', 'yesterday')",
            "(payload_text, dedup_key) VALUES ('{}', '')",
        ]
        for statement in wrong {
            #expect(try await !bed.insertElsewhere("INSERT INTO raw_events \(statement)"), "\(statement)")
        }
        #expect(try await bed.table.events(EventFilter()).isEmpty)
    }

    @Test(arguments: Implementation.all)
    func aRawEventIsNeverChanged(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let id = try await bed.table.enqueue(NewRawEvent(payload: .text("{}"))).id
        for change in [
            "payload_text = '[]'", "project = 'x'", "context = '{}'", "priority = 9", "created_at = '2026-01-01'",
        ] {
            #expect(try await !bed.insertElsewhere("UPDATE raw_events SET \(change) WHERE id = \(id)"), "\(change)")
        }
        #expect(try await bed.table.payload(of: id, limit: 9) == .bytes(Array("{}".utf8)))
    }

    @Test(arguments: Implementation.all)
    func theViewsShowResultsAndDeadLetters(_ implementation: Implementation) async throws {
        let bed = try await implementation.bed()
        let jobs = try await bed.table.leased(3)
        var result = EnrichedResult.sample("{\"ä\": \"\u{1f600}\"}")
        (result.title, result.release, result.environment) = ("Index out of range", "1.0", "production")
        #expect(try await bed.table.complete(jobs[0], with: result))
        #expect(try await bed.table.deadLetter(jobs[1], reason: "neither JSON nor a crash log"))
        #expect(
            try await bed.query(
                "SELECT id, project, status, title, release, environment, document FROM enriched_events ORDER BY id")
                == ["\(jobs[0].eventID)|default|complete|Index out of range|1.0|production|{\"ä\": \"\u{1f600}\"}"])
        #expect(
            try await bed.query("SELECT id, project, reason, attempts FROM dead_letters ORDER BY id")
                == ["\(jobs[1].eventID)|default|neither JSON nor a crash log|1"])
        for view in ["enriched_events (created_at, enriched_at)", "dead_letters (created_at, died_at)"] {
            let name = view.prefix { $0 != " " }
            let columns = view.drop { $0 != "(" }.dropFirst().dropLast()
            let times = try await bed.query("SELECT \(columns) FROM \(name)").joined().split(separator: "|")
            #expect(times.count == 2)
            for time in times {
                #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil, "\(time)")
            }
            #expect(try await !bed.insertElsewhere("DELETE FROM \(name)"), "read-only")
        }
    }
}
