import SymbolIndex

/// The store read by people (`symbolist debug-files`).
extension DebugFileStore {
    private var revision: Catalogue.Revision {
        .init(number: parser.indexVersion.builderRevision, quarantineLimit: options.quarantineLimit)
    }

    /// The objects that a filter lets through, the newest first.
    public func objects(_ filter: ObjectFilter = ObjectFilter()) async throws(DebugFilesError) -> [StoredObject] {
        var filter = filter
        filter.id = filter.id?.lowercased()
        return try await catalogue.objects(filter, revision)
    }

    /// Everything that is known of an object of ``objects(_:)``. Opens its index if there is one; builds none.
    public func details(of object: StoredObject) async throws(DebugFilesError) -> ObjectDetails {
        let particulars = try await catalogue.particulars(of: object.digest, revision)
        let project = object.projects.first { $0 != "default" } ?? "default"
        let companions = try await catalogue.companions(of: object.digest, project: project)
        let inputs = await InputChoice.make(companions).inputs
        let key = IndexRequest(object: object.digest, name: object.digest, inputs: inputs).key
        let cache = cache
        let index = await offCooperativePool {
            let state = cache.state(of: key)
            let index = state.isCurrent ? cache.open(key) : cache.openOlder(key)
            return ObjectDetails.Index(
                isCurrent: state.isCurrent && index != nil, older: state.isCurrent ? nil : state.older,
                quality: index?.header.quality, size: index.map { Int(clamping: $0.header.fileSize) },
                metadata: try? index?.metadata())
        }
        return ObjectDetails(
            object: object, ids: particulars.ids, wanted: particulars.wanted, uploads: particulars.uploads,
            deaths: particulars.deaths, sources: particulars.sources, index: index)
    }

    /// Ids that events or objects wait for and that no file has, those that most events wait for first.
    /// - Parameter project: What its events wait for and it does not see; `nil` stands for all.
    public func awaitedFiles(project: String? = nil, limit: Int = 50) async throws(DebugFilesError) -> [AwaitedFile] {
        try await catalogue.awaitedFiles(project: project, limit: limit)
    }

    /// Lifts the quarantine of objects: their parsers' deaths are forgotten and the events that lack them enriched again.
    /// - Parameter digests: Of the objects; `nil` stands for all that are quarantined or counted.
    /// - Returns: The digests of those that had deaths.
    public func retry(_ digests: Set<String>?) async throws(DebugFilesError) -> [String] {
        try await catalogue.forgetDeaths(of: digests)
    }
}
