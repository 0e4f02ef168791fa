import Foundation
import Testing

/// What people see of a recorded crash in every format, from the file to the text.
///
/// `SYMBOLIST_REMAKE_GOLDEN=1 swift test --filter StoryTests` writes `Fixtures/Stories/*.txt` again; look at the
/// difference.
@Suite struct StoryTests {
    private static let folder = Tool.root + "/Fixtures/Stories"

    @Test(arguments: Story.all) func story(_ story: Story) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        for upload in story.uploads {
            let outcome = try await run(symbolist, ["upload"] + upload)
            #expect(outcome.status == 0, "\(outcome.all)")
        }
        let outcome = try await run(symbolist, ["symbolize"] + story.arguments)
        try compare(outcome, story.name, status: story.status)
    }

    /// The SDKs that are built on Crashpad send an event without a stack, and the dump beside it.
    @Test func minidumpInAnEnvelope() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let event = """
            {"release":"mill@4.2","environment":"test","timestamp":"2026-11-22T22:38:36Z","platform":"native",\
            "level":"fatal","user":{"id":"miller-7"}}
            """
        let dump = try Data(contentsOf: URL(filePath: Tool.root + "/Fixtures/Minidumps/Made/mill-crashpad.dmp"))
        var envelope = Data("{\"event_id\":\"1f2e3d4c000040008000000000000001\"}\n".utf8)
        envelope += Data("{\"type\":\"event\",\"length\":\(event.utf8.count)}\n\(event)\n".utf8)
        envelope += Data("{\"type\":\"attachment\",\"length\":\(dump.count),".utf8)
        envelope += Data("\"attachment_type\":\"event.minidump\",\"filename\":\"mill.dmp\"}\n".utf8)
        envelope += dump + Data("\n".utf8)
        let path = symbolist.scratch.path("mill.envelope")
        try envelope.write(to: URL(filePath: path))
        let arguments = ["symbolize", "--debug-file", "Fixtures/Minidumps/Made/mill"]
        let outcome = try await run(symbolist, arguments + [path])
        #expect(outcome.output.contains("\nmill@4.2 · test · "), "the event's release: \(outcome.all)")
        #expect(outcome.output.contains("mill::Stone::turn"), "the dump's stack: \(outcome.all)")
        try compare(outcome, "envelope-with-minidump", status: 1)
        let json = try await run(symbolist, arguments + ["--json", path])
        let user = try Frames(json.output).event["user"] as? [String: Any]
        #expect(user?["id"] as? String == "miller-7")
    }

    /// From the repository's root, so that paths are the same everywhere; in another time zone.
    private func run(_ symbolist: Installation, _ arguments: [String]) async throws -> Outcome {
        try await Tool.run(
            Tool.symbolist, arguments,
            environment: symbolist.environment.merging(["TZ": "Pacific/Auckland"]) { _, new in new },
            folder: Tool.root)
    }

    private func compare(_ outcome: Outcome, _ name: String, status: Int32) throws {
        #expect(outcome.status == status, "\(name): \(outcome.all)")
        let beside = outcome.errors.isEmpty ? "" : "\n--- standard error\n" + outcome.errors
        // A checkout gives files the time at which it was made, so a source may be newer than the debug file or not.
        let text = (outcome.output + beside).replacing(", source is newer than the build", with: "")
            .replacing(" [source is newer than the build]", with: "")
        let path = "\(Self.folder)/\(name).txt"
        if ProcessInfo.processInfo.environment["SYMBOLIST_REMAKE_GOLDEN"] == "1" {
            try Data(text.utf8).write(to: URL(filePath: path))
        }
        let golden = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text == golden, "\(name)")
    }
}

/// One recorded crash, and how it is read.
struct Story: Sendable, CustomTestStringConvertible {
    /// Of the golden file.
    let name: String
    /// Of `symbolize`; paths from the repository's root.
    let arguments: [String]
    var status: Int32 = 1
    /// Arguments of the `upload`s before.
    var uploads: [[String]] = []

    var testDescription: String { name }

    static let all = swift + sanitizers + backtraces + others

    private static let till = ["--debug-file", "Fixtures/Till/Recorded/till.debug"]
    private static func till(_ name: String) -> String { "Fixtures/Till/Recorded/\(name)" }
    private static func report(_ name: String) -> [String] { ["Fixtures/SwiftReports/Recorded/\(name)"] }

