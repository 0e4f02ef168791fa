import Foundation
import Testing

/// Events of a megabyte and of a hundred.
@Suite struct LargeEventTests {
    private func sql(_ symbolist: Installation, _ statement: String) async throws -> String {
        let outcome = try await Tool.run("/usr/bin/sqlite3", [symbolist.database, statement])
        #expect(outcome.status == 0, "\(outcome.all)")
        return outcome.output.trimmingCharacters(in: .newlines)
    }

    /// The file of a blob in the store.
    private func blob(_ symbolist: Installation, event: Int) async throws -> String {
        let digest = try await sql(
            symbolist,
            "SELECT payload_blob FROM raw_events WHERE id = \(event) AND payload_text IS NULL AND payload_bytes IS NULL"
        )
        try #require(digest.count == 64, "\(digest)")
        return symbolist.scratch.path("state/debug-files/objects/\(digest.prefix(2))/\(digest.dropFirst(2))")
    }

    private func areIdentical(_ left: String, _ right: String) async throws -> Bool {
        try await Tool.run("/usr/bin/cmp", [left, right]).status == 0
    }

    /// A Sentry event with a key that nobody knows, so large.
    private func event(_ bytes: Int) -> String {
        #"{"exception":{"values":[{"type":"Large"}]},"padding":""# + String(repeating: "p", count: bytes) + #""}"#
    }

    /// Over 1 MiB a payload lives as a blob, and the result too.
    @Test func twoMegabytes() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let path = try symbolist.scratch.write(event(2_000_000), to: "event.json")
        #expect(try await symbolist.symbolist("enqueue", path).output == "1\n")
        #expect(try await areIdentical(try await blob(symbolist, event: 1), path))
        // A program that knows SQL alone puts it into the row.
        _ = try await sql(
            symbolist, "INSERT INTO raw_events (payload_text) VALUES (CAST(readfile('\(path)') AS TEXT))")
        #expect(try await sql(symbolist, "SELECT length(payload_text) > 2000000 FROM raw_events WHERE id = 2") == "1")

        let worker = try await symbolist.symbolist("worker", "--until-empty")
        #expect(worker.output.hasPrefix("2 events enriched"), "\(worker.all)")
        #expect(try await areIdentical(try await blob(symbolist, event: 2), path), "moved out of the row")
        #expect(
            try await sql(
                symbolist, "SELECT count(*) FROM enriched_events WHERE document IS NULL AND document_blob IS NOT NULL")
                == "2")
        let direct = try await symbolist.symbolist("symbolize", "--json", path)
        for id in ["1", "2"] {
            let shown = try await symbolist.symbolist("events", "show", id, "--json")
            #expect(shown.output == direct.output)
            #expect(shown.output.utf8.count > 2_000_000)
        }
    }

    @Test func aHundredMegabytes() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let path = symbolist.scratch.path("event.json")
        let made = try await Tool.shell(
            "{ printf '{\"exception\":\"'; head -c 100000000 /dev/zero | tr '\\0' x; printf '\"}'; } >'\(path)'")
        #expect(made.status == 0)
        #expect(try await symbolist.symbolist("enqueue", path).output == "1\n")
        #expect(try await symbolist.symbolist("enqueue", Till.recorded + "/c.json").output == "2\n")
        let worker = try await symbolist.symbolist("worker", "--until-empty")
        #expect(worker.status == 1)
        #expect(
            worker.output == "1 events enriched (1 with something missing), 1 dead letters\n", "\(worker.all)")
        let reason = try await sql(symbolist, "SELECT reason FROM dead_letters WHERE id = 1")
        #expect(reason.contains("100000016") && reason.contains("20000000"), "\(reason)")
        #expect(reason.contains("--max-event-size"))
        #expect(try await areIdentical(try await blob(symbolist, event: 1), path), "it is kept")

        let direct = try await symbolist.symbolist("symbolize", path)
        #expect(direct.status == 2, "\(direct.all)")
        #expect(direct.errors.contains("20000000") && direct.errors.contains("--max-event-size"), "\(direct.errors)")
    }

    /// The limit is the operator's.
    @Test func theLimitCanBeSet() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let path = try symbolist.scratch.write(event(5000), to: "event.json")
        _ = try await symbolist.symbolist("enqueue", path)
        let worker = try await symbolist.symbolist("worker", "--until-empty", "--max-event-size", "5000")
        #expect(worker.output.hasSuffix("1 dead letters\n"), "\(worker.all)")
        #expect(try await areIdentical(try await blob(symbolist, event: 1), path), "kept, but not in the row")
        let direct = try await symbolist.symbolist("symbolize", "--max-event-size", "5000", path)
        #expect(direct.status == 2, "\(direct.all)")
        let allowed = try await symbolist.symbolist("symbolize", "--max-event-size", "6000", path)
        #expect(allowed.status != 2, "\(allowed.all)")
    }
}
