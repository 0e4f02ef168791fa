public import SymbolIndex

extension DebugFileStore {
    /// Uploads files and everything below folders. A file that fails stands in the report; the rest goes on.
    ///
    /// Cost: every file below the paths is opened; objects that were not uploaded from the same place before are read
    /// twice, inspected in a child, and copied; with ``UploadOptions/buildsIndexes`` the indexes that became better are
    /// built, one after the other. Cancelling the task ends it between two files.
    /// - Parameter observer: Called in the order of events, never twice at once; it is waited for.
    /// - Throws: What would hit every file: a store, catalogue or cache that cannot be written.
    public func upload(
        _ paths: [String], options: UploadOptions = UploadOptions(),
        observer: @escaping @Sendable (UploadEvent) async -> Void = { _ in }
    ) async throws(DebugFilesError) -> UploadReport {
        let uploader = Uploader(
            storage: storage, catalogue: catalogue, parser: parser, seen: SeenFiles(cache: cacheFolder),
            cacheFolder: cacheFolder, options: options, host: Clock.hostName(), observer: observer)
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
                if let outcome = try await deal(with: item, uploader, &report) {
                    report.outcomes.append(outcome)
                    await observer(.finished(outcome))
                }
            }
            walked += items.count
            await observer(.walked(files: walked))
        }
        if options.buildsIndexes { report.indexes = await buildIndexes(report.outcomes, options.project, observer) }
        return report
    }

    private func deal(
        with item: UploadWalk.Item, _ uploader: Uploader, _ report: inout UploadReport
    ) async throws(DebugFilesError) -> UploadOutcome? {
        let reason: UploadReport.PassedOver.Reason
        let sentence: String
        switch item.kind {
        case .candidate:
            await uploader.observer(.started(path: item.path, size: item.size))
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

    // MARK: Indexes

    /// Builds the indexes that the stored files made possible or better. Whatever goes wrong is the index's problem: the
    /// files are stored.
    private func buildIndexes(
        _ outcomes: [UploadOutcome], _ project: String, _ observer: @escaping @Sendable (UploadEvent) async -> Void
    ) async -> [UploadedIndex] {
        let stored = outcomes.filter { $0.status == .stored }
        var paths: [String: String] = [:]
        for outcome in stored where outcome.kind != nil {
            // The debug file is what an index is made from; it says more than the stripped file of the same id.
            if let id = outcome.buildID ?? outcome.debugID, paths[id] == nil || outcome.hasDebugInformation {
                paths[id] = outcome.path
            }
        }
        let ids: [CatalogueID]
        do throws(DebugFilesError) {
            ids = try await catalogue.images(betteredBy: stored.compactMap(\.digest), project: project)
        } catch {
            return [UploadedIndex(id: "", problem: error.description)]
        }
        var indexes: [UploadedIndex] = []
        for id in ids where !Task.isCancelled {
            let index = await buildIndex(id, path: paths[id.id], project, observer)
            indexes.append(index)
            await observer(.indexed(index))
        }
        return indexes
    }

    private func buildIndex(
        _ id: CatalogueID, path: String?, _ project: String, _ observer: @escaping @Sendable (UploadEvent) async -> Void
    ) async -> UploadedIndex {
        let query = ImageQuery(
            codeID: id.kind == .buildID ? id.id : nil, debugID: id.kind == .debugID ? id.id : nil, codeFile: nil)
        let name = path ?? id.words
        await observer(.indexing(name: name, done: 0, total: 0))
        // The observer is waited for, the parser's progress is not: what it says meanwhile is replaced by the newest.
        let (stream, continuation) = AsyncStream.makeStream(of: (Int, Int).self, bufferingPolicy: .bufferingNewest(1))
        async let shown: Void = {
            for await (done, total) in stream { await observer(.indexing(name: name, done: done, total: total)) }
        }()
        var index = UploadedIndex(id: id.id, path: path)
        do throws(DebugFilesError) {
            let resolution = try await resolver.resolve(
                project: project, images: [query], onProgress: { continuation.yield(($0, $1)) })
            if let image = resolution.images.first {
                index.quality = image.object?.quality.word
                index.object = image.object?.digest
                index.problem = image.reason ?? image.object?.problem
                index.awaited = image.awaited.map(\.words)
            }
        } catch {
            index.problem = error.description
        }
        continuation.finish()
        await shown
        return index
    }
}

extension IndexQuality {
    /// For people and scripts.
    public var word: String {
        switch self {
        case .none: "none"
        case .symbols: "symbols"
        case .partial: "partial"
        case .full: "full"
        }
    }
}

/// An index that an upload built, or found.
public struct UploadedIndex: Sendable, Codable, Equatable {
    /// The build id that it answers for, else the debug id.
    public var id: String
    /// The uploaded file, when one has the id.
    public var path: String?
    /// SHA-256 of the object that it is made from.
    public var object: String?
    /// `none`, `symbols`, `partial`, `full`; absent when there is no index.
    public var quality: String?
    /// Why there is none, or a worse one.
    public var problem: String?
    /// Files that the object refers to and that are not there, at most ``ResolvedImage/awaitedLimit``.
    public var awaited: [String] = []
}
