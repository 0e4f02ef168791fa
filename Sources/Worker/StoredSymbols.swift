public import DebugFiles
import JobTable
import ParserTasks
public import Symbolication

/// Debug files and sources from the store.
public struct StoredSymbols: SymbolSource {
    private let store: DebugFileStore

    public init(_ store: DebugFileStore) { self.store = store }

    public func answers(for images: [ImageRequest], project: String) async throws(EnrichmentError) -> SymbolAnswers {
        let queries = images.map { ImageQuery(codeID: $0.codeID, debugID: $0.debugID, codeFile: $0.codeFile) }
        let resolution: Resolution
        do throws(DebugFilesError) {
            resolution = try await store.resolve(project: project, images: queries)
        } catch {
            throw .temporary(error.description)
        }
        var answers = SymbolAnswers()
        answers.catalogueSequence = resolution.catalogueSequence
        for (image, resolved) in zip(images, resolution.images) {
            answers.images[image.imageIndex] = resolved.answer
            answers.objects[image.imageIndex] = resolved.object?.digest
            // One row an id: an object that is missing says more than the sources that are missing with it.
            guard let lack = Lack.allCases.first(where: resolved.lacks.contains) else { continue }
            answers.awaited += resolved.ids.map {
                AwaitedID(kind: $0.kind.rawValue, id: $0.id, lacks: lack.awaited)
            }
        }
        return answers
    }

    public func texts(
        _ wanted: [SourceRequest], of answers: SymbolAnswers
    ) async throws(EnrichmentError) -> [SourceRequest: Symbolication.SourceText] {
        var texts: [SourceRequest: Symbolication.SourceText] = [:]
        for (digest, requests) in Dictionary(grouping: wanted, by: { answers.objects[$0.imageIndex] ?? "" })
        where !digest.isEmpty {
            let found: [String: DebugFiles.SourceText]
            do throws(DebugFilesError) {
                found = try await store.sourceTexts(object: digest, paths: requests.map(\.path))
            } catch {
                throw .temporary(error.description)
            }
            for request in requests {
                guard let text = found[request.path], let mark = Symbolication.SourceMark(rawValue: text.mark.rawValue)
                else { continue }
                texts[request] = Symbolication.SourceText(text: text.bytes, mark: mark)
            }
        }
        return texts
    }

    public func discardIndex(ofObject digest: String) async {
        await store.discardIndex(ofObject: digest)
    }
}

extension ResolvedImage {
    /// The same in the words of the frame rules. Both rooms use Sentry's.
    var answer: ImageAnswer {
        guard let object else {
            return .failed(
                Symbolication.ImageStatus(rawValue: status.rawValue) ?? .other, reason: reason ?? "no reason given")
        }
        return .found(
            object.index,
            features: ImageFeatures(
                hasDebugInformation: object.inspection.hasDebugInformation,
                hasUnwindInformation: object.inspection.hasUnwindTables, hasSymbols: object.inspection.hasSymbolTable,
                hasSources: object.hasSources))
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
