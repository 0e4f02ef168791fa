import ParserTasks

extension LocalDebugFiles {
    /// The files that a person named, with what could not be used.
    public struct Named: Sendable {
        /// Each with its index.
        public var files: [File] = []
        /// Files below named folders that could not be used, a sentence each that begins with the path.
        public var problems: [String] = []
    }

    /// The debug files among the named files and below the named folders, with their indexes.
    ///
    /// They complete each other: split units (`.dwo`, `.dwp`), supplementary files and the separate debug file that a
    /// stripped one names are found among them by their ids, never by the paths that a file says. A single file is used
    /// as it is.
    ///
    /// Cost: every ELF file is hashed and inspected once, and remembered by its digest; each object's index is built.
    /// - Throws: `debugFile` for a path that was named and cannot be used.
    public func files(paths: [String]) async throws(DebugFilesError) -> Named {
        if paths.count == 1, let path = paths.first, !(await Self.isFolder(path)) {
            return Named(files: [try await file(path: path)])
        }
        var named = Named()
        var entries: [Entry] = []
        var digests: Set<String> = []
        for item in await items(paths) {
            do throws(DebugFilesError) {
                let opened = try await opened(item)
                // The same bytes under a second name are one object, and two names that a link may mean.
                let inspection = try await inspection(of: opened)
                entries.append(Entry(opened: opened, inspection: inspection, isNamed: item.isNamed))
                digests.insert(opened.digest)
            } catch {
                if item.isNamed || error == .cancelled { throw error }
                // A folder of a build is full of files that are no ELF files.
                if item.kind == .candidate { named.problems.append(error.description) }
            }
        }
        let set = LocalFileSet(entries)
        var done: Set<String> = []
        for entry in set.objects where done.insert(entry.opened.digest).inserted {
            do throws(IndexFailure) {
                named.files.append(try await file(entry, set))
            } catch {
                if Task.isCancelled { throw .cancelled }
                let failure = DebugFilesError.debugFile(path: entry.opened.path, error.status, reason: error.reason)
                if entry.isNamed { throw failure }
                named.problems.append(failure.description)
            }
        }
        return named
    }

    /// A named file, inspected.
    struct Entry: Sendable {
        var opened: Opened
        var inspection: ObjectInspection
        var isNamed: Bool
    }

    /// The index that answers for an object: its own with the files it refers to, or that of its separate debug file.
    private func file(_ entry: Entry, _ set: LocalFileSet) async throws(IndexFailure) -> File {
        if let linked = set.debugFile(of: entry) {
            return try await indexed(
                linked.opened, inputs: await set.inputs(of: linked),
                ids: (entry.inspection.buildID, entry.inspection.debugID))
        }
        return try await indexed(entry.opened, inputs: await set.inputs(of: entry))
    }

    private func items(_ paths: [String]) async -> [UploadWalk.Item] {
        await offCooperativePool {
            var walk = UploadWalk(paths: paths)
            return walk.next(limit: .max)
        }
    }

    private func opened(_ item: UploadWalk.Item) async throws(DebugFilesError) -> Opened {
        switch item.kind {
        case .candidate, .relocatable: return try await open(item.path)
        case .notELF: throw .debugFile(path: item.path, .malformed, reason: "not an ELF file")
        case .otherELF: throw .debugFile(path: item.path, .unsupported, reason: "neither an object nor a debug file")
        case .unreadable(let reason): throw .debugFile(path: item.path, .missing, reason: reason)
        }
    }

    /// What an open file is; remembered by its digest.
    func inspection(of opened: Opened) async throws(DebugFilesError) -> ObjectInspection {
        let inspections = inspections
        if let known = await offCooperativePool({ inspections.get(opened.digest) }) { return known }
        do throws(IndexFailure) {
            let found = try await inspection(of: opened.file, name: opened.path).inspection
            await offCooperativePool { inspections.put(found, opened.digest) }
            return found
        } catch {
            throw .debugFile(path: opened.path, error.status, reason: error.reason)
        }
    }

    private static func isFolder(_ path: String) async -> Bool {
        await offCooperativePool { (try? FileStatus(path: path, followingLinks: true))?.isFolder ?? false }
    }
}

/// Files that complete each other, by the ids that they have and want.
struct LocalFileSet: Sendable {
    private let entries: [LocalDebugFiles.Entry]
    private var holders: [CatalogueID: [Int]] = [:]
    private var wanted: Set<CatalogueID> = []

    init(_ entries: [LocalDebugFiles.Entry]) {
        self.entries = entries
        for (position, entry) in entries.enumerated() {
            for id in CatalogueID.all(of: entry.inspection, name: ImageName.base(of: entry.opened.path)) {
                holders[id, default: []].append(position)
            }
            for file in WantedFile.all(of: entry.inspection) { wanted.insert(file.id) }
        }
    }

    /// Those that answer for an image: not the parts of others, nor what others only refer to.
    var objects: [LocalDebugFiles.Entry] {
        entries.filter { entry in
            let ids = CatalogueID.all(of: entry.inspection, name: ImageName.base(of: entry.opened.path))
            return !entry.inspection.isPart && !ids.contains { $0.kind == .buildID && wanted.contains($0) }
        }
    }

    /// The separate debug file that a stripped one names, by name and CRC.
    func debugFile(of entry: LocalDebugFiles.Entry) -> LocalDebugFiles.Entry? {
        for file in WantedFile.all(of: entry.inspection) where file.id.kind == .debugLink {
            for position in holders[file.id] ?? [] {
                let found = entries[position]
                let ids = (found.inspection.buildID, entry.inspection.buildID)
                let isSameBuild = ids.0 == nil || ids.1 == nil || ids.0 == ids.1
                if isSameBuild, found.opened.digest != entry.opened.digest { return found }
            }
        }
        return nil
    }

    /// What goes into the index beside the object.
    func inputs(
        of entry: LocalDebugFiles.Entry
    ) async -> [(choice: IndexRequest.Input, file: LocalDebugFiles.Opened)] {
        let companions = WantedFile.all(of: entry.inspection).map { file in
            var companion = Catalogue.Companion(wanted: file)
            for position in holders[file.id] ?? [] where entries[position].opened.digest != entry.opened.digest {
                companion.holders.append(
                    .init(
                        digest: entries[position].opened.digest,
                        quality: ObjectQuality(entries[position].inspection).rawValue, addedAt: 0, isLost: false))
            }
            return companion
        }
        let files = Dictionary(entries.map { ($0.opened.digest, $0.opened) }) { first, _ in first }
        return await InputChoice.make(companions).inputs.compactMap { input in
            files[input.digest].map { (input, $0) }
        }
    }
}
