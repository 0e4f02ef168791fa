import Bytes
import CrashEvent
import DebugFiles
import JobTable
import Logging
import Symbolication
import Synchronization
import Worker

/// Keeps blobs in memory, and fails when told to.
final class MemoryBlobs: BlobStorage {
    struct State {
        var blobs: [String: [UInt8]] = [:]
        var isOut = false
    }
    let state = Mutex(State())

    func setOut(_ isOut: Bool) { state.withLock { $0.isOut = isOut } }

    private func use<Value>(_ body: (inout State) throws(BlobStorageError) -> Value) throws(BlobStorageError) -> Value {
        try state.withLock { state throws(BlobStorageError) in
            if state.isOut { throw .unavailable("write: no space left on device") }
            return try body(&state)
        }
    }

    func put(_ descriptor: FileDescriptor, expectedDigest: String?) async throws(BlobStorageError) -> StoredBlob {
        throw .notARegularFile
    }

    func put(_ bytes: [UInt8]) async throws(BlobStorageError) -> StoredBlob {
        let digest = Digest.sha256(bytes)
        return try use { state throws(BlobStorageError) in
            let isNew = state.blobs.updateValue(bytes, forKey: digest) == nil
            return StoredBlob(digest: digest, size: bytes.count, isNew: isNew)
        }
    }

    func size(of digest: String) async throws(BlobStorageError) -> Int? {
        try use { state throws(BlobStorageError) in state.blobs[digest]?.count }
    }

    func open(_ digest: String) async throws(BlobStorageError) -> FileDescriptor { throw .missing(digest: digest) }

    func read(_ digest: String, range: Range<Int>) async throws(BlobStorageError) -> [UInt8] {
        try use { state throws(BlobStorageError) in
            guard let bytes = state.blobs[digest] else { throw .missing(digest: digest) }
            guard range.upperBound <= bytes.count else {
                throw .truncated(digest: digest, size: bytes.count, end: range.upperBound)
            }
            return Array(bytes[range])
        }
    }

    func remove(_ digest: String) async throws(BlobStorageError) {
        try use { state throws(BlobStorageError) in state.blobs[digest] = nil }
    }

    func putNote(_ bytes: [UInt8], kind: BlobNoteKind, of digest: String) async throws(BlobStorageError) {}

    func notes(_ kind: BlobNoteKind, of digest: String) async throws(BlobStorageError) -> [[UInt8]] { [] }

    func digests(withNote kind: BlobNoteKind) async throws(BlobStorageError) -> [String] { [] }
}

/// A source that has no debug files, and does before that what a test tells it to.
struct ScriptedSource: SymbolSource {
    /// Called with each question's number, from 1.
    var ask: @Sendable (Int) async throws(EnrichmentError) -> Void = { (_) throws(EnrichmentError) in }
    var check: @Sendable () async throws(EnrichmentError) -> Void = { () throws(EnrichmentError) in }
    private let questions = Counter()

    var asked: Int { questions.value }

    init(
        ask: @escaping @Sendable (Int) async throws(EnrichmentError) -> Void = { (_) throws(EnrichmentError) in },
        check: @escaping @Sendable () async throws(EnrichmentError) -> Void = { () throws(EnrichmentError) in }
    ) {
        self.ask = ask
        self.check = check
    }

    func answers(for images: [ImageRequest], project: String) async throws(EnrichmentError) -> SymbolAnswers {
        try await ask(questions.next())
        var answers = SymbolAnswers()
        for image in images { answers.images[image.imageIndex] = .failed(.missing, reason: "none") }
        return answers
    }

    func texts(
        _ wanted: [SourceRequest], of answers: SymbolAnswers
    ) async throws(EnrichmentError) -> [SourceRequest: Symbolication.SourceText] { [:] }

    func code(ofImage image: Int, at address: UInt64, count: Int, in answers: SymbolAnswers) async -> [UInt8]? { nil }

    func discardIndex(ofObject digest: String) async {}

    func checkAvailability() async throws(EnrichmentError) { try await check() }
}

/// Counts from 1.
final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }

    @discardableResult
    func next() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}

/// Lets tasks wait until it is opened; those that are cancelled pass too.
final class Gate: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream() }

    func open() { continuation.finish() }

    func wait() async { for await _ in stream {} }
}

/// Keeps what is logged.
final class LogBook: Sendable {
    struct Line: Sendable {
        var level: Logger.Level
        var message: String
        var metadata: [String: String]
    }
    private let kept = Mutex([Line]())

    var lines: [Line] { kept.withLock { $0 } }
    var batches: [Line] { lines.filter { $0.message == "batch" } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(book: self) }
        logger.logLevel = .trace
        return logger
    }

    struct Handler: LogHandler {
        let book: LogBook
        var logLevel = Logger.Level.trace
        var metadata = Logger.Metadata()

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let metadata = (event.metadata ?? [:]).mapValues { "\($0)" }
            book.kept.withLock {
                $0.append(Line(level: event.level, message: "\(event.message)", metadata: metadata))
            }
        }
    }
}

/// A worker on fakes.
struct Bench: Sendable {
    let jobs: MemoryJobTable
    let blobs = MemoryBlobs()
    let source: ScriptedSource
    let log = LogBook()
    var options = WorkerOptions()

    init(_ jobs: MemoryJobTable = MemoryJobTable(), source: ScriptedSource = ScriptedSource()) {
        self.jobs = jobs
        self.source = source
        options.concurrency = 1
        options.untilEmpty = true
        options.firstPause = .milliseconds(1)
        options.longestPause = .milliseconds(4)
        options.pollInterval = .milliseconds(1)
    }

    /// Runs to the end and returns the totals.
    @discardableResult
    func run() async throws -> WorkerTotals {
        let totals = Mutex(WorkerTotals())
        let worker = Worker(
            jobs: jobs, blobs: blobs, enricher: EventEnricher(source: source), options: options, logger: log.logger,
            observer: { new in totals.withLock { $0 = new } })
        try await worker.run()
        return totals.withLock { $0 }
    }
}

/// An event in Sentry's JSON with nothing to look up: it is complete.
let smallEvent = #"{"event_id":"0123456789abcdef0123456789abcdef","exception":{"values":[]}}"#
/// One with a frame in an image that nobody has: it is partial.
let missingEvent = """
    {"platform":"native","exception":{"values":[{"type":"SIGILL","stacktrace":{"frames":[
    {"instruction_addr":"0x401000"}]}}]},"debug_meta":{"images":[{"type":"elf","code_file":"/app/till",
    "code_id":"1111111111111111111111111111111111111111","image_addr":"0x400000","image_size":65536}]}}
    """
