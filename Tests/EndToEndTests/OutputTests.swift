import Foundation
import Testing

/// Logs, colours and files: what a command writes, and where to.
@Suite struct OutputTests {
    @Test func jsonLogLinesAreJSONOnStandardError() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        _ = try await symbolist.symbolist("enqueue", Till.recorded + "/c.json")
        let worker = try await symbolist.symbolist(
            "worker", "--until-empty", "--log-format", "json", "--log-level", "info")
        let lines = worker.errors.split(separator: "\n")
        #expect(lines.count >= 2, "a batch, and the end: \(worker.errors)")
        for line in lines {
            let fields = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            #expect(fields?["level"] != nil && fields?["message"] != nil && fields?["time"] != nil, "\(line)")
        }
        #expect(worker.output == "1 events enriched (1 with something missing), 0 dead letters\n")
        let quiet = try await symbolist.symbolist("worker", "--until-empty")
        #expect(quiet.errors.isEmpty, "\(quiet.errors)")
    }

    /// `script` gives the command a terminal.
    private func onTerminal(_ symbolist: Installation, _ environment: [String: String]) async throws -> String {
        let command =
            "'\(Tool.symbolist)' symbolize --debug-file '\(Till.recorded)/till.debug' '\(Till.recorded)/c.json'"
        return try await Tool.run(
            "/usr/bin/script", ["-qec", command, "/dev/null"],
            environment: symbolist.environment.merging(environment) { _, new in new }
        ).output
    }

    @Test func colourOnATerminalOnly() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let coloured = try await onTerminal(symbolist, ["NO_COLOR": "", "TERM": "xterm"])
        #expect(coloured.contains("\u{1b}["))
        #expect(coloured.contains("tax.c:20:12"))
        let refused = try await onTerminal(symbolist, ["NO_COLOR": "1", "TERM": "xterm"])
        #expect(!refused.contains("\u{1b}") && refused.contains("tax.c:20:12"))
        let dumb = try await onTerminal(symbolist, ["NO_COLOR": "", "TERM": "dumb"])
        #expect(!dumb.contains("\u{1b}"))
        let piped = try await symbolist.symbolist(
            "symbolize", "--debug-file", Till.recorded + "/till.debug", Till.recorded + "/c.json",
            environment: ["NO_COLOR": "", "TERM": "xterm"])
        #expect(!piped.output.contains("\u{1b}"))
        let plain = refused.replacing("\r\n", with: "\n")
        #expect(plain.contains(piped.output), "the same text, but for the colours")
    }

    /// Names in an event may hold escape sequences; a terminal never gets them.
    @Test func escapesInAnEventDoNotReachTheTerminal() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let event = #"""
            {"exception":{"values":[{"type":"\u001b[2J\u0007","value":"\u009b31m","stacktrace":{"frames":[
            {"function":"\u001b]0;title\u0007","filename":"\u001b[1m.swift","lineno":3}]}}]}}
            """#
        let outcome = try await symbolist.symbolist("symbolize", "-", input: event)
        #expect(outcome.output.contains(#"\u{1b}[2J"#), "\(outcome.output)")
        #expect(!outcome.all.unicodeScalars.contains { $0.value == 0x1b || $0.value == 7 || $0.value == 0x9b })
    }

    @Test func aReaderThatGoesAwayIsNoError() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let addresses = (0..<20_000).map { String($0, radix: 16) }.joined(separator: "\n")
        let outcome = try await Tool.shell(
            "set -o pipefail; '\(Tool.symbolist)' addr2line -afi -e '\(Till.recorded)/till.debug' | head -1",
            input: addresses, environment: symbolist.environment)
        #expect(outcome.status == 0, "\(outcome.all)")
        #expect(outcome.errors.isEmpty)
    }

    /// Everything belongs to its user alone, whatever the umask says.
    @Test func filesAre0600AndFolders0700() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let program = "'\(Tool.symbolist)'"
        let all = try await Tool.shell(
            """
            umask 000
            \(program) upload '\(Till.recorded)/till.debug' && \(program) enqueue '\(Till.recorded)/c.json'
            \(program) worker --until-empty
            \(program) addr2line -e '\(Till.recorded)/till.debug' 0x3000
            find '\(symbolist.scratch.path("state"))' '\(symbolist.scratch.path("cache"))' -printf '%y%m %p\\n' >modes
            """, environment: symbolist.environment, folder: symbolist.scratch.folder)
        let modes = try String(contentsOfFile: symbolist.scratch.path("modes"), encoding: .utf8).split(separator: "\n")
        #expect(modes.contains { $0.hasSuffix("/symbolist.sqlite") }, "\(all.all)")
        #expect(modes.contains { $0.hasSuffix(".symindex") })
        for mode in modes { #expect(mode.hasPrefix("f600 ") || mode.hasPrefix("d700 "), "\(mode)") }
    }
}
