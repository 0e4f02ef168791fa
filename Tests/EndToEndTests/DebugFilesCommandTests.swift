import Foundation
import Testing

/// `symbolist debug-files`, and the quarantine that it lifts, on the built binary.
@Suite struct DebugFilesCommandTests {
    private func json(_ line: Substring) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    private static func buildID(_ path: String) async throws -> String {
        let notes = try await Tool.run("/usr/bin/readelf", ["-n", path]).output
        return try String(#require(notes.firstMatch(of: /Build ID: ([0-9a-f]+)/)?.1))
    }

    @Test(arguments: [[], ["list"], ["show"], ["retry"]]) func helpHasExamples(_ command: [String]) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let help = try await Tool.run(
            Tool.symbolist, ["debug-files"] + command + ["--help"], environment: symbolist.environment)
        #expect(help.status == 0)
        #expect(help.output.contains("EXAMPLES\n  symbolist debug-files "), "\(help.output)")
        #expect(!FileManager.default.fileExists(atPath: symbolist.scratch.path("state")), "help touches nothing")
    }

    @Test(arguments: [
        ["retry"], ["retry", "--all", "ab"], ["show"], ["show", ""], ["list", "--limit", "0"],
        ["list", "--missing", "--quarantined"], ["list", "--missing", "--build-id", "ab"],
        ["list", "--quarantine-after", "0"],
    ]) func wrongUsageTouchesNothing(_ arguments: [String]) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let outcome = try await Tool.run(
            Tool.symbolist, ["debug-files"] + arguments, environment: symbolist.environment)
        #expect(outcome.status == 64, "\(outcome.all)")
        #expect(outcome.output.isEmpty)
        #expect(!outcome.errors.isEmpty)
    }

    @Test func listAndShow() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let file = Till.recorded + "/till.debug"
        let id = try await Self.buildID(file)
        let empty = try await symbolist.symbolist("debug-files")
        #expect(empty.status == 0 && empty.output.isEmpty, "\(empty.all)")
        let upload = try await symbolist.symbolist("upload", "--no-sources", "--project", "shop", file)
        #expect(upload.output.contains("indexed   \(file)  all debug information\n"), "\(upload.all)")

        let list = try await symbolist.symbolist("debug-files", "list")
        #expect(list.output.contains("\(id)  "), "\(list.all)")
        #expect(list.output.contains("  x86_64  debug info, symbols, unwind  "), "\(list.output)")
        #expect(list.output.hasSuffix("  till.debug\n"), "\(list.output)")
        for (arguments, count) in [
            (["--project", "shop"], 1), (["--project", "other"], 0), (["--quarantined"], 0), (["--incomplete"], 0),
            (["--build-id", String(id.prefix(6))], 1), (["--build-id", id.uppercased()], 1), (["--build-id", "zz"], 0),
        ] {
            let outcome = try await Tool.run(
                Tool.symbolist, ["debug-files", "list", "--json"] + arguments, environment: symbolist.environment)
            #expect(outcome.status == 0, "\(outcome.all)")
            #expect(outcome.output.split(separator: "\n").count == count, "\(arguments): \(outcome.output)")
        }

        let page = try await symbolist.symbolist("debug-files", "show", String(id.prefix(8)))
        #expect(page.status == 0)
        for part in ["\(id)  (shop)", "  index         full, ", "/Till/Recorded/till.debug  ", "  stored "] {
            #expect(page.output.contains(part), "\(page.output)")
        }
        #expect(!page.output.contains("\u{1b}"), "no colour where no terminal is")
        let shown = try json(
            try #require(
                try await symbolist.symbolist("debug-files", "show", "--json", id).output.split(separator: "\n").first))
        #expect(shown["build_id"] as? String == id)
        #expect((shown["index"] as? [String: Any])?["quality"] as? String == "full")
        #expect((shown["index"] as? [String: Any])?["current"] as? Bool == true)

        let nothing = try await symbolist.symbolist("debug-files", "show", "0123456789")
        #expect(nothing.status == 2)
        #expect(nothing.output.isEmpty)
        #expect(nothing.errors.contains("'symbolist debug-files list' shows"), "\(nothing.errors)")
    }

    /// A parser that dies three times is not started a fourth time, until somebody asks for it; then the events that
    /// lacked the file are enriched again by themselves.
    @Test func quarantineIsSaidAndLifted() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let file = Till.recorded + "/till.debug"
        let id = try await Self.buildID(file)
        _ = try await symbolist.symbolist("upload", "--no-sources", "--no-index", file)
        for _ in 0..<4 {
            _ = try await symbolist.symbolist("enqueue", Till.recorded + "/c.json")
            _ = try await symbolist.symbolist("worker", "--until-empty", "--parser-memory", "1")
        }
        let list = try await symbolist.symbolist("debug-files", "list", "--quarantined", "--json")
        let object = try json(try #require(list.output.split(separator: "\n").first))
        #expect(object["build_id"] as? String == id)
        #expect(object["parser_deaths"] as? Int == 3)
        let page = try await symbolist.symbolist("debug-files", "show", id)
        #expect(page.output.contains("  quarantined   3 times under revision "), "\(page.output)")
        #expect(page.output.contains("--parser-memory"), "the reason names the limit: \(page.output)")
        let event = try await symbolist.symbolist("events", "show", "4", "--json")
        #expect(event.output.contains("quarantined after 3 deaths of its parser"), "\(event.output)")

        let other = try await symbolist.symbolist("debug-files", "retry", "0123456789")
        #expect(other.status == 2, "\(other.all)")
        let retry = try await symbolist.symbolist("debug-files", "retry", id)
        #expect(retry.status == 0)
        #expect(retry.output.hasPrefix("retry  "), "\(retry.all)")
        let worker = try await symbolist.symbolist("worker", "--until-empty")
        #expect(worker.output.hasPrefix("4 events enriched"), "\(worker.all)")
        let after = try await symbolist.symbolist("events", "show", "4", "--json")
        #expect(!after.output.contains("quarantined"), "\(after.output)")
        #expect(try await symbolist.symbolist("debug-files", "list", "--quarantined").output.isEmpty)
        let again = try await symbolist.symbolist("debug-files", "retry", "--all")
        #expect(again.status == 0 && again.output.isEmpty, "\(again.all)")
    }

    /// What is waited for: the ids of the images that nothing was uploaded for.
    @Test func missingListsWhatEventsWaitFor() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        _ = try await symbolist.symbolist("enqueue", Till.recorded + "/c.json")
        _ = try await symbolist.symbolist("worker", "--until-empty")
        let id = try await Self.buildID(Till.recorded + "/till.debug")
        func missing() async throws -> String {
            try await symbolist.symbolist("debug-files", "list", "--missing").output
        }
        #expect(try await missing().contains("build id \(id)  wanted by 1 event (newest 1)\n"))
        _ = try await symbolist.symbolist("upload", "--no-sources", Till.recorded + "/till.debug")
        #expect(try await !missing().contains(id))
    }
}
