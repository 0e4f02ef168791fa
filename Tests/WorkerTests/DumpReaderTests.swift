import CrashEvent
import CrashReports
import DebugFiles
import ParserTasks
import Synchronization
import Testing
import Worker

/// A file that holds a binary dump becomes an event, whatever it is packed in.
@Suite(.timeLimit(.minutes(15)))
struct DumpReaderTests {
    static let id = LateSymbolsTests.id

    private func dump(_ contents: DumpReader.Contents) throws -> ReadDump {
        guard case .dump(let dump) = contents else { throw EnrichmentError.notUnderstood("no dump") }
        return dump
    }

    private func addresses(_ dump: ReadDump) throws -> [UInt64?] {
        try CrashEvent(dump.report.event).stackTraces.first?.frames.map(\.instructionAddress) ?? []
    }

    @Test("A core and a minidump, plain and compressed", arguments: ["elf-core", "minidump"], [false, true])
    func kinds(format: String, isCompressed: Bool) async throws {
        let store = try await RealStore()
        let parser = FakeDumpParser()
        let file = try store.open(FakeCore().bytes(isCompressed: isCompressed, format: format))
        let read = try dump(await store.reader(parser).read(file, name: "core", project: "default"))
        #expect(read.report.format.rawValue == format)
        #expect(parser.counts.withLock { $0.expanded } == (isCompressed ? 1 : 0))
        #expect(try CrashEvent(read.report.event).exceptions.first?.type == "SIGSEGV")
        // The same dump has one id, however it came.
        let plain = try store.open(FakeCore().bytes(format: format), "plain")
        let other = try dump(await store.reader(parser).read(plain, name: "plain", project: "default"))
        #expect(try CrashEvent(other.report.event).eventID == CrashEvent(read.report.event).eventID)
    }

    @Test("A report is handed back as it is, a compressed one expanded")
    func text() async throws {
        let store = try await RealStore()
        for bytes in [Array(smallEvent.utf8), FakeDumpParser.compressed(Array(smallEvent.utf8)), []] {
            let contents = try await store.reader(FakeDumpParser()).read(
                try store.open(bytes), name: "file", project: "default")
            guard case .report(let text) = contents else { throw EnrichmentError.notUnderstood("no report") }
            #expect(text == (bytes.isEmpty ? [] : Array(smallEvent.utf8)))
        }
    }

    @Test("Modules are unwound with what the store has, and what was missing is told")
    func files() async throws {
        let store = try await RealStore()
        let parser = FakeDumpParser()
        let file = try store.open(FakeCore().bytes())
        let first = try dump(await store.reader(parser).read(file, name: "core", project: "default"))
        #expect(try addresses(first) == [nil, 0x401000], "a marker, then the innermost frame")
        #expect(first.lacking == [Self.id])
        #expect(first.unwoundWith.isEmpty)
        let note =
            "no file with this build id to unwind with, so frame pointers were used: /app/till (build id \(Self.id))"
        #expect(first.report.notes == [note])
        #expect(String(decoding: first.report.event, as: UTF8.self).contains("so frame pointers were used"))

        try await store.upload(FakeObject(buildID: Self.id))
        let second = try dump(await store.reader(parser).read(file, name: "core", project: "default"))
        #expect(try addresses(second) == [0x403000, 0x402000, 0x401000])
        #expect(second.unwoundWith == [Self.id])
        #expect(second.lacking.isEmpty)
        #expect(second.report.notes.isEmpty)
    }

