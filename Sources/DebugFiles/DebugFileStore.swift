import Bytes
public import Database
import Glibc
import ParserTasks

/// Objects, their sources and their indexes: what an upload brings and a look-up needs.
///
///     upload ─▶ UploadWalk ─▶ Uploader ──▶ BlobStorage   objects, packs of source texts, notes: the truth
///                               │  ▲  ╰──▶ Catalogue     which object answers to which id: rebuilt from the notes
///                               ▼  │
///                           ObjectParser (sandboxed child)
///                               ▲  │
///     resolve ─▶ Catalogue ─▶ IndexLibrary ─▶ IndexCacheFolder   built indexes: may be emptied at any time
///
/// This room never parses an object: it looks at 20 bytes to leave out what is no ELF file, and hands descriptors to
/// the child. `Documentation/DebugFileStore.md` describes what lies where.
public struct DebugFileStore: Sendable {
    /// Limits of a store's use.
    public struct Options: Sendable {
        /// Bytes of built indexes that are kept.
        public var indexCacheLimit = 8 << 30
        /// Builds at the same time in this process.
        public var concurrentBuilds = 2
        /// What indexes of an older release are good for.
        public var olderIndexes = OlderIndexes.answer(pause: .seconds(1))
        /// Deaths of its parser after which an object is left alone.
        public var quarantineLimit = 3

        /// The defaults.
        public init() {}
    }

    /// What is done with an index that an older format version or builder revision left in the cache, where this one has
    /// none yet.
    public enum OlderIndexes: Sendable, Equatable {
        /// It answers at once. Its successor is built in the background: one at a time, after those that somebody waits
        /// for, with a pause behind each.
        case answer(pause: Duration)
        /// It does not answer: this version's is built while whoever asks waits.
        case ignore

        var pause: Duration? {
            switch self {
            case .answer(let pause): pause
            case .ignore: nil
            }
        }
    }

    /// Where blobs are kept; large event payloads go there as well.
    public let storage: any BlobStorage
    let catalogue: Catalogue
    let parser: any ObjectParser
    let cacheFolder: String
    let cache: IndexCacheFolder
    let options: Options
    private let library: IndexLibrary
    private let recentUse = RecentUse()
    private let recentCompanions = RecentCompanions()

    /// Opens a store.
    ///
    /// - Parameters:
    ///   - storage: Of the blobs.
    ///   - database: With the catalogue.
    ///   - parser: Sandboxed in the product.
    ///   - cacheFolder: Of this machine; created when missing, 0700.
    public init(
        storage: any BlobStorage, database: SQLiteDatabase, parser: any ObjectParser, cacheFolder: String,
        options: Options = Options()
    ) throws(DebugFilesError) {
        self.storage = storage
        self.parser = parser
        self.cacheFolder = cacheFolder
        catalogue = Catalogue(database: database)
        self.options = options
        cache = try IndexCacheFolder(
            cache: cacheFolder, version: parser.indexVersion, byteLimit: options.indexCacheLimit)
        library = IndexLibrary(
            cache: cache, parser: parser, quarantine: catalogue, options: options)
    }

    // MARK: Asking

    /// Finds the debug files of images and their indexes, building those that are absent.
    ///
    /// The best of several objects with one id answers: debug information before symbols before others, the newest
    /// among equals; when its index cannot be built, the next. An object whose build id is not the image's never
    /// answers. An image without any id is answered by the only build that was uploaded under its name, and says so.
    ///
    /// Cost: an index in memory or in the cache folder is a few microseconds to milliseconds; one that is built reads
    /// its object twice, once to compare it with its digest.
    /// - Parameter project: Its own uploads and those of `default` are seen.
    /// - Throws: `catalogue`; `cancelled` when the task is cancelled, which also ends a build that nobody else waits
    ///   for.
    public func resolve(
        project: String, images: [ImageQuery]
    ) async throws(DebugFilesError) -> Resolution {
        try await resolver.resolve(project: project, images: images)
    }

    var resolver: Resolver {
        Resolver(
            storage: storage, catalogue: catalogue, library: library, recentUse: recentUse,
            recentCompanions: recentCompanions)
    }

    /// The text of a source path of an object; `nil` when the store has none.
    /// - Parameters:
    ///   - digest: Of the object (``ResolvedObject/digest``).
    ///   - path: As the index spells it.
    public func sourceText(object digest: String, path: String) async throws(DebugFilesError) -> SourceText? {
        try await sourceTexts(object: digest, paths: [path])[path]
    }

    /// The texts of several source paths of an object; paths without a text are absent. Each is compared with its digest.
    /// - Throws: `storage` also for a damaged text.
    public func sourceTexts(
        object digest: String, paths: [String]
    ) async throws(DebugFilesError) -> [String: SourceText] {
        var texts: [String: SourceText] = [:]
        for (path, entry) in try await catalogue.sources(of: digest, paths: paths) {
            do throws(BlobStorageError) {
                guard entry.length <= SourcePolicy.sizeLimit, entry.offset >= 0, entry.length >= 0 else {
                    throw .truncated(digest: entry.pack, size: 0, end: entry.length)
                }
                let range = entry.offset..<(entry.offset + entry.length)
                let bytes = try await storage.read(entry.pack, range: range)
                guard Digest.sha256(bytes) == entry.textDigest else {
                    throw .unavailable("the text of '\(path)' in blob \(entry.pack) is damaged")
                }
                texts[path] = SourceText(bytes: bytes, mark: entry.mark, digest: entry.textDigest)
            } catch {
                throw .storage(error.description)
            }
        }
        return texts
    }

    /// The machine code at a link address of a stored object; `nil` when the object does not hold it, or cannot be read.
    /// Cost: one child.
    public func code(ofObject digest: String, at address: UInt64, count: Int) async -> [UInt8]? {
        guard let file = try? await storage.open(digest) else { return nil }
        return try? await parser.code(CodeRequest(objectName: digest, address: address, count: count), of: file)
    }

    /// Forgets the index of an object because reading it gave an error; the next ``resolve(project:images:)`` builds it
    /// again.
    public func discardIndex(ofObject digest: String) async {
        await library.discard(digest)
    }

    /// Fills the catalogue from the notes in the store, as after the loss of the database. What it has already stays.
    public func rebuildCatalogue() async throws(DebugFilesError) -> RebuildReport {
        try await CatalogueRebuild(storage: storage, catalogue: catalogue).run()
    }
}

/// The text of a source file.
public struct SourceText: Sendable, Equatable {
    /// UTF-8, at most 1 MiB.
    public let bytes: [UInt8]
    /// Whether it is known to be what was compiled.
    public let mark: SourceMark
    /// SHA-256 of the text.
    public let digest: String
}
