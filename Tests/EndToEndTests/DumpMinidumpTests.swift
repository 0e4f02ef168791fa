import Foundation
import Testing

/// The recorded minidumps, from file to names.
@Suite struct DumpMinidumpTests {
    private static let folder = Tool.root + "/Fixtures/Minidumps/Made"

    /// gdb's addresses of the crashed thread, innermost first, as far as they lie in the program.
    private func recorded(_ name: String, _ program: String) throws -> [String] {
        let text = try String(contentsOfFile: "\(Self.folder)/\(name).frames", encoding: .utf8)
        let first = text.split(separator: "\n").dropFirst().prefix { $0.hasPrefix(" ") }
        return first.map { $0.split(separator: " ") }.prefix { $0[2] == program }.map { String($0[0]) }
    }

    /// The addresses of the crashed thread, innermost first, each once: inlined functions share one.
    private func addresses(_ outcome: Outcome) throws -> [String] {
        var found: [String] = []
        for frame in try Frames(outcome.output).frames.reversed() {
            guard let address = frame["instruction_addr"] as? String, frame["data"] != nil else { continue }
            let isInlined =
                ((frame["data"] as? [String: Any])?["symbolist"] as? [String: Any])?["inlined"] as? Bool ?? false
            if !isInlined { found.append(address) }
        }
        return found
    }

    @Test(arguments: [
        ("mill-crashpad", "mill", "mill::Stone::turn"), ("mill-lldb", "mill", "mill::Stone::turn"),
        ("scale-crashpad", "scale", "weigh"), ("scale-lldb", "scale", "weigh"),
    ]) func symbolized(_ name: String, _ program: String, _ innermost: String) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let dump = "\(Self.folder)/\(name).dmp"
        let outcome = try await symbolist.symbolist(
            "symbolize", "--json", "--debug-file", "\(Self.folder)/\(program)", dump)
        #expect([0, 1].contains(outcome.status), "\(outcome.all)")
        let expected = try recorded(name, program)
        #expect(try Array(addresses(outcome).prefix(expected.count)) == expected, "\(outcome.all)")
        let names = try Frames(outcome.output).lines
        #expect(names.prefix(4).contains { $0.contains(innermost) }, "\(names)")
        let contexts = try Frames(outcome.output).event["contexts"] as? [String: Any]
        #expect(contexts?["minidump"] != nil)
    }

    /// As bytes in the job table, where any crash handler may put it.
    @Test func inTheJobTable() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let upload = try await symbolist.symbolist("upload", "--no-sources", Self.folder + "/mill")
        #expect(upload.status == 0, "\(upload.all)")
        let insert = try await Tool.run(
            "/usr/bin/sqlite3",
            [
                symbolist.database,
                "INSERT INTO raw_events (payload_bytes) VALUES (readfile('\(Self.folder)/mill-crashpad.dmp'))",
            ])
        #expect(insert.status == 0, "\(insert.all)")
        let worker = try await symbolist.symbolist("worker", "--until-empty")
        #expect(worker.output.hasPrefix("1 events enriched"), "\(worker.all)")
        let outcome = try await symbolist.symbolist("events", "show", "--json", "1")
        let expected = try recorded("mill-crashpad", "mill")
        #expect(try Array(addresses(outcome).prefix(expected.count)) == expected, "\(outcome.all)")
    }
}
