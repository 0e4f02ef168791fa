import Glibc
import ParserTasks

/// A file that a module of a dump can be unwound with: not opened before it is wanted.
public struct UnwindingFile: Sendable {
    /// The module's, lower-case hexadecimal.
    public let buildID: String
    /// Path or digest, for messages.
    public let name: String
    /// A separate debug file (`.debug_frame`, the symbol table) instead of the executable or library itself, which has the
    /// call-frame information and the code.
    public let isDebugFile: Bool
    /// `nil` when it is there no more, or damaged. Throws outages.
    let opening: @Sendable () async throws(DebugFilesError) -> FileDescriptor?

    /// A file; for implementations of sources of such files.
    public init(
        buildID: String, name: String, isDebugFile: Bool,
        opening: @escaping @Sendable () async throws(DebugFilesError) -> FileDescriptor?
    ) {
        self.buildID = buildID
        self.name = name
        self.isDebugFile = isDebugFile
        self.opening = opening
    }

    /// Opens it.
    public func open() async throws(DebugFilesError) -> FileDescriptor? { try await opening() }
}

/// The files that there are for the modules of a dump.
public struct UnwindingFiles: Sendable {
    /// Of one build id at most one executable or library and one debug file.
    public var files: [UnwindingFile] = []
    /// The newest change of the catalogue that the answer can know of; `nil` where no catalogue was asked.
    public var catalogueSequence: Int64?
    /// What a person named and could not be used, a sentence each.
    public var problems: [String] = []

    /// None.
    public init() {}

    /// The build ids of modules whose executable or library is there.
    public var objects: Set<String> { Set(files.filter { !$0.isDebugFile }.map(\.buildID)) }

    /// Takes what `other` has and this has not.
    public mutating func fill(from other: UnwindingFiles) {
        let known = Set(files.map { [$0.buildID, $0.isDebugFile ? "debug" : ""] })
        files += other.files.filter { !known.contains([$0.buildID, $0.isDebugFile ? "debug" : ""]) }
        catalogueSequence = [catalogueSequence, other.catalogueSequence].compactMap { $0 }.min()
        problems += other.problems
    }
}

extension DebugFileStore {
    /// The files that modules can be unwound with, by their build ids. Nothing is opened.
    ///
    /// Of an id's objects the first with code and unwind tables, the best first as for every look-up; beside it, unless it
    /// has debug information itself, the separate debug file.
    /// - Parameter project: Its own uploads and those of `default` are seen.
    public func unwindingFiles(
        project: String, buildIDs: [String]
    ) async throws(DebugFilesError) -> UnwindingFiles {
        let ids = buildIDs.map { CatalogueID.buildID($0) }
        let found = try await catalogue.candidates(
            project: project, images: ids.map { .init(ids: [$0].compactMap { $0 }, name: nil) })
        var result = UnwindingFiles()
        result.catalogueSequence = found.sequence
        for (id, found) in zip(ids, found.found) {
            guard let id = id?.id else { continue }
            let own = found.candidates.filter { $0.isLinked || $0.inspection.buildID == id }
            let objects = own.filter { !$0.isLinked && $0.inspection.hasCode }
            let ranked =
                objects.filter(\.inspection.hasUnwindTables) + objects.filter { !$0.inspection.hasUnwindTables }
            if !ranked.isEmpty { result.files.append(file(ranked, buildID: id, isDebugFile: false)) }
            guard ranked.first?.inspection.hasDebugInformation != true else { continue }
            let debugFiles = own.filter { !$0.inspection.hasCode && $0.inspection.isOfUseForUnwinding }
            if !debugFiles.isEmpty { result.files.append(file(debugFiles, buildID: id, isDebugFile: true)) }
        }
        return result
    }

    private func file(_ candidates: [Catalogue.Candidate], buildID: String, isDebugFile: Bool) -> UnwindingFile {
        let digests = candidates.map(\.digest)
        let storage = storage
        return UnwindingFile(buildID: buildID, name: digests.first ?? "", isDebugFile: isDebugFile) {
            () async throws(DebugFilesError) -> FileDescriptor? in
            for digest in digests {
                do throws(BlobStorageError) {
                    return try await storage.openVerified(digest)
                } catch {
                    switch error {
                    // The next look-up of its index deals with the loss.
                    case .missing, .damaged: continue
                    default: throw .storage(error.description)
                    }
                }
            }
            return nil
        }
    }
}

extension ObjectInspection {
    /// Of a debug file: it has what an unwinder reads there.
    var isOfUseForUnwinding: Bool { hasSymbolTable || hasUnwindTables || hasDebugInformation }
}
