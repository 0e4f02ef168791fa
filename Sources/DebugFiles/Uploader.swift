import ParserTasks

/// Uploads files: walk, hash, inspect in the child, store, collect sources, catalogue.
///
/// For each object the blobs come first (object, packs), then its notes, then one transaction that catalogues it and
/// marks the waiting events. What is killed in between has stored blobs that nobody sees; uploading again makes it
/// whole.
struct Uploader: Sendable {
    let storage: any BlobStorage
    let catalogue: Catalogue
    let parser: any ObjectParser
    let seen: SeenFiles
    let cacheFolder: String
    let options: UploadOptions
    let host: String
    let observer: @Sendable (UploadEvent) async -> Void
    let git = GitMemory()

    /// One file on its way.
    private struct Object {
        var path: String
        var file: FileDescriptor
        var status: FileStatus
        var digest: String
        var inspection: ObjectInspection
        var embedded: FileDescriptor?
        /// Whether the store and this project's catalogue had it.
        var isKnown = false
        /// Whether the catalogue knows it, in any project.
        var isCatalogued = false
        /// Whether the catalogue says that the store lost its blob.
        var isLost = false
        /// Whether an older parser had inspected it, and this one has now: it may have found more.
        var isInspectedAgain = false
        /// Whether `stat` says that this very file was uploaded before: then it was not read now.
        var isSeen: Bool
    }

    /// Why one file is not stored.
    private enum Refusal: Error {
        case failed(String, buildID: String? = nil)
        case passedOver(UploadReport.PassedOver.Reason, String)
        case store(DebugFilesError)
    }

    /// Deals with one candidate of the walk. Throws only what would hit every other file too.
    func upload(
        _ item: UploadWalk.Item, into report: inout UploadReport
    ) async throws(DebugFilesError) -> UploadOutcome? {
        do throws(Refusal) {
            let object = try await open(item)
            try refuseWithoutID(object)
            await observer(.stage(path: item.path, .storing, size: object.status.size))
            var outcome = UploadOutcome(
                path: item.path, status: object.isKnown ? .alreadyStored : .stored, size: object.status.size)
            outcome.digest = object.digest
            outcome.take(object.inspection)
            do throws(DebugFilesError) {
                try await store(object, &outcome)
            } catch {
                throw .store(error)
            }
            let seen = seen
            await offCooperativePool { seen.remember(object.digest, of: object.path, object.status) }
            return outcome
        } catch {
            switch error {
            case .store(let error): throw error
            case .failed(let reason, let buildID):
                return UploadOutcome(
                    path: item.path, status: .failed, reason: reason, buildID: buildID, size: item.size)
            case .passedOver(let reason, let detail):
                guard !item.isNamed else {
                    return UploadOutcome(path: item.path, status: .failed, reason: detail, size: item.size)
                }
                report.passedOver.add(item.path, reason, detail: detail)
                return nil
            }
        }
    }

    private func refuseWithoutID(_ object: Object) throws(Refusal) {
        let inspection = object.inspection
        let holdsSplitUnits = [".dwo", ".dwp"].contains { object.path.hasSuffix($0) }
        if holdsSplitUnits, inspection.heldSplitUnits.isEmpty {
            throw .passedOver(.withoutID, "no split unit with an id")
        }
        guard inspection.buildID != nil || inspection.hasDebugInformation || inspection.isPart,
            !CatalogueID.all(of: inspection, name: ImageName.base(of: object.path)).isEmpty
        else {
            throw .passedOver(.withoutID, "neither a build id nor debug information with an id")
        }
    }

    // MARK: Reading

