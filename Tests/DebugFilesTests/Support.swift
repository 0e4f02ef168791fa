import Bytes
import Database
import FoundationEssentials
import GRDB
import Glibc
import ParserTasks
import SymbolIndex
import Synchronization
import Testing

@testable import DebugFiles

/// A folder of one test, removed with everything below it when the test lets go.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/symbolist-files-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemCallError("mkdtemp", "/tmp") }
        path = try FileSystem.realPath(
            String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Writes a file below the folder, with the folders on the way, and returns its path.
    @discardableResult
    func write(_ bytes: [UInt8], _ name: String, modified: Int? = nil) throws -> String {
        let file = path + "/" + name
        try FileSystem.makeFolders(String(file[..<(file.lastIndex(of: "/") ?? file.endIndex)]))
        try Data(bytes).write(to: URL(filePath: file))
        if let modified { try setModified(modified, file) }
        return file
    }

    @discardableResult
    func write(_ text: String, _ name: String, modified: Int? = nil) throws -> String {
        try write(Array(text.utf8), name, modified: modified)
    }

    /// Sets modification and access time, in seconds since 1970.
    func setModified(_ seconds: Int, _ file: String) throws {
        let times = [timespec](repeating: timespec(tv_sec: seconds, tv_nsec: 0), count: 2)
        guard utimensat(AT_FDCWD, file, times, 0) == 0 else { throw SystemCallError("utimensat", file) }
    }

    @discardableResult
    func link(_ name: String, to target: String) throws -> String {
        guard symlink(target, path + "/" + name) == 0 else { throw SystemCallError("symlink", name) }
        return path + "/" + name
    }

    /// All files below the folder, without the folder's own path, sorted.
    func files(below name: String = "") throws -> [String] {
        var found: [String] = []
        var open = [path + name]
        while let folder = open.popLast() {
            for entry in try FileSystem.names(inFolder: folder) {
                let file = folder + "/" + entry
                if try FileStatus(path: file, followingLinks: false).isFolder {
                    open.append(file)
                } else {
                    found.append(String(file.dropFirst(path.count + 1)))
                }
            }
        }
        return found.sorted()
    }
}

/// An ELF file for the fake parser: a true head of 20 bytes, then a build-id note, then what the parser is to answer.
struct FakeObject: Codable {
    enum Behaviour: String, Codable {
        case healthy, malformed, namingItself, dying, buildMalformed, buildDying, buildHanging, buildLimited
    }

    var inspection: ObjectInspection
    var behaviour = Behaviour.healthy
    var embedded: [String: String] = [:]
    var padding = ""
    /// Symbols of code that its index is to count.
    var symbolCount: UInt64 = 10

    init(
        buildID: String?, debugID: String? = nil, debugInformation: Bool = true, symbols: Bool = true,
        sources: [ObjectInspection.Source] = []
    ) {
        inspection = ObjectInspection(
            kind: .executable, machine: 62, architecture: "x86_64", buildID: buildID, debugID: debugID,
            hasDebugInformation: debugInformation, hasSymbolTable: symbols, hasUnwindTables: true, hasCode: true)
        inspection.sources = sources
    }

    /// The bytes of the file. `type` is ELF's `e_type`.
    func bytes(type: UInt8 = 3) throws -> [UInt8] {
        var head: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, type, 0, 62, 0]
        head += [UInt8](repeating: 0, count: 44)
        if let id = inspection.buildID.flatMap({ Hexadecimal.bytes($0) }) {
            head += [4, 0, 0, 0, UInt8(id.count), 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4E, 0x55, 0] + id
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        return head + [0x0A] + Array(try encoder.encode(self))
    }

    init?(file: FileDescriptor) {
        guard let status = try? FileStatus(of: file, path: "object"),
            let bytes = try? file.read(at: 0, count: status.size, path: "object"),
            let start = bytes.lastIndex(of: 0x0A),
            let object = try? JSONDecoder().decode(Self.self, from: Data(bytes[(start + 1)...]))
        else { return nil }
        self = object
    }
}

/// A parser that answers what the object tells it to, and counts.
final class FakeParser: ObjectParser {
    struct Counts: Equatable {
        var inspections = 0
        var builds = 0
        var running = 0
        var mostRunning = 0
        var cancelled = 0
    }

