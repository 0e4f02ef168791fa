public import DebugFiles
import JobTable
import ParserTasks
public import Symbolication

/// Debug files and sources from the store.
public struct StoredSymbols: SymbolSource {
    let store: DebugFileStore

    /// The source over a store.
    public init(_ store: DebugFileStore) { self.store = store }

    /// See ``SymbolSource/answers(for:project:)``.
    public func answers(for images: [ImageRequest], project: String) async throws(EnrichmentError) -> SymbolAnswers {
        let queries = images.map { ImageQuery(codeID: $0.codeID, debugID: $0.debugID, codeFile: $0.codeFile) }
        let resolution: Resolution
        do throws(DebugFilesError) {
            resolution = try await store.resolve(project: project, images: queries)
        } catch {
            throw .unavailable(error.description)
        }
        var answers = SymbolAnswers()
        answers.catalogueSequence = resolution.catalogueSequence
        for (image, resolved) in zip(images, resolution.images) {
            answers.images[image.imageIndex] = resolved.answer
            answers.objects[image.imageIndex] = resolved.object?.digest
            answers.ids[image.imageIndex] = resolved.ids
            // One row an id: an object that is missing says more than the debug information that is missing with it.
            // Which of the two it is makes no difference to what wakes the event: any change under the id does.
            guard let lack = [Lack.object, .debugInformation].first(where: resolved.lacks.contains) else { continue }
            answers.awaited += resolved.ids.map { AwaitedID($0, lacks: lack.awaited) }
            answers.awaited += resolved.awaited.map { AwaitedID($0, lacks: .debugInformation) }
        }
        return answers
    }

    /// See ``SymbolSource/texts(_:of:)``.
    public func texts(
        _ wanted: [SourceRequest], of answers: SymbolAnswers
    ) async throws(EnrichmentError) -> [SourceRequest: Symbolication.SourceText] {
        var texts: [SourceRequest: Symbolication.SourceText] = [:]
        for (digest, requests) in Dictionary(grouping: wanted, by: { answers.objects[$0.imageIndex] ?? "" })
        where !digest.isEmpty {
            let found = try await storedTexts(of: digest, paths: requests.map(\.path))
            for request in requests {
                guard let text = found[request.path], let mark = Symbolication.SourceMark(rawValue: text.mark.rawValue)
                else { continue }
                texts[request] = Symbolication.SourceText(text: text.bytes, mark: mark)
            }
        }
        return texts
    }

    /// A damaged pack of texts costs the frames of its files their context, not the event its result.
    private func storedTexts(
        of digest: String, paths: [String]
    ) async throws(EnrichmentError) -> [String: DebugFiles.SourceText] {
        do throws(DebugFilesError) {
            return try await store.sourceTexts(object: digest, paths: paths)
        } catch {
            guard case .storage = error, paths.count > 1 else {
                return try await nothing(because: error)
            }
        }
        var texts: [String: DebugFiles.SourceText] = [:]
        for path in paths {
            do throws(DebugFilesError) {
                texts[path] = try await store.sourceText(object: digest, path: path)
            } catch {
                texts.merge(try await nothing(because: error)) { own, _ in own }
            }
        }
        return texts
    }

    /// No texts, unless the store is out.
    private func nothing(
        because error: DebugFilesError
    ) async throws(EnrichmentError) -> [String: DebugFiles.SourceText] {
        guard case .storage = error else { throw .unavailable(error.description) }
        try await checkAvailability()
        return [:]
    }

    /// See ``SymbolSource/code(ofImage:at:count:in:)``.
    public func code(ofImage image: Int, at address: UInt64, count: Int, in answers: SymbolAnswers) async -> [UInt8]? {
        guard let digest = answers.objects[image] else { return nil }
        return await store.code(ofObject: digest, at: address, count: count)
    }

    /// See ``SymbolSource/discardIndex(ofObject:)``.
    public func discardIndex(ofObject digest: String) async {
        await store.discardIndex(ofObject: digest)
    }

    /// See ``SymbolSource/checkAvailability()``.
    public func checkAvailability() async throws(EnrichmentError) {
        do throws(DebugFilesError) {
            _ = try await store.resolve(project: "default", images: [])
        } catch {
            throw .unavailable(error.description)
        }
        do throws(BlobStorageError) {
            try await store.storage.checkAvailability()
        } catch {
            throw .unavailable(error.description)
        }
    }
}

extension AwaitedID {
    init(_ id: CatalogueID, lacks: Lack) {
        self.init(kind: id.kind.rawValue, id: id.id, lacks: lacks)
    }
}

extension ResolvedImage {
    /// The same in the words of the frame rules. Both rooms use Sentry's.
    var answer: ImageAnswer {
        guard let object else {
            return .failed(
                Symbolication.ImageStatus(rawValue: status.rawValue) ?? .other, reason: reason ?? "no reason given",
                candidates: candidates.map { ImageCandidate(id: $0.id, name: query.codeFile.flatMap(ImageName.base)) })
        }
        return .found(
            object.index,
            features: ImageFeatures(
                hasDebugInformation: object.inspection.hasDebugInformation,
                hasUnwindInformation: object.inspection.hasUnwindTables, hasSymbols: object.inspection.hasSymbolTable,
                hasSources: object.hasSources), matchedByName: matchedByName)
    }
}

extension Lack {
    var awaited: AwaitedID.Lack {
        switch self {
        case .object: .object
        case .debugInformation: .debugInformation
        case .sources: .sources
        }
    }
}
