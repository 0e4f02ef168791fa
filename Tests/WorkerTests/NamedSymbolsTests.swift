import DebugFiles
import Foundation
import Glibc
import SymbolIndex
import Symbolication
import Testing
import Worker

/// Debug files that a person names on this machine, and those that an untrusted dump names.
@Suite(.timeLimit(.minutes(15)))
struct NamedSymbolsTests {
    static let id = LateSymbolsTests.id
    static let other = "2222222222222222222222222222222222222222"

    /// An event with one frame in an image; without ids unless told otherwise.
    private func event(codeID: String? = nil, codeFile: String) -> [UInt8] {
        let id = codeID.map { #""code_id":"\#($0)","# } ?? ""
        return Array(
            missingEvent.replacing(#""code_id":"\#(Self.id)","#, with: id).replacing("/app/till", with: codeFile).utf8)
    }

    private struct Bench {
        let store: RealStore
        let local: LocalDebugFiles

        init() async throws {
            store = try await RealStore()
            local = try LocalDebugFiles(parser: store.parser, cacheFolder: store.folder + "/cache")
        }

        func file(_ name: String, _ id: String, source: String? = nil) throws -> String {
            try store.write(FakeObject(buildID: id, source: source).bytes, name)
        }

        func enrich(
            _ event: [UInt8], named: [String] = [], usesLocalFiles: Bool = false, withStore: Bool = false
        ) async throws -> (enrichment: Enrichment, text: String) {
            var files: [LocalDebugFiles.File] = []
            for path in named { files.append(try await local.file(path: path)) }
            let source = NamedSymbols(
                files: files, local: local, usesLocalFiles: usesLocalFiles,
                policy: SourcePolicy(currentFolder: nil, sourceRoots: ["/"]),
                fallback: withStore ? StoredSymbols(store.store) : nil)
            let enrichment = try await EventEnricher(source: source).enrich(event)
            return (enrichment, String(decoding: enrichment.document, as: UTF8.self))
        }
    }

    @Test("A named file answers for an image of its build id, whatever the image is called")
    func namedByID() async throws {
        let bench = try await Bench()
        let path = try bench.file("anything", Self.id)
        let (result, _) = try await bench.enrich(event(codeID: Self.id, codeFile: "/app/till"), named: [path])
        #expect(result.summary.status == .complete)
    }

    @Test("A named file of another build does not answer, and the reason has both ids")
    func namedMismatch() async throws {
        let bench = try await Bench()
        let path = try bench.file("till", Self.other)
        let (result, _) = try await bench.enrich(event(codeID: Self.id, codeFile: "/app/till"), named: [path])
        let image = try #require(result.summary.images.first)
        #expect(image.status == .missing)
        #expect(image.reason?.contains(Self.other) == true)
        #expect(image.reason?.contains(Self.id) == true)
    }

    @Test("Of a named and an uploaded file of one build, the one that can say more answers")
    func best() async throws {
        let bench = try await Bench()
        let source = try bench.store.write("int line;\n", "tree/src/main.c", modified: 1_600_000_000)
        try await bench.store.upload(FakeObject(buildID: Self.id, source: source))
        let stripped = try bench.store.write(FakeObject(buildID: Self.id, isFull: false).bytes, "till")
        let crash = event(codeID: Self.id, codeFile: "/app/till")
        let (alone, _) = try await bench.enrich(crash, named: [stripped])
        #expect(alone.summary.status == .partial)
        let (both, text) = try await bench.enrich(crash, named: [stripped], withStore: true)
        #expect(both.summary.status == .complete)
        #expect(text.contains("int line;"))
    }

    @Test("An image without ids is answered by the one named file of its name")
    func namedByName() async throws {
        let bench = try await Bench()
        let plain = try bench.file("a/till", Self.id)
        let debug = try bench.file("b/till.debug", Self.other)
        let crash = event(codeFile: "/app/till")
        #expect(try await bench.enrich(crash, named: [plain]).enrichment.summary.status == .complete)
        #expect(try await bench.enrich(crash, named: [debug]).enrichment.summary.status == .complete)
        // Two would be a guess.
        #expect(try await bench.enrich(crash, named: [plain, debug]).enrichment.summary.status == .partial)
        #expect(try await bench.enrich(crash).enrichment.summary.images.first?.status == .missing)
    }

    @Test("An image's own path answers only when it was asked for and the build id is the image's")
    func localFiles() async throws {
        let bench = try await Bench()
        let path = try bench.file("till", Self.id)
        let crash = event(codeID: Self.id, codeFile: path)
        #expect(try await bench.enrich(crash).enrichment.summary.status == .partial)
        #expect(bench.store.parser.inspections.value == 0)
        #expect(try await bench.enrich(crash, usesLocalFiles: true).enrichment.summary.status == .complete)
        let builds = bench.store.parser.builds.value
        let foreign = try await bench.enrich(
            event(codeID: Self.id, codeFile: try bench.file("other", Self.other)), usesLocalFiles: true)
        #expect(foreign.enrichment.summary.images.first?.status == .missing)
        #expect(bench.store.parser.builds.value == builds)
    }

    @Test("A dump cannot have a file read by an id that no file can be held against", arguments: [nil, "zz", "g", ""])
    func unreadableID(_ codeID: String?) async throws {
        let bench = try await Bench()
        let path = try bench.file("till", Self.id)
        let (result, _) = try await bench.enrich(event(codeID: codeID, codeFile: path), usesLocalFiles: true)
        #expect(result.summary.images.first?.status == .missing)
        #expect(result.summary.images.first?.reason?.contains("no build id") == true)
        #expect(bench.store.parser.inspections.value == 0)
        #expect(bench.store.parser.builds.value == 0)
    }

    @Test("What is no regular file is refused and never waited for")
    func irregular() async throws {
        let bench = try await Bench()
        let pipe = bench.store.folder + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        for path in [pipe, bench.store.folder, "/dev/zero", bench.store.folder + "/absent", "till"] {
            let (result, _) = try await bench.enrich(event(codeID: Self.id, codeFile: path), usesLocalFiles: true)
            #expect(result.summary.images.first?.status == .missing)
        }
        #expect(bench.store.parser.inspections.value == 0)
    }

    @Test("What the store found wrong is not hidden by a local file that is not there")
    func storeReasonStays() async throws {
        let bench = try await Bench()
        try await bench.store.upload(FakeObject(buildID: Self.id, kills: true))
        let (result, _) = try await bench.enrich(
            event(codeID: Self.id, codeFile: "/nowhere/till"), usesLocalFiles: true, withStore: true)
        let image = try #require(result.summary.images.first)
        #expect(image.status == .other)
        #expect(image.reason?.contains("signal 11") == true)
        #expect(image.reason?.contains("/nowhere/till") == true)
    }

    @Test("Sources on this machine are read only when asked for, and never the system's own files")
    func localSources() async throws {
        let bench = try await Bench()
        let source = try bench.store.write("int local_line;\n", "src/main.c")
        let named = try bench.file("till", Self.id, source: source)
        let crash = event(codeID: Self.id, codeFile: "/app/till")
        #expect(try await !bench.enrich(crash, named: [named]).text.contains("local_line"))
        #expect(try await bench.enrich(crash, named: [named], usesLocalFiles: true).text.contains("int local_line;"))

        let link = bench.store.folder + "/link.c"
        try #require(symlink("/etc/passwd", link) == 0)
        let pipe = bench.store.folder + "/pipe.c"
        try #require(mkfifo(pipe, 0o600) == 0)
        let binary = try bench.store.write([0xFF, 0xFE, 0x0A], "src/binary.c")
        for (number, path) in ["/etc/passwd", link, pipe, "/proc/self/status", binary].enumerated() {
            let named = try bench.file("till\(number)", Self.id, source: path)
            let (result, text) = try await bench.enrich(crash, named: [named], usesLocalFiles: true)
            #expect(result.summary.status == .complete)
            #expect(!text.contains("context_line"))
        }
    }
}
