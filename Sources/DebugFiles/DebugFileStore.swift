import Bytes
public import Database
import Glibc

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

        /// The defaults.
        public init() {}
    }

    /// Where blobs are kept; large event payloads go there as well.
    public let storage: any BlobStorage
    private let catalogue: Catalogue
    private let parser: any ObjectParser
    private let cacheFolder: String
    private let library: IndexLibrary
    private let recentUse = RecentUse()

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
        library = IndexLibrary(
            cache: try IndexCacheFolder(
                cache: cacheFolder, version: parser.indexVersion, byteLimit: options.indexCacheLimit),
            parser: parser, quarantine: catalogue, concurrentBuilds: options.concurrentBuilds)
    }

    // MARK: Uploading

    /// Uploads files and everything below folders. A file that fails stands in the report; the rest goes on.
    ///
    /// Cost: every file below the paths is opened; objects that were not uploaded from the same place before are read
    /// twice, inspected in a child, and copied. Cancelling the task ends it between two files.
    /// - Parameter observer: Called in the order of events, never twice at once; it is waited for.
    /// - Throws: What would hit every file: a store, catalogue or cache that cannot be written.
    public func upload(
        _ paths: [String], options: UploadOptions = UploadOptions(),
        observer: @Sendable (UploadEvent) async -> Void = { _ in }
    ) async throws(DebugFilesError) -> UploadReport {
        let uploader = Uploader(
            storage: storage, catalogue: catalogue, parser: parser, seen: SeenFiles(cache: cacheFolder),
            cacheFolder: cacheFolder, options: options, host: Clock.hostName())
        var walk = await offCooperativePool { UploadWalk(paths: paths) }
        var report = UploadReport()
        var walked = 0
        while !Task.isCancelled {
            let current = walk
            let (next, items) = await offCooperativePool {
                var walk = current
                let items = walk.next(limit: 64)
                return (walk, items)
            }
            guard !items.isEmpty else { break }
            walk = next
            for item in items where !Task.isCancelled {
                if let outcome = try await deal(with: item, uploader, &report, observer) {
                    report.outcomes.append(outcome)
                    await observer(.finished(outcome))
                }
            }
            walked += items.count
            await observer(.walked(files: walked))
        }
        return report
    }

    private func deal(
        with item: UploadWalk.Item, _ uploader: Uploader, _ report: inout UploadReport,
        _ observer: @Sendable (UploadEvent) async -> Void
    ) async throws(DebugFilesError) -> UploadOutcome? {
        let reason: UploadReport.PassedOver.Reason
        let sentence: String
        switch item.kind {
        case .candidate:
            await observer(.started(path: item.path, size: item.size))
            return try await uploader.upload(item, into: &report)
        case .relocatable:
            (reason, sentence) = (.relocatable, "a relocatable object file; upload what the linker makes of it")
        case .notELF: (reason, sentence) = (.notELF, "not an ELF file")
        case .otherELF: (reason, sentence) = (.otherELF, "neither an executable nor a shared object nor a debug file")
        case .unreadable(let text): (reason, sentence) = (.unreadable, text)
        }
        if item.isNamed { return UploadOutcome(path: item.path, status: .failed, reason: sentence, size: item.size) }
        report.passedOver.add(item.path, reason, detail: sentence)
        return nil
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
        try await Resolver(storage: storage, catalogue: catalogue, library: library, recentUse: recentUse)
            .resolve(project: project, images: images)
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
