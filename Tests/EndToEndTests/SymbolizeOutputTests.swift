import Foundation
import Testing

/// What `symbolize` and `events show` write: formats, several inputs, folders.
@Suite struct SymbolizeOutputTests {
    private let debugFile = ["--debug-file", Till.recorded + "/till.debug"]
    private let crash = Till.recorded + "/index.json"

    private func symbolize(
        _ symbolist: Installation, _ arguments: [String], input: String? = nil
    ) async throws -> Outcome {
        try await Tool.run(
            Tool.symbolist, ["symbolize"] + debugFile + arguments, input: input, environment: symbolist.environment)
    }

    @Test func everyFormat() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let json = try await symbolize(symbolist, ["--json", crash])
        #expect(json.output == (try await symbolize(symbolist, ["--format", "json", crash])).output)
        let text = try await symbolize(symbolist, [crash])
        #expect(text.output.hasPrefix("Swift runtime failure: Index out of range\n"), "\(text.all)")
        #expect(text.output == (try await symbolize(symbolist, ["--format", "text", crash])).output)
        let page = try await symbolize(symbolist, ["--format", "html", crash])
        #expect(page.output.hasPrefix("<!doctype html>\n") && page.output.hasSuffix("</html>\n"), "\(page.errors)")
        #expect(page.output.contains("<h1>Swift runtime failure: Index out of range</h1>"))
        let markdown = try await symbolize(symbolist, ["--format", "markdown", crash])
        #expect(markdown.output.hasPrefix("### Swift runtime failure: Index out of range\n"), "\(markdown.all)")
        // Nobody has the debug information of Swift's own libraries.
        for outcome in [json, text, page, markdown] { #expect(outcome.status == 1) }
        // The event, enriched already, is shown as well.
        #expect(try await symbolize(symbolist, ["-"], input: json.output).output == text.output)
    }