    @Test("Named files and, when allowed, this machine's files of the modules' own paths")
    func localFiles() async throws {
        let store = try await RealStore()
        let local = try LocalDebugFiles(parser: store.parser, cacheFolder: store.folder + "/cache")
        let path = try store.write(FakeObject(buildID: Self.id).bytes, "bin/till")
        var core = FakeCore()
        core.modules[0].path = path
        let file = try store.open(core.bytes())
        func unwound(named: [String] = [], usesLocalFiles: Bool = false) async throws -> ReadDump {
            let source = NamedSymbols(
                files: [], local: local, usesLocalFiles: usesLocalFiles, policy: SourcePolicy(currentFolder: nil),
                fallback: StoredSymbols(store.store), namedPaths: named)
            return try dump(
                await store.reader(FakeDumpParser(), source: source).read(file, name: "core", project: "default"))
        }
        #expect(try await unwound().lacking == [Self.id])
        #expect(try await unwound(named: [path]).unwoundWith == [Self.id])
        #expect(try await unwound(usesLocalFiles: true).unwoundWith == [Self.id])
        // Another build at the same path.
        try store.write(FakeObject(buildID: NamedSymbolsTests.other).bytes, "bin/till")
        #expect(try await unwound(named: [path]).lacking == [Self.id])
        #expect(try await unwound(usesLocalFiles: true).lacking == [Self.id])
    }

    @Test("A process with more modules than descriptors: those with frames count")
    func manyModules() async throws {
        let store = try await RealStore()
        let parser = FakeDumpParser()
        var core = FakeCore()
        let ids = (0..<300).map { String(repeating: "b", count: 37) + String($0 + 100) }
        core.modules = ids.enumerated().map { position, id in
            let start = UInt64(0x100000 * (position + 1))
            return DumpModule(path: "/lib/\(id)", buildID: id, start: start, end: start + 0x1000, isExecutable: true)
        }
        core.frames = [298, 299, 297].map { UInt64(0x100000 * ($0 + 1)) + 8 }
        for id in ids { try await store.upload(FakeObject(buildID: id), id) }
        let file = try store.open(core.bytes())
        let read = try dump(await store.reader(parser).read(file, name: "core", project: "default"))
        #expect(read.unwoundWith == [ids[297], ids[298], ids[299]])
        #expect(read.lacking.isEmpty)
        #expect(parser.counts.withLock { $0.unwound } <= 4)
        #expect(parser.counts.withLock { $0.files.count } == DumpRequest.fileLimit)
        #expect(parser.counts.withLock { $0.inspections } == 1)
    }

    @Test("What is no dump is said, and what kills its parser too")
    func troubles() async throws {
        let store = try await RealStore()
        func reason(_ bytes: [UInt8], _ reader: DumpReader? = nil) async throws -> EnrichmentError? {
            let file = try store.open(bytes)
            let reader = reader ?? store.reader(FakeDumpParser())
            do throws(EnrichmentError) {
                _ = try await reader.read(file, name: "core", project: "default")
                return nil
            } catch {
                return error
            }
        }
        let head = try Array(FakeCore().bytes().prefix(40))
        #expect(try await reason(head) == .notUnderstood("program headers: outside the file"))
        var core = FakeCore()
        core.kills = true
        #expect(try await reason(core.bytes()) == .notUnderstood("the parser died: signal 11"))
        core = FakeCore()
        core.modulesWhenUnwound = 0
        #expect(
            try await reason(core.bytes())
                == .notUnderstood("the parser died: it answered with 0 modules, first 1"))
        let twice = FakeDumpParser.compressed(FakeDumpParser.compressed(Array(smallEvent.utf8)))
        #expect(
            try await reason(twice)
                == .notUnderstood("what is compressed in it is compressed itself: expand it first"))
        let large = FakeDumpParser.compressed([UInt8](repeating: 0x20, count: 5000))
        #expect(
            try await reason(large, store.reader(FakeDumpParser(), reportSize: 4999))
                == .notUnderstood("more than 4999 bytes of text; --max-event-size sets the limit"))
        #expect(
            try await reason(large, store.reader(FakeDumpParser(), byteLimit: 4999))
                == .notUnderstood("core: 5000 bytes (limit dumpExpansion)"))
    }

    @Test("Progress names the steps")
    func progress() async throws {
        let store = try await RealStore()
        let steps = Mutex<[DumpReader.Step]>([])
        _ = try await store.reader(FakeDumpParser()).read(
            try store.open(FakeCore().bytes()), name: "core", project: "default",
            onProgress: { step, _, _ in steps.withLock { $0.append(step) } })
        #expect(steps.withLock { $0 } == [.unwinding])
    }
}
