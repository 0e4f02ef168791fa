import Foundation
import Testing

/// The whole way of a real crash, on the built binary.
@Suite struct MainJobTests {
    @Test func uploadEnqueueWorkShow() async throws {
        let till = try await Till.shared.value()
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let crash = try await till.crash("index", in: symbolist.scratch)

        let upload = try await symbolist.symbolist("upload", till.build + "/release")
        #expect(upload.status == 0, "\(upload.all)")
        #expect(upload.output.contains("Till"))

        let enqueue = try await symbolist.symbolist(
            "enqueue", "--release", "till@1.0", "--environment", "test", "--tag", "host=web1", "--stderr", crash.stderr,
            crash.report)
        #expect(enqueue.status == 0, "\(enqueue.all)")
        #expect(enqueue.output == "1\n")

        let worker = try await symbolist.symbolist("worker", "--until-empty")
        // libswift_Concurrency was not uploaded: something is missing, and the exit status says so.
        #expect(worker.status == 1, "\(worker.all)")

        let json = try await symbolist.symbolist("events", "show", "1", "--json")
        #expect(json.status == 0, "\(json.all)")
        let frames = try Frames(json.output)
        #expect(frames.exception["type"] as? String == "Swift runtime failure")
        #expect(frames.exception["value"] as? String == "Index out of range")
        #expect(frames.event["release"] as? String == "till@1.0")
        #expect(frames.event["environment"] as? String == "test")
        #expect((frames.event["tags"] as? [String: String])?["host"] == "web1")
        #expect(frames.lines.first?.hasPrefix("Swift runtime failure: Index out of range") == true)
        #expect(frames.place(of: "specialized PriceList.unitPrice(of:)") == "Basket.swift:23:15")
        #expect(frames.place(of: "Basket.linePrice(_:in:)") == "Basket.swift:38:16")
        #expect(frames.place(of: "closure #1 in Basket.total(in:)") == "Basket.swift:45:13")
        #expect(frames.place(of: "Basket.total(in:)") == "Basket.swift:44:15")

        let price = try #require(
            frames.frames.first { $0["function"] as? String == "specialized PriceList.unitPrice(of:)" })
        #expect(price["context_line"] as? String == "        prices[article]")
        #expect((price["pre_context"] as? [String])?.count == 5)
        #expect((price["post_context"] as? [String])?.count == 5)
        #expect(price["in_app"] as? Bool == true)
        let getter = try #require(
            frames.frames.first { ($0["function"] as? String)?.contains("Array.subscript") == true })
        #expect(getter["in_app"] as? Bool == false)

        let text = try await symbolist.symbolist("events", "show", "1")
        #expect(text.output.hasPrefix("Swift runtime failure: Index out of range\n"), "\(text.all)")
        #expect(text.output.contains("23 |         prices[article]"))
        #expect(!text.output.contains("\u{1b}"), "plain text when piped")
    }

    /// One address asked from the command line, by a worker, or in a batch: the same frames, the same bytes.
    @Test func workerAndSymbolizeGiveTheSameBytes() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let debug = Till.recorded + "/till.debug"
        _ = try await symbolist.symbolist("upload", "--map-path", "/till=\(Till.folder)", debug)
        for mode in ["index", "overflow", "callback", "c", "cxx", "async", "fatal"] {
            let report = "\(Till.recorded)/\(mode).json"
            let id = try await symbolist.symbolist("enqueue", report).output.trimmingCharacters(in: .newlines)
            _ = try await symbolist.symbolist("worker", "--until-empty")
            let worker = try await symbolist.symbolist("events", "show", id, "--json")
            let direct = try await symbolist.symbolist("symbolize", "--json", report)
            #expect(worker.output == direct.output, "\(mode)")
            #expect(direct.output.count > 1000)
            let again = try await symbolist.symbolist("symbolize", "--json", "-", input: direct.output)
            #expect(again.output == direct.output, "\(mode): an enriched event is enriched to the same bytes")
        }
    }

    /// Symbols that come after the crash: the event is enriched again by itself.
    @Test func lateSymbolsEnrichAgain() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        _ = try await symbolist.symbolist("enqueue", Till.recorded + "/c.json")
        _ = try await symbolist.symbolist("worker", "--until-empty")
        let before = try Frames(try await symbolist.symbolist("events", "show", "1", "--json").output)
        #expect(before.place(of: "tax_class") == nil)
        let status = (before.frames.last?["data"] as? [String: Any])?["symbolicator_status"] as? String
        #expect(status == "missing")

        _ = try await symbolist.symbolist("upload", "--map-path", "/till=\(Till.folder)", Till.recorded + "/till.debug")
        let worker = try await symbolist.symbolist("worker", "--until-empty")
        #expect(worker.output.hasPrefix("1 events enriched"), "\(worker.all)")
        let after = try Frames(try await symbolist.symbolist("events", "show", "1", "--json").output)
        #expect(after.place(of: "tax_class") == "tax.c:20:12")
        #expect(after.place(of: "entry") == "tax.c:16:12")
    }

    /// The public contract is SQL: any program that can INSERT can hand over a crash.
    @Test func plainSQL() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        _ = try await symbolist.symbolist("events", "list")
        let report = Till.recorded + "/index.json"
        let insert = try await Tool.run(
            "/usr/bin/sqlite3",
            [
                symbolist.database,
                "INSERT INTO raw_events (payload_text, context) "
                    + "VALUES (CAST(readfile('\(report)') AS TEXT), '{\"release\":\"till@2.0\"}');",
            ])
        #expect(insert.status == 0, "\(insert.all)")
        _ = try await symbolist.symbolist("worker", "--until-empty")
        let rows = try await Tool.run(
            "/usr/bin/sqlite3", [symbolist.database, "SELECT id, status, release FROM enriched_events"])
        #expect(rows.output == "1|partial|till@2.0\n", "\(rows.all)")
    }
}
