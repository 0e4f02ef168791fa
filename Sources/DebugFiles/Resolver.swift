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
        let wanted = images.map { image in
            Catalogue.Wanted(
                ids: [image.codeID.flatMap(CatalogueID.buildID), image.debugID.flatMap(CatalogueID.debugID)]
                    .compactMap { $0 },
                name: image.hasNoID ? image.codeFile.flatMap(ImageName.base) : nil)
        }
        let found = try await catalogue.candidates(project: project, images: wanted)
        let results = await withTaskGroup(of: (Int, Result<ResolvedImage, IndexFailure>).self) { group in
            for (position, image) in images.enumerated() {
                group.addTask {
                    do throws(IndexFailure) {
                        return (position, .success(try await answer(image, found.found[position])))
                    } catch {
                        return (position, .failure(error))
                    }
                }
            }
            var results = [Result<ResolvedImage, IndexFailure>?](repeating: nil, count: images.count)
            for await (position, result) in group { results[position] = result }
            return results.compactMap { $0 }
        }
        if Task.isCancelled { throw .cancelled }
        var answers: [ResolvedImage] = []
        do throws(IndexFailure) {
            for result in results { answers.append(try result.get()) }
        } catch {
            throw .storage(error.reason)
        }
        let used = await recentUse.due(Set(answers.compactMap { $0.object?.digest }))
        // Only retention by last use reads it: an answer is not withheld because this could not be written.
        if !used.isEmpty { try? await catalogue.touch(used, now: Clock.milliseconds()) }
        return Resolution(images: answers, catalogueSequence: found.sequence)
    }

    /// Throws outages only: any other failure is the image's answer.
    private func answer(
        _ image: ImageQuery, _ found: Catalogue.Found
    ) async throws(IndexFailure) -> ResolvedImage {
        func failed(_ status: ImageStatus, _ reason: String) -> ResolvedImage {
            ResolvedImage(
                query: image, status: status, reason: reason, object: nil, lacks: [.object], ids: found.ids,
                matchedByName: found.isMatchedByName)
        }
        guard !found.ids.isEmpty else { return failed(.missing, Self.namelessness(image, found)) }
        let wanted = found.ids.first { $0.kind == .buildID }?.id
        let matching = found.candidates.filter { wanted == nil || $0.inspection.buildID == wanted }
        guard !matching.isEmpty else {
            if let other = found.candidates.first {
                return failed(.missing, BuildIDMismatch.reason(found: other.inspection.buildID, wanted: wanted))
            }
            let names = found.ids.map(\.words)
            return failed(.missing, "no debug file with \(names.joined(separator: " or ")) was uploaded")
        }
        var failure: IndexFailure?
        for candidate in matching {
            do throws(IndexFailure) {
                let index = try await library.index(
                    of: candidate.digest, name: candidate.digest,
                    open: { () throws(IndexFailure) in try await open(candidate) })
                return answer(image, found, candidate, index)
            } catch {
                if error.isOutage { throw error }
                // The best one's failure is what an operator has to mend.
                failure = failure ?? error
            }
        }
        return failed(failure?.status ?? .other, failure?.reason ?? "no candidate")
    }

    /// Why an image without an id has no debug file.
    private static func namelessness(_ image: ImageQuery, _ found: Catalogue.Found) -> String {
        let lack = "the image has neither a build id nor a debug id"
        guard image.hasNoID, let name = image.codeFile.flatMap(ImageName.base) else {
            return lack + " to find a debug file by"
        }
        guard found.builds.count > 0 else { return lack + ", and no debug file named '\(name)' was uploaded" }
        let newest = found.builds.newest.map(\.words).joined(separator: ", ")
        let others = found.builds.count - found.builds.newest.count
        return lack + ", and \(found.builds.count) builds were uploaded as '\(name)': \(newest)"
            + (others > 0 ? " and \(others) older" : "")
    }

    private func answer(
        _ image: ImageQuery, _ found: Catalogue.Found, _ candidate: Catalogue.Candidate, _ index: SymbolIndex
    ) -> ResolvedImage {
        let quality = index.header.quality
        var lacks: Set<Lack> = []
        if quality < .full { lacks.insert(.debugInformation) }
        if !candidate.hasSources { lacks.insert(.sources) }
        let object = ResolvedObject(
            digest: candidate.digest, inspection: candidate.inspection, index: index, quality: quality,
            hasSources: candidate.hasSources)
        return ResolvedImage(
            query: image, status: .found, reason: nil, object: object, lacks: lacks, ids: found.ids,
            matchedByName: found.isMatchedByName)
    }

    // MARK: Blobs

    /// The object's blob, read once and compared with its digest: an index of other bytes would lie under a good name
    /// for ever. Called only when an index is built.
    private func open(_ candidate: Catalogue.Candidate) async throws(IndexFailure) -> FileDescriptor {
        do throws(BlobStorageError) {
            let file = try await storage.openVerified(candidate.digest)
            // Somebody put it back, past any upload. That this cannot be noted hides no answer.
            if candidate.isLost { try? await catalogue.recordReturn(of: candidate.digest) }
            return file
        } catch {
            return try await reopen(candidate, after: error)
        }
    }

    /// Notes that a blob is lost and moves a damaged one aside.
    ///
    /// The order leaves no event waiting for ever: the loss is noted before the last look. An upload that mends the blob
    /// before that look is seen by it; one that mends it later finds the note and wakes whoever lacks the object.
    private func reopen(
        _ candidate: Catalogue.Candidate, after error: BlobStorageError
    ) async throws(IndexFailure) -> FileDescriptor {
        switch error {
        case .missing, .damaged: break
        default: throw .outage(error.description)
        }
        do throws(DebugFilesError) {
            try await catalogue.recordLoss(of: candidate.digest, now: Clock.milliseconds())
        } catch {
            throw .outage(error.description)
        }
        do throws(BlobStorageError) {
            if case .damaged = error, try await storage.setAsideIfDamaged(candidate.digest) { throw error }
            let file = try await storage.openVerified(candidate.digest)
            try? await catalogue.recordReturn(of: candidate.digest)
            return file
        } catch {
            switch error {
            case .missing(let digest):
                throw IndexFailure(
                    .missing,
                    "the catalogue names blob \(digest), which the store does not have"
                        + (candidate.isLost ? " any more; upload the file again" : ""))
            case .damaged:
                throw IndexFailure(.other, "\(error.description) and was set aside; upload the file again")
            default: throw .outage(error.description)
            }
        }
    }
}

extension ImageQuery {
    /// Whether the event says no id at all. One that is not understood is no licence to go by the name: it names a build.
    var hasNoID: Bool {
        // Breakpad and Sentry write an id that is not known as zeros.
        [codeID, debugID].allSatisfy { ($0 ?? "").utf8.allSatisfy { $0 == 0x30 || $0 == 0x2D } }
    }
}

extension CatalogueID {
    /// For messages.
    var words: String { "\(kind == .buildID ? "build id" : "debug id") \(id)" }
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
