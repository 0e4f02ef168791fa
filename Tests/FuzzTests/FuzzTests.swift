import Foundation
import Testing

/// The short run of the fuzz targets: fixed seeds, a few thousand mutated inputs each, in a process of their own.
///
/// The long ones are `make fuzz`.
@Suite struct FuzzTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The runner lies beside the test bundle.
    private static let runner: URL = {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: bundle).deletingLastPathComponent().appending(path: "fuzz-runner")
    }()

    @Test func readerOfIndexes() async throws { try await run("index", count: 3000, seeds: Self.objects) }

    @Test func builder() async throws { try await run("object", count: 1500, seeds: Self.objects) }

    @Test func builderOfPairs() async throws { try await run("object", count: 500, seeds: Self.pairs) }

    @Test func names() async throws { try await run("names", count: 2000, seeds: ["Tests/Fuzz/Seeds/names.txt"]) }

    @Test func dumps() async throws {
        let recorded = "Fixtures/Till/Recorded/"
        try await run(
            "dump", count: 1500,
            seeds: ["fatal.json", "async.json", "cxx.json", "fatal.stderr"].map { recorded + $0 }
                + ["Tests/Fuzz/Seeds/event.json"])
    }

    @Test func reports() async throws { try await run("dump", count: 3000, seeds: Self.reports()) }

    @Test func threads() async throws {
        let made = "Fixtures/Minidumps/Made/"
        try await run(
            "threads", count: 1500,
            seeds: ["mill-crashpad.dmp", "scale-lldb.dmp"].map { made + $0 }
                + ["d:\(made)mill-lldb.dmp:\(made)mill", "d:\(made)scale-crashpad.dmp:\(made)scale"])
    }

    @Test func rendering() async throws {
        try await run("render", count: 1000, seeds: Self.files("Tests/RenderingTests/Events", limit: 60_000))
    }

    /// Recordings of every text format.
    private static func reports() throws -> [String] {
        try [
            "Sanitizers/Recorded", "Backtraces/Recorded", "SwiftReports/Recorded", "KernelLogs", "Journal", "Markup",
            "Envelopes",
        ]
        .flatMap { try files("Fixtures/" + $0, limit: 20_000) }
    }

    /// A folder's files of text.
    private static func files(_ folder: String, limit: Int) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path).sorted()
            .map { folder + "/" + $0 }
            .filter { path in
                guard let data = FileManager.default.contents(atPath: root.appending(path: path).path) else {
                    return false
                }
                return data.count <= limit && !data.starts(with: [0x7f, 0x45, 0x4c, 0x46])
            }
    }

    /// Fixtures of every producer and form, small ones.
    private static let objects = [
        "clang-dwarf2", "clang-dwarf5", "clang-types4", "clang-lto-thin", "gcc-dwarf3", "gcc-dwarf5", "gcc-dwarf64",
        "gcc-types5", "clang-line-tables", "bfd-gc-5",
    ].map { "Fixtures/Forms/Made/" + $0 }

    /// Objects with the file that they need.
    private static let pairs = [
        ("s", "dwz-sup", "dwz-sup.sup"), ("s", "dwz-multi4", "dwz-multi4.sup"), ("s", "dwz-multi5", "dwz-multi5.sup"),
        ("d", "clang-split4", "clang-dwp4.dwp"), ("d", "clang-split5", "clang-dwp5.dwp"),
    ].map { role, object, other in "\(role):Fixtures/Forms/Made/\(object):Fixtures/Forms/Made/\(other)" }

    private func run(_ target: String, count: Int, seeds: [String]) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "symbolist-fuzz-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let progress = folder.appending(path: "progress").path
        let output = folder.appending(path: "output").path
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        let process = Process()
        process.executableURL = Self.runner
        process.currentDirectoryURL = Self.root
        process.arguments = [target, "--seed", "20260101", "--count", "\(count)", "--progress", progress] + seeds
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = process.standardOutput
        let finished = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { process in
            finished.continuation.yield(process.terminationStatus)
            finished.continuation.finish()
        }
        try process.run()
        var status: Int32 = -1
        for await value in finished.stream { status = value }
        let text = try String(contentsOfFile: output, encoding: .utf8)
        let number = (try? String(contentsOfFile: progress, encoding: .utf8)) ?? "none"
        #expect(status == 0, "seed 20260101, input \(number): \(text.suffix(4000))")
        #expect(text.contains("\(count) inputs"), "\(text)")
    }
}