    /// Hashes and inspects the file, or remembers both.
    private func open(_ item: UploadWalk.Item) async throws(Refusal) -> Object {
        let seen = seen
        let opened: (file: FileDescriptor, status: FileStatus, path: String, digest: String, isSeen: Bool)
        do throws(SystemCallError) {
            opened = try await offCooperativePool { () throws(SystemCallError) in
                let file = try FileDescriptor.openForReading(item.path)
                let status = try FileStatus(of: file, path: item.path)
                guard status.isRegular else { throw SystemCallError("not a regular file", item.path, code: 0) }
                let path = try FileSystem.realPath(item.path)
                if let digest = seen.digest(of: path, status) { return (file, status, path, digest, true) }
                return (file, status, path, try FileCopy.digest(of: file, path: item.path).digest, false)
            }
        } catch {
            throw item.isNamed ? .failed(error.reason) : .passedOver(.unreadable, error.reason)
        }
        var object = Object(
            path: opened.path, file: opened.file, status: opened.status, digest: opened.digest,
            inspection: ObjectInspection(
                kind: .other, machine: 0, architecture: "", buildID: nil, debugID: nil, hasDebugInformation: false,
                hasSymbolTable: false, hasUnwindTables: false, hasCode: false), isSeen: opened.isSeen)
        do throws(DebugFilesError) {
            let known = try await catalogue.isKnown(opened.digest, project: options.project)
            object.isCatalogued = known.object
            object.isLost = known.isLost
            object.isKnown = known.inProject
            if known.object, let note = try await objectNote(opened.digest) {
                object.isInspectedAgain = note.inspectedBy < parser.indexVersion.builderRevision
                if !object.isInspectedAgain, !(try await needsEmbeddedTexts(note)) {
                    object.inspection = note.inspection
                    return object
                }
            }
        } catch {
            throw .store(error)
        }
        await observer(.stage(path: item.path, .inspecting, size: object.status.size))
        try await inspect(&object, item)
        return object
    }

    /// The newest note of the object, when the blob itself is there too.
    private func objectNote(_ digest: String) async throws(DebugFilesError) -> ObjectNote? {
        let notes: [[UInt8]]
        do throws(BlobStorageError) {
            guard try await storage.size(of: digest) != nil else { return nil }
            notes = try await storage.notes(.object, of: digest)
        } catch {
            throw .storage(error.description)
        }
        return notes.compactMap { try? NoteCoding.decode(ObjectNote.self, $0) }.max { $0.inspectedBy < $1.inspectedBy }
    }

    /// Whether texts stand in the object that an earlier upload, told to take no sources, left there.
    private func needsEmbeddedTexts(_ note: ObjectNote) async throws(DebugFilesError) -> Bool {
        guard options.sources != nil, note.inspection.sources.contains(where: { $0.embeddedOffset != nil }) else {
            return false
        }
        let marks = try await catalogue.sourceMarks(of: note.digest)
        return note.inspection.sources.contains { $0.embeddedOffset != nil && marks[$0.path] == nil }
    }

    private func inspect(_ object: inout Object, _ item: UploadWalk.Item) async throws(Refusal) {
        let folder = cacheFolder + "/inspecting"
        let embedded: FileDescriptor
        do throws(SystemCallError) {
            embedded = try await offCooperativePool { () throws(SystemCallError) in
                try TemporaryFiles.anonymous(in: folder)
            }
        } catch {
            throw .store(.cache(error.description))
        }
        do throws(ObjectParserError) {
            object.inspection = try await parser.inspect(object.file, name: item.path, embeddedTexts: embedded)
        } catch {
            if case .unavailable = error { throw .failed(error.description) }
            try await refuse(object, item, error)
        }
        object.embedded = embedded
        try refuseUnreadableDebugInformation(object.inspection)
    }

    /// Debug information of which nothing could be read gives no index either. Single problems are another matter: they
    /// stand in the outcome.
    private func refuseUnreadableDebugInformation(_ inspection: ObjectInspection) throws(Refusal) {
        guard inspection.hasDebugInformation, let problem = inspection.problems.first, inspection.sources.isEmpty,
            inspection.sourcesOmitted == 0, inspection.splitUnits.isEmpty, !inspection.isPart
        else { return }
        let others = inspection.problems.count - 1
        let reason = problem + (others > 0 ? " (and \(others) more)" : "")
        guard let buildID = inspection.buildID else { throw .passedOver(.damagedWithoutID, "damaged: \(reason)") }
        throw .failed("damaged, build id \(buildID): \(reason)", buildID: buildID)
    }

    /// A file that the parser refused fails if it shows a build id, else it is one of the many that are only counted.
    private func refuse(
        _ object: Object, _ item: UploadWalk.Item, _ error: ObjectParserError
    ) async throws(Refusal) -> Never {
        let file = object.file
        let buildID = await offCooperativePool { BuildIDSniff.find(in: file) }
        // The parser names the file it was given; here the outcome does.
        let prefix = item.path + ": "
        let whole = error.description
        let reason = whole.hasPrefix(prefix) ? String(whole.dropFirst(prefix.count)) : whole
        if let buildID { throw .failed("damaged, build id \(buildID): \(reason)", buildID: buildID) }
        throw .passedOver(.damagedWithoutID, "damaged: \(reason)")
    }

