import Database
import Foundation
import GRDB
import Glibc
import JobTable
import ParserTasks
import SymbolIndex
import Symbolication
import Synchronization
import Worker

@testable import DebugFiles

/// An ELF file for the fake parser: a true head, then what the parser is to answer.
struct FakeObject: Codable {
    var buildID: String
    /// Whether it has debug information, or a symbol table only.
    var isFull = true
    var source: String?
    /// Whether its parser dies when it builds the index.
    var kills = false

    var bytes: [UInt8] {
        get throws {
            var head: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 62, 0]
            head += [UInt8](repeating: 0, count: 44)
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return head + [0x0A] + Array(try encoder.encode(self))
        }
    }

    init(buildID: String, isFull: Bool = true, source: String? = nil, kills: Bool = false) {
        self.buildID = buildID
        self.isFull = isFull
        self.source = source
        self.kills = kills
    }

    init?(file: FileDescriptor) {
        guard let status = try? FileStatus(of: file, path: "object"),
            let bytes = try? file.read(at: 0, count: status.size, path: "object"),
            let start = bytes.firstIndex(of: 0x0A),
            let object = try? JSONDecoder().decode(Self.self, from: Data(bytes[(start + 1)...]))
        else { return nil }
        self = object
    }
}

/// Answers what the object tells it to. The index says that everything below 0x10000 is line 1 of the object's source.
final class FakeParser: ObjectParser {
    let indexVersion = IndexVersion(format: Int(SymbolIndex.formatVersion), builderRevision: 1)
    let inspections = Counter()
    let builds = Counter()

    func inspect(
        _ object: FileDescriptor, name: String, embeddedTexts: FileDescriptor
    ) async throws(ObjectParserError) -> ObjectInspection {
        inspections.next()
        guard let fake = FakeObject(file: object) else { throw .malformed("no object") }
        var inspection = ObjectInspection(
            kind: .executable, machine: 62, architecture: "x86_64", buildID: fake.buildID, debugID: nil,
            hasDebugInformation: fake.isFull, hasSymbolTable: true, hasUnwindTables: true, hasCode: true)
        inspection.sources = fake.source.map { [.init(path: $0)] } ?? []
        return inspection
    }

    func code(_ request: CodeRequest, of object: FileDescriptor) async throws(ObjectParserError) -> [UInt8]? { nil }

    func build(
        _ source: BuildSource, into output: FileDescriptor, onProgress: BuildProgress?
    ) async throws(ObjectParserError) -> IndexBuildReport {
        builds.next()
        guard let fake = FakeObject(file: source.object) else { throw .malformed("no object") }
        if fake.kills { throw .died("signal 11") }
        let quality: IndexQuality = fake.isFull ? .full : .symbols
        var content = SymbolIndexContent(
            builderRevision: 1, machine: 62, quality: quality,
            metadata: IndexMetadata(buildID: fake.buildID, architecture: "x86_64"))
        content.functions = [.init(name: "checkout", language: .c, isFromSymbolTable: !fake.isFull)]
        content.scopes = [.init(function: 0)]
        content.ranges = [.init(address: 0, scope: 0), .hole(0x10000)]
        if fake.isFull, let source = fake.source {
            content.files = [source]
            content.ranges[0] = .init(address: 0, scope: 0, file: 0, line: 1, column: 1)
        }
        guard let bytes = try? SymbolIndexWriter.encode(content), (try? output.write(bytes, path: "index")) != nil
        else { throw .unavailable("cannot write") }
        return IndexBuildReport(
            quality: quality, size: bytes.count, unitsRead: 1, unitsSkipped: [], unitsSkippedCount: 0, functions: 1,
            ranges: 1, demanglingFailures: 0, missingInputs: [])
    }
}

/// A job table and a store in a temporary folder, with the work tree that builds come from.
final class RealStore: Sendable {
    let folder: String
    let database: SQLiteDatabase
    let jobs: SQLiteJobTable
    let storage: FolderStorage
    let parser = FakeParser()
    let store: DebugFileStore