    @Test(arguments: [
        ["--json", "--format", "html", "x"], ["--format", "pdf", "x"], ["--width", "7", "x"], ["--context", "6", "x"],
        ["-", "-"],
    ]) func wrongOptions(_ arguments: [String]) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let outcome = try await symbolize(symbolist, arguments)
        #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome.all)")
    }

    @Test func foldedUnlessAllFramesAreAskedFor() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let report = Till.recorded + "/async-stripped.json"
        let folded = try await symbolize(symbolist, [report])
        #expect(folded.output.contains("… 5 frames of libswift_Concurrency, libdispatch\n"), "\(folded.output)")
        let all = try await symbolize(symbolist, ["--all-frames", report])
        #expect(!all.output.contains("frames of") && all.output.contains(" in libdispatch.so + 0x"))
        #expect(all.output.contains("registers\n") && !folded.output.contains("registers\n"))
    }

    @Test func widthIsTheTerminalsOrTheOption() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let narrow = try await symbolize(symbolist, ["--width", "40", "--all-frames", crash])
        let plain = try await symbolize(symbolist, ["--all-frames", crash])
        let wide = "specialized thunk for @escaping @convention(thin) @async () -> ()"
        #expect(plain.output.contains(wide) && !narrow.output.contains(wide))
        // Commands are there to be copied; nothing else is longer.
        let lines = narrow.output.split(separator: "\n")
        let frames = lines.filter { !$0.contains("symbolist upload") && !$0.contains("missing") }.dropFirst()
        for line in frames { #expect(line.count <= 48, "\(line)") }
    }

    @Test func severalFiles() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let other = Till.recorded + "/c.json"
        let both = try await symbolize(symbolist, [crash, other])
        #expect(both.status == 1, "\(both.errors)")
        #expect(both.output.hasPrefix("══ \(crash) ══\n\nSwift runtime failure: Index out of range\n"))
        #expect(both.output.contains("\n\n══ \(other) ══\n\n"))
        #expect(both.output.contains("tax.c:20:12"))
        let lines = try await symbolize(symbolist, ["--json", crash, other]).output.split(separator: "\n")
        #expect(lines.count == 2)
        for line in lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
        let page = try await symbolize(symbolist, ["--format", "html", crash, other]).output
        #expect(page.matches(of: /<h1>/).count == 2 && page.matches(of: /<!doctype/).count == 1)
    }

    /// One of several that is no dump does not hide the others.
    @Test func oneOfSeveralIsNoDump() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let notes = try symbolist.scratch.write("only words\n", to: "notes.txt")
        let absent = symbolist.scratch.path("absent.json")
        let outcome = try await symbolize(symbolist, [notes, crash, absent])
        #expect(outcome.status == 1, "\(outcome.all)")
        #expect(outcome.output.contains("Index out of range"))
        #expect(outcome.errors.contains(notes) && outcome.errors.contains(absent), "\(outcome.errors)")
        let none = try await symbolize(symbolist, [notes, absent])
        #expect(none.status == 2 && none.output.isEmpty, "\(none.all)")
        #expect(none.errors.contains(notes) && none.errors.contains(absent))
    }

    @Test func aFolder() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let folder = symbolist.scratch.path("crashes")
        try FileManager.default.createDirectory(atPath: folder + "/below", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: crash, toPath: folder + "/b.json")
        try FileManager.default.copyItem(atPath: Till.recorded + "/c.json", toPath: folder + "/a.json")
        try FileManager.default.copyItem(atPath: crash, toPath: folder + "/below/c.json")
        try FileManager.default.createSymbolicLink(atPath: folder + "/link.json", withDestinationPath: crash)
        _ = try symbolist.scratch.write("how to read these\n", to: "crashes/README")
        let outcome = try await symbolize(symbolist, [folder])
        #expect(outcome.status == 1, "\(outcome.errors)")
        let headings = outcome.output.matches(of: /══ (.*) ══/).map { String($0.1) }
        #expect(headings == ["a", "b"].map { "\(folder)/\($0).json" })
        #expect(outcome.errors.contains("skipped: \(folder)/README: "), "\(outcome.errors)")
        let empty = symbolist.scratch.path("empty")
        try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
        let nothing = try await symbolize(symbolist, [empty])
        #expect(nothing.status == 2 && nothing.errors.contains(empty), "\(nothing.all)")
        try FileManager.default.removeItem(atPath: folder + "/a.json")
        try FileManager.default.removeItem(atPath: folder + "/b.json")
        #expect(try await symbolize(symbolist, [folder]).status == 2, "a folder without a dump")
    }

    @Test func severalReportsInALog() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let report = """
            *** Program crashed: Bad pointer dereference at 0x0000000000000010 ***

            Platform: x86_64 Linux (Debian GNU/Linux 12 (bookworm))

            Thread 0 "NAME" crashed:

            0 0x0000560000401a30
            1 [ra] 0x0000560000401b05


            Images:

            0x0000560000400000–0x0000560000408f00 00112233445566778899aabbccddeeff00112233 till /app/till

            Backtrace took 0.01s


            """
        let log =
            "starting\n" + report.replacing("NAME", with: "one") + "restarting\n"
            + report.replacing("NAME", with: "two")
        let path = try symbolist.scratch.write(log, to: "service.log")
        let outcome = try await symbolize(symbolist, [path])
        let headings = outcome.output.matches(of: /══ (.*) ══/).map { String($0.1) }
        #expect(headings == ["\(path), report 1 of 2", "\(path), report 2 of 2"], "\(outcome.all)")
        #expect(
            outcome.output.contains("Thread 0 \"one\" crashed") && outcome.output.contains("Thread 0 \"two\" crashed"))
    }

    @Test func storedEventsAreShownTheSameWay() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        _ = try await symbolist.symbolist("upload", Till.recorded + "/till.debug")
        _ = try await symbolist.symbolist("enqueue", crash)
        _ = try await symbolist.symbolist("worker", "--until-empty")
        for format in ["text", "html", "markdown", "json"] {
            let shown = try await symbolist.symbolist("events", "show", "1", "--format", format)
            let direct = try await symbolist.symbolist("symbolize", "--format", format, crash)
            #expect(shown.status == 0 && shown.output == direct.output && !shown.output.isEmpty, "\(format)")
        }
    }
}