    // MARK: Storing

    private func store(_ object: Object, _ outcome: inout UploadOutcome) async throws(DebugFilesError) {
        let now = Clock.milliseconds()
        var addition = Catalogue.Addition(
            digest: object.digest, size: object.status.size, inspection: object.inspection,
            project: options.project, inspectedBy: parser.indexVersion.builderRevision, addedAt: now)
        do throws(BlobStorageError) {
            if try await putObject(object) {
                // The store had lost it, or its copy was damaged: what waits for it has to hear.
                addition.isRestored = object.isCatalogued
                outcome.status = .stored
            }
            let note = ObjectNote(
                digest: object.digest, size: object.status.size, inspectedBy: parser.indexVersion.builderRevision,
                inspection: object.inspection)
            let hasNote = try await !storage.notes(.object, of: object.digest).isEmpty
            if !hasNote || object.isInspectedAgain {
                try await storage.putJSON(note, kind: .object, of: object.digest)
            }
        } catch {
            if case .changed = error {
                outcome = UploadOutcome(
                    path: outcome.path, status: .failed, reason: error.description, size: outcome.size)
                return
            }
            throw .storage(error.description)
        }
        addition.sources = try await collectSources(of: object, &outcome.sources)

        let folder = String(object.path.prefix(upTo: object.path.lastIndex(of: "/") ?? object.path.endIndex))
        let upload = UploadNote(
            project: options.project, path: object.path, uploadedAt: now, host: host,
            git: options.asksGit ? await git.provenance(ofFolder: folder, options.environment) : nil,
            labels: options.labels)
        let isRecorded = try await catalogue.isRecorded(upload, of: object.digest)
        do throws(BlobStorageError) {
            if !isRecorded { try await storage.putJSON(upload, kind: .upload, of: object.digest) }
            if !addition.sources.isEmpty {
                try await storage.putJSON(SourcesNote(sources: addition.sources), kind: .sources, of: object.digest)
            }
        } catch {
            throw .storage(error.description)
        }
        let isUnchanged = object.isKnown && !object.isLost && !object.isInspectedAgain && !addition.isRestored
        if isRecorded, isUnchanged, addition.sources.isEmpty { return }
        addition.upload = upload
        try await catalogue.add(addition)
    }

    /// Stores the object's bytes; whether the store did not have them, or not whole.
    ///
    /// A file that was uploaded before and has not changed since is believed to be in the store when a blob of its name
    /// and size is: comparing would read as much as the upload saved. Damage that this misses is found when an index
    /// is built, and from then on the blob is not there.
    private func putObject(_ object: Object) async throws(BlobStorageError) -> Bool {
        if object.isSeen, !object.isLost, try await storage.size(of: object.digest) == object.status.size {
            return false
        }
        return try await storage.put(object.file, expectedDigest: object.digest).isNew
    }

    private func collectSources(
        of object: Object, _ summary: inout UploadedSources
    ) async throws(DebugFilesError) -> [SourceEntry] {
        guard let policy = options.sources else { return [] }
        let known = try await catalogue.sourceMarks(of: object.digest)
        var names: Set<String> = []
        let sources = object.inspection.sources.filter { names.insert($0.path).inserted }
        let collector = SourceCollector(
            rules: await offCooperativePool { policy.rules(forObject: object.path) },
            objectModified: object.status.modified, embedded: object.embedded, known: known)
        summary.named = sources.count + object.inspection.sourcesOmitted
        var entries: [SourceEntry] = []
        var position: Int? = 0
        while let start = position {
            let batch = await offCooperativePool { collector.collect(sources, from: start) }
            entries += try await SourceCollector.pack(batch.texts, into: storage, catalogue: catalogue)
            for text in batch.texts { summary.count(text.mark) }
            for mark in batch.kept { summary.count(mark) }
            for (path, reason) in batch.refused { summary.skip(path, reason) }
            position = batch.next
        }
        summary.added = entries.count
        if object.inspection.sourcesOmitted > 0 {
            summary.skip("(not listed)", .overLimit, count: object.inspection.sourcesOmitted)
        }
        return entries
    }
}