    let indexVersion: IndexVersion
    let counts = Mutex(Counts())
    /// Builds wait until it is open.
    let gate = Gate(isOpen: true)
    /// Whether every build dies.
    let killsBuilds = Mutex(false)

    init(revision: Int = 1) {
        indexVersion = IndexVersion(format: Int(SymbolIndex.formatVersion), builderRevision: revision)
    }

    func inspect(
        _ object: FileDescriptor, name: String, embeddedTexts: FileDescriptor
    ) async throws(ObjectParserError) -> ObjectInspection {
        counts.withLock { $0.inspections += 1 }
        guard var fake = FakeObject(file: object) else { throw .malformed("section headers: outside the file") }
        if fake.behaviour == .malformed { throw .malformed("section .debug_info: damaged") }
        if fake.behaviour == .namingItself { throw .malformed("\(name): not an ELF file") }
        if fake.behaviour == .dying { throw .died("signal 11") }
        var offset = 0
        for (path, text) in fake.embedded.sorted(by: { $0.key < $1.key }) {
            do throws(SystemCallError) {
                try embeddedTexts.write(Array(text.utf8), path: "texts")
            } catch {
                throw .unavailable(error.description)
            }
            fake.inspection.sources.append(
                .init(path: path, embeddedOffset: offset, embeddedLength: text.utf8.count))
            offset += text.utf8.count
        }
        return fake.inspection
    }

    func code(_ request: CodeRequest, of object: FileDescriptor) async throws(ObjectParserError) -> [UInt8]? { nil }

    func build(
        _ source: BuildSource, into output: FileDescriptor, onProgress: BuildProgress?
    ) async throws(ObjectParserError) -> IndexBuildReport {
        counts.withLock {
            $0.builds += 1
            $0.running += 1
            $0.mostRunning = max($0.mostRunning, $0.running)
        }
        defer { counts.withLock { $0.running -= 1 } }
        onProgress?(0, 100)
        await gate.wait()
        if Task.isCancelled {
            counts.withLock { $0.cancelled += 1 }
            throw .unavailable("cancelled")
        }
        if killsBuilds.withLock({ $0 }) { throw .died("signal 9") }
        onProgress?(100, 100)
        guard let fake = FakeObject(file: source.object) else { throw .malformed("section headers: outside the file") }
        var present: Set<CatalogueID> = []
        for input in source.inputs {
            guard let part = FakeObject(file: input.file) else { throw .malformed("input \(input.digest): no object") }
            if part.behaviour == .buildDying { throw .died("signal 11") }
            if part.behaviour == .buildMalformed { throw .malformed("input: bad abbreviation") }
            present.formUnion(CatalogueID.all(of: part.inspection, name: nil))
        }
        switch fake.behaviour {
        case .buildMalformed: throw .malformed("unit at 0x0: bad abbreviation")
        case .buildDying: throw .died("signal 11")
        case .buildHanging: throw .timedOut("300 s")
        case .buildLimited: throw .limit(name: "sectionSize", reason: ".debug_info: 9 GB")
        case .healthy, .malformed, .namingItself, .dying: break
        }
        let missing = WantedFile.all(of: fake.inspection).filter {
            !present.contains($0.id) && $0.id.kind != .debugLink
        }
        let hasSymbols = fake.inspection.hasSymbolTable || fake.inspection.hasMiniDebugInformation
        let quality: IndexQuality =
            fake.inspection.hasDebugInformation ? missing.isEmpty ? .full : .partial : hasSymbols ? .symbols : .none
        let content = SymbolIndexContent(
            builderRevision: UInt32(indexVersion.builderRevision), machine: 62, quality: quality,
            metadata: IndexMetadata(
                buildID: fake.inspection.buildID, debugID: fake.inspection.debugID, architecture: "x86_64",
                inputs: [.init(role: .object, digest: source.digest)]
                    + source.inputs.map {
                        .init(role: $0.role == .split ? .split : .supplementary, digest: $0.digest)
                    }, symbolsRead: fake.symbolCount, problems: [String(repeating: "x", count: 1000)]),
            files: [source.digest])
        guard let bytes = try? SymbolIndexWriter.encode(content), (try? output.write(bytes, path: "index")) != nil
        else { throw .unavailable("cannot write") }
        return IndexBuildReport(quality: quality, size: bytes.count, unitsRead: 1, functions: 0, ranges: 0)
    }
}

