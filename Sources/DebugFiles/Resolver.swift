import ParserTasks
import SymbolIndex

/// Finds objects for images and their indexes.
struct Resolver: Sendable {
    let storage: any BlobStorage
    let catalogue: Catalogue
    let library: IndexLibrary
    let recentUse: RecentUse

    func resolve(project: String, images: [ImageQuery]) async throws(DebugFilesError) -> Resolution {
        // The build id counts first; the debug id holds 16 bytes of it only.
        let ids = images.map { image in
            [image.codeID.flatMap(CatalogueID.buildID), image.debugID.flatMap(CatalogueID.debugID)]
                .compactMap { $0 }
        }
        let found = try await catalogue.candidates(project: project, images: ids)
        let answers = await withTaskGroup(of: (Int, ResolvedImage).self) { group in
            for (position, image) in images.enumerated() {
                group.addTask {
                    (position, await answer(image, ids: ids[position], found.candidates[position]))
                }
            }
            var answers = [ResolvedImage?](repeating: nil, count: images.count)
            for await (position, answer) in group { answers[position] = answer }
            return answers.compactMap { $0 }
        }
        if Task.isCancelled { throw .cancelled }
        let used = await recentUse.due(Set(answers.compactMap { $0.object?.digest }))
        // Only retention by last use reads it: an answer is not withheld because this could not be written.
        if !used.isEmpty { try? await catalogue.touch(used, now: Clock.milliseconds()) }
        return Resolution(images: answers, catalogueSequence: found.sequence)
    }

    private func answer(
        _ image: ImageQuery, ids: [CatalogueID], _ candidates: [Catalogue.Candidate]
    ) async -> ResolvedImage {
        func failed(_ status: ImageStatus, _ reason: String) -> ResolvedImage {
            ResolvedImage(
                query: image, status: status, reason: reason, object: nil, lacks: [.object], ids: ids)
        }
        guard !ids.isEmpty else {
            return failed(.missing, "the image has neither a build id nor a debug id to find a debug file by")
        }
        let wanted = image.codeID.flatMap(CatalogueID.buildID)?.id
        let matching = candidates.filter { wanted == nil || $0.inspection.buildID == wanted }
        guard !matching.isEmpty else {
            if let other = candidates.first {
                return failed(.missing, BuildIDMismatch.reason(found: other.inspection.buildID, wanted: wanted))
            }
            let names = ids.map { "\($0.kind == .buildID ? "build id" : "debug id") \($0.id)" }
            return failed(.missing, "no debug file with \(names.joined(separator: " or ")) was uploaded")
        }
        var failure: IndexFailure?
        for candidate in matching {
            do throws(IndexFailure) {
                let index = try await library.index(
                    of: candidate.digest, name: candidate.digest,
                    open: { () throws(IndexFailure) in try await open(candidate.digest) })
                return found(image, ids: ids, candidate, index)
            } catch {
                // The best one's failure is what an operator has to mend.
                failure = failure ?? error
            }
        }
        return failed(failure?.status ?? .other, failure?.reason ?? "no candidate")
    }

    private func found(
        _ image: ImageQuery, ids: [CatalogueID], _ candidate: Catalogue.Candidate, _ index: SymbolIndex
    ) -> ResolvedImage {
        let quality = index.header.quality
        var lacks: Set<Lack> = []
        if quality < .full { lacks.insert(.debugInformation) }
        if !candidate.hasSources { lacks.insert(.sources) }
        let object = ResolvedObject(
            digest: candidate.digest, inspection: candidate.inspection, index: index, quality: quality,
            hasSources: candidate.hasSources)
        return ResolvedImage(query: image, status: .found, reason: nil, object: object, lacks: lacks, ids: ids)
    }

    private func open(_ digest: String) async throws(IndexFailure) -> FileDescriptor {
        do throws(BlobStorageError) {
            return try await storage.open(digest)
        } catch {
            if case .missing = error {
                throw IndexFailure(.missing, "the catalogue names blob \(digest), which the store does not have")
            }
            throw IndexFailure(.other, error.description)
        }
    }
}

/// The sentence about a debug file of another build.
enum BuildIDMismatch {
    static func reason(found: String?, wanted: String?) -> String {
        let has = found.map { "has build id \($0)" } ?? "has no build id"
        return "the debug file \(has), the image's is \(wanted ?? "not known")"
    }
}

/// Keeps the note "this object was used" from being written at every event.
actor RecentUse {
    private static let interval = Duration.seconds(6 * 60 * 60)
    private var noted: [String: ContinuousClock.Instant] = [:]

    /// Those whose use was not noted for hours.
    func due(_ digests: Set<String>) -> Set<String> {
        let now = ContinuousClock.now
        if noted.count > 10_000 { noted = noted.filter { $0.value + Self.interval > now } }
        return digests.filter { digest in
            if let last = noted[digest], last + Self.interval > now { return false }
            noted[digest] = now
            return true
        }
    }
}