    init() async throws {
        var template = Array("/tmp/symbolist-worker-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemCallError("mkdtemp", "/tmp") }
        folder = try FileSystem.realPath(
            String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
        database = try await SQLiteDatabase.open(.sqlite(path: folder + "/jobs.sqlite"))
        jobs = SQLiteJobTable(database)
        storage = try FolderStorage(root: folder + "/store")
        store = try DebugFileStore(
            storage: storage, database: database, parser: parser, cacheFolder: folder + "/cache")
        try write("ref: refs/heads/main\n", "tree/.git/HEAD")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Writes a file below the folder, last modified then (seconds since 1970), and returns its path.
    @discardableResult
    func write(_ bytes: some Sequence<UInt8>, _ name: String, modified: Int = 1_700_000_000) throws -> String {
        let path = folder + "/" + name
        try FileSystem.makeFolders(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))
        try Data(bytes).write(to: URL(filePath: path))
        let times = [timespec](repeating: timespec(tv_sec: modified, tv_nsec: 0), count: 2)
        guard utimensat(AT_FDCWD, path, times, 0) == 0 else { throw SystemCallError("utimensat", path) }
        return path
    }

    @discardableResult
    func write(_ text: String, _ name: String, modified: Int = 1_700_000_000) throws -> String {
        try write(text.utf8, name, modified: modified)
    }

    /// Uploads an object of the work tree, with or without the sources that it names.
    func upload(_ object: FakeObject, _ name: String = "app", takingSources: Bool = true) async throws {
        let path = try write(object.bytes, "tree/build/" + name)
        var options = UploadOptions()
        options.asksGit = false
        options.sources = takingSources ? SourcePolicy(currentFolder: nil) : nil
        let report = try await store.upload([path], options: options)
        guard report.outcomes.allSatisfy({ $0.status != .failed }) else {
            throw JobTableError.failed("\(report.outcomes)")
        }
    }

    func enqueue(_ payload: String) async throws -> Int64 {
        try await jobs.enqueue(NewRawEvent(payload: .text(payload))).id
    }

    /// Runs a worker until the table is empty.
    func work(source: (any SymbolSource)? = nil, jobs: SQLiteJobTable? = nil) async throws -> WorkerTotals {
        var options = WorkerOptions()
        options.untilEmpty = true
        options.pollInterval = .milliseconds(5)
        let totals = Mutex(WorkerTotals())
        try await Worker(
            jobs: jobs ?? self.jobs, blobs: storage,
            enricher: EventEnricher(source: source ?? StoredSymbols(store)), options: options,
            logger: LogBook().logger, observer: { new in totals.withLock { $0 = new } }
        ).run()
        return totals.withLock { $0 }
    }

    func number(_ sql: String) async throws -> Int {
        try await database.read { try Int.fetchOne($0, sql: sql) ?? -1 }
    }

    func text(_ sql: String) async throws -> String? {
        try await database.read { try String.fetchOne($0, sql: sql) }
    }

    func document(_ id: Int64) async throws -> String {
        try await text("SELECT CAST(document AS TEXT) FROM results WHERE event_id = \(id)") ?? ""
    }
}

/// A source that lets a test do something between two of a worker's steps, once.
struct InterruptedSource: SymbolSource {
    enum Moment: CaseIterable, Sendable { case beforeAnswers, afterAnswers, afterTexts }

    let inner: any SymbolSource
    let moment: Moment
    let act: @Sendable () async throws -> Void
    private let times = Counter()

    init(_ inner: any SymbolSource, _ moment: Moment, act: @escaping @Sendable () async throws -> Void) {
        self.inner = inner
        self.moment = moment
        self.act = act
    }

    private func pass(_ moment: Moment) async throws(EnrichmentError) {
        guard moment == self.moment, times.next() == 1 else { return }
        do { try await act() } catch { throw .notUnderstood("the test itself failed: \(error)") }
    }

    func answers(for images: [ImageRequest], project: String) async throws(EnrichmentError) -> SymbolAnswers {
        try await pass(.beforeAnswers)
        let answers = try await inner.answers(for: images, project: project)
        try await pass(.afterAnswers)
        return answers
    }

    func texts(
        _ wanted: [SourceRequest], of answers: SymbolAnswers
    ) async throws(EnrichmentError) -> [SourceRequest: Symbolication.SourceText] {
        let texts = try await inner.texts(wanted, of: answers)
        try await pass(.afterTexts)
        return texts
    }

    func code(ofImage image: Int, at address: UInt64, count: Int, in answers: SymbolAnswers) async -> [UInt8]? {
        await inner.code(ofImage: image, at: address, count: count, in: answers)
    }

    func discardIndex(ofObject digest: String) async { await inner.discardIndex(ofObject: digest) }

    func checkAvailability() async throws(EnrichmentError) { try await inner.checkAvailability() }
}