/// Lets tasks wait until it is opened.
actor Gate {
    private var isOpen: Bool
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(isOpen: Bool) { self.isOpen = isOpen }

    func wait() async {
        if !isOpen { await withCheckedContinuation { waiting.append($0) } }
    }

    func close() { isOpen = false }

    func open() {
        isOpen = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

/// A store in a temporary folder, with a work tree beside it: `tree/` holds sources and builds.
struct StoreFixture {
    let folder: TemporaryFolder
    let database: SQLiteDatabase
    let storage: FolderStorage
    let parser: FakeParser
    let store: DebugFileStore

    init(revision: Int = 1, options: DebugFileStore.Options = .init()) async throws {
        folder = try TemporaryFolder()
        try folder.write("ref: refs/heads/main\n", "tree/.git/HEAD")
        database = try await SQLiteDatabase.open(.sqlite(path: folder.path + "/db/jobs.sqlite"))
        storage = try FolderStorage(root: folder.path + "/store")
        parser = FakeParser(revision: revision)
        store = try DebugFileStore(
            storage: storage, database: database, parser: parser, cacheFolder: folder.path + "/cache",
            options: options)
    }

    /// Options that take sources from the tree only and do not ask `git`.
    func options(project: String = "default") -> UploadOptions {
        var options = UploadOptions()
        options.project = project
        options.asksGit = false
        options.sources = SourcePolicy(currentFolder: nil)
        return options
    }

    @discardableResult
    func write(_ object: FakeObject, _ name: String = "tree/.build/app", type: UInt8 = 3) throws -> String {
        try folder.write(object.bytes(type: type), name, modified: 1_700_000_000)
    }

    /// Uploads one object and returns its digest.
    @discardableResult
    func upload(
        _ object: FakeObject, _ name: String, project: String = "default", type: UInt8 = 3
    ) async throws -> String {
        let path = try write(object, name, type: type)
        let report = try await store.upload([path], options: options(project: project))
        let outcome = try #require(report.outcomes.first)
        #expect(outcome.status != .failed, "\(outcome.reason ?? "")")
        return try #require(outcome.digest)
    }

    /// The same store and cache as a process of another release, or a fresh one of this, sees them.
    func reopened(_ parser: FakeParser? = nil, options: DebugFileStore.Options = .init()) throws -> DebugFileStore {
        try DebugFileStore(
            storage: storage, database: database, parser: parser ?? self.parser, cacheFolder: folder.path + "/cache",
            options: options)
    }

    func count(_ sql: String) async throws -> Int {
        try await database.read { try Int.fetchOne($0, sql: sql) ?? -1 }
    }

    /// Numbers of rows that an upload may add to.
    func rows() async throws -> [String: Int] {
        var rows: [String: Int] = [:]
        for table in ["objects", "object_ids", "uploads", "source_manifests", "catalogue_changes"] {
            rows[table] = try await count("SELECT count(*) FROM \(table)")
        }
        return rows
    }

    func resolve(
        _ codeID: String?, debugID: String? = nil, codeFile: String? = "/bin/app", project: String = "default"
    ) async throws -> ResolvedImage {
        let query = ImageQuery(codeID: codeID, debugID: debugID, codeFile: codeFile)
        return try #require(try await store.resolve(project: project, images: [query]).images.first)
    }
}

extension DebugFileStore {
    func image(_ codeID: String, project: String = "default") async throws -> ResolvedImage {
        let query = ImageQuery(codeID: codeID, debugID: nil, codeFile: nil)
        return try #require(try await resolve(project: project, images: [query]).images.first)
    }
}

extension FakeObject {
    /// A `.dwo` or `.dwp` with these units.
    static func split(_ units: [UInt64], padding: String = "") -> FakeObject {
        var object = FakeObject(buildID: nil, symbols: false)
        object.inspection.kind = .relocatable
        object.inspection.heldSplitUnits = units
        object.padding = padding
        return object
    }

    /// An executable of which the debug information is in split units.
    static func skeleton(_ buildID: String, _ units: [UInt64]) -> FakeObject {
        var object = FakeObject(buildID: buildID)
        object.inspection.splitUnits = units.map { .init(name: "/build/\($0).dwo", id: $0) }
        return object
    }
}

/// Build ids for tests: 20 bytes.
enum BuildID {
    static let first = "1111111111111111111111111111111111111111"
    static let second = "2222222222222222222222222222222222222222"
}