    private static let swift = [
        Story(
            name: "swift-json-index", arguments: [till("index.json")],
            uploads: [["--map-path", "/till=Fixtures/Till", till("till.debug")]]),
        Story(name: "swift-json-async", arguments: till + [till("async.json")]),
        Story(name: "swift-json-overflow", arguments: till + [till("overflow.json")]),
        Story(name: "swift-json-callback", arguments: till + [till("callback.json")]),
        Story(name: "swift-json-c", arguments: till + [till("c.json")]),
        Story(
            name: "swift-json-fatal", arguments: till + ["--stderr", till("fatal.stderr"), till("fatal.json")]),
        Story(name: "swift-text-resolved", arguments: till + ["Fixtures/Stories/Inputs/service.log"]),
        Story(name: "swift-text-off", arguments: report("index-off.txt")),
        Story(name: "swift-text-full", arguments: report("group-full.txt")),
        Story(name: "swift-text-color", arguments: report("index-color.txt")),
        Story(name: "swift-text-omitted", arguments: report("stack-limit.txt")),
        Story(name: "swift-text-fatal-lines", arguments: report("lines.txt")),
        Story(name: "swift-backtrace-object", arguments: report("stack-object.json")),
        Story(name: "swift-backtrace-in-log", arguments: report("stack-in-log.txt")),
    ]

    private static func sanitizer(_ name: String, _ program: String, _ options: [String] = []) -> Story {
        let folder = "Fixtures/Sanitizers/Recorded"
        return Story(
            name: name, arguments: options + ["--debug-file", "\(folder)/\(program)", "\(folder)/\(name).txt"])
    }

    private static let sanitizers = [
        sanitizer("gcc-asan-uaf-raw", "gcc-till"), sanitizer("clang14-asan-thread-uaf-raw", "clang14-till"),
        sanitizer("gcc-asan-stack-raw", "gcc-till"), sanitizer("gcc-tsan-heap-raw", "gcc-race"),
        sanitizer("clang-ubsan-raw", "clang-sum"), sanitizer("clang14-asan-leak-raw", "clang14-till"),
    ]

    private static func recorded(_ name: String, _ program: String? = nil, status: Int32 = 1) -> Story {
        let folder = "Fixtures/Backtraces/Recorded"
        let debugFile = program.map { ["--debug-file", "\(folder)/\($0)"] } ?? []
        return Story(name: name, arguments: debugFile + ["\(folder)/\(name).txt"], status: status)
    }

    private static let backtraces = [
        recorded("glibc-till-signal", "till"), recorded("glibc-till-exported-signal-fd", "till-exported"),
        recorded("glibc-till-fixed-symbols", "till-fixed"), recorded("eu-stack-core-ids", "till"),
        recorded("lldb-core", "till"), recorded("gdb-bt"), recorded("gdb-signal"),
        recorded("rust-index-full"), recorded("rust-index-short", status: 0),
    ]

    private static func minidump(_ program: String, _ writer: String) -> Story {
        let folder = "Fixtures/Minidumps/Made"
        return Story(
            name: "minidump-\(program)-\(writer)",
            arguments: ["--debug-file", "\(folder)/\(program)", "\(folder)/\(program)-\(writer).dmp"])
    }

    private static let gccTill = "Fixtures/Sanitizers/Recorded/gcc-till"
    private static let addresses = "Fixtures/Stories/Inputs/addresses.txt"
    private static let others = [
        minidump("mill", "crashpad"), minidump("mill", "lldb"), minidump("scale", "crashpad"),
        minidump("scale", "lldb"),
        Story(name: "envelope", arguments: ["Fixtures/Envelopes/python.envelope"]),
        Story(name: "envelope-damaged-minidump", arguments: ["Fixtures/Envelopes/native-minidump.envelope"]),
        Story(
            name: "kernel-and-systemd",
            arguments: ["--debug-file", "Fixtures/Backtraces/Recorded/till", "Fixtures/Stories/Inputs/system.log"]),
        Story(name: "kernel-oops-x86", arguments: ["Fixtures/KernelLogs/oops-x86.log"]),
        Story(name: "kernel-old", arguments: ["Fixtures/KernelLogs/old.log"]),
        Story(name: "coredumpctl-info", arguments: ["Fixtures/Journal/info.txt"]),
        Story(name: "journal-json", arguments: ["Fixtures/Journal/journal.json"]),
        Story(name: "markup", arguments: ["Fixtures/Markup/log.txt"]),
        Story(name: "addresses-file", arguments: ["-e", gccTill, addresses], status: 0),
        Story(
            name: "addresses-build-id",
            arguments: ["--build-id", "21653c4ee5663525dc7076b726935b443de89ed9", addresses], status: 0,
            uploads: [["--no-sources", gccTill]]),
    ]
}
