import ParserTasks
import SymbolIndex

/// Finds objects for images and their indexes.
struct Resolver: Sendable {
    let storage: any BlobStorage
    let catalogue: Catalogue
    let library: IndexLibrary
    let recentUse: RecentUse
    let recentCompanions: RecentCompanions

    /// Objects with one id that are tried. More than a stripped file, a debug file and their copies are nobody's build.
    private static let candidateLimit = 16

    func resolve(
        project: String, images: [ImageQuery], onProgress: BuildProgress? = nil
    ) async throws(DebugFilesError) -> Resolution {
        // The build id counts first; the debug id holds 16 bytes of it only.
        let wanted = images.map { image in
            Catalogue.Wanted(
                ids: [image.codeID.flatMap(CatalogueID.buildID), image.debugID.flatMap(CatalogueID.debugID)]
                    .compactMap { $0 },
                name: image.hasNoID ? image.codeFile.flatMap(ImageName.base) : nil)
        }
        let found = try await catalogue.candidates(project: project, images: wanted)
        let context = Context(project: project, sequence: found.sequence, onProgress: onProgress)
        let results = await withTaskGroup(of: (Int, Result<ResolvedImage, IndexFailure>).self) { group in
            for (position, image) in images.enumerated() {
                group.addTask {
                    do throws(IndexFailure) {
                        return (position, .success(try await answer(image, found.found[position], context)))
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
        _ image: ImageQuery, _ found: Catalogue.Found, _ context: Context
    ) async throws(IndexFailure) -> ResolvedImage {
        func failed(_ status: ImageStatus, _ reason: String) -> ResolvedImage {
            ResolvedImage(
                query: image, status: status, reason: reason, object: nil, lacks: [.object], ids: found.ids,
                awaited: [], matchedByName: found.isMatchedByName, candidates: found.builds.newest)
        }
        guard !found.ids.isEmpty else { return failed(.missing, Self.namelessness(image, found)) }
        let wanted = found.ids.first { $0.kind == .buildID }?.id
        let matching = found.candidates.filter { $0.isLinked || wanted == nil || $0.inspection.buildID == wanted }
        guard !matching.isEmpty else {
            if let other = found.candidates.first {
                return failed(.missing, BuildIDMismatch.reason(found: other.inspection.buildID, wanted: wanted))
            }
            let names = found.ids.map(\.words)
            return failed(.missing, "no debug file with \(names.joined(separator: " or ")) was uploaded")
        }
        var failure: IndexFailure?
        var best: Contender?
        for candidate in matching.prefix(Self.candidateLimit) {
            // They come best first: what cannot be better any more need not be built.
            if let best, best.index.header.quality == .full || best.index.header.quality > candidate.quality.ceiling {
                break
            }
            do throws(IndexFailure) {
                let contender = try await contender(candidate, context)
                if best.map({ $0.rank < contender.rank }) ?? true { best = contender }
            } catch {
                if error.isOutage { throw error }
                // The best one's failure is what an operator has to mend.
                failure = failure ?? error
            }
        }
        if let best { return answer(image, found, best) }
        return failed(failure?.status ?? .other, failure?.reason ?? "no candidate")
    }

    /// An object that could answer, with its index.
    private struct Contender {
        var candidate: Catalogue.Candidate
        var index: SymbolIndex
        /// What it wants and nobody has.
        var awaited: [CatalogueID]
        var problem: String?

        /// The inspection cannot tell a few dynamic symbols from a whole symbol table; the index can.
        var rank: (IndexQuality, UInt64, UInt64) {
            let metadata = try? index.metadata()
            return (index.header.quality, metadata?.unitsRead ?? 0, metadata?.symbolsRead ?? 0)
        }
    }

    /// What every image of one question shares.
    struct Context: Sendable {
        var project: String
        var sequence: Int64
        var onProgress: BuildProgress?
    }

    private func contender(
        _ candidate: Catalogue.Candidate, _ context: Context
    ) async throws(IndexFailure) -> Contender {
        var companions: [Catalogue.Companion] = []
        if candidate.hasWanted {
            do throws(DebugFilesError) {
                companions = try await self.companions(of: candidate.digest, context)
            } catch {
                throw .outage(error.description)
            }
        }
        let notedAsLost = Set(companions.flatMap(\.holders).filter(\.isLost).map(\.digest))
        var lost: Set<String> = []
        var problem: String?
        while true {
            let choice = await InputChoice.make(companions, without: lost) { digest in
                ((try? await storage.size(of: digest)) ?? nil) != nil
            }
            let request = IndexRequest(
                object: candidate.digest, name: candidate.digest, inputs: problem == nil ? choice.inputs : [])
            let inputs = request.inputs
            do throws(IndexFailure) {
                let index = try await library.index(
                    of: request, onProgress: context.onProgress,
                    open: { () throws(IndexFailure) in try await open(candidate, inputs, notedAsLost) })
                return Contender(
                    candidate: candidate, index: index, awaited: choice.absent, problem: problem ?? choice.problem)
            } catch {
                // Each round has an input less, or none.
                if let digest = error.lostInput, lost.insert(digest).inserted { continue }
                guard !inputs.isEmpty, !error.isOutage, error != .cancelled else { throw error }
                // The object is one thing, what came beside it another: a damaged supplementary file takes nothing away.
                problem = "with the files it refers to, its index cannot be built: \(error.reason)"
            }
        }
    }

    private func companions(
        of digest: String, _ context: Context
    ) async throws(DebugFilesError) -> [Catalogue.Companion] {
        if let known = await recentCompanions.get(digest, context) { return known }
        let found = try await catalogue.companions(of: digest, project: context.project)
        await recentCompanions.put(found, digest, context)
        return found
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

    private func answer(_ image: ImageQuery, _ found: Catalogue.Found, _ best: Contender) -> ResolvedImage {
        let quality = best.index.header.quality
        var lacks: Set<Lack> = []
        if quality < .full { lacks.insert(.debugInformation) }
        if !best.candidate.hasSources { lacks.insert(.sources) }
        let object = ResolvedObject(
            digest: best.candidate.digest, inspection: best.candidate.inspection, index: best.index, quality: quality,
            hasSources: best.candidate.hasSources, problem: best.problem)
        return ResolvedImage(
            query: image, status: .found, reason: nil, object: object, lacks: lacks, ids: found.ids,
            awaited: quality < .full ? Array(best.awaited.prefix(ResolvedImage.awaitedLimit)) : [],
            matchedByName: found.isMatchedByName)
    }

    // MARK: Blobs

    /// The object's and its inputs' blobs, each read once and compared with its digest: an index of other bytes would lie
    /// under a good name for ever. Called only when an index is built.
    private func open(
        _ candidate: Catalogue.Candidate, _ inputs: [IndexRequest.Input], _ notedAsLost: Set<String>
    ) async throws(IndexFailure) -> BuildSource {
        var source = BuildSource(
            object: try await open(candidate.digest, isLost: candidate.isLost), digest: candidate.digest,
            name: candidate.digest)
        for input in inputs {
            do throws(IndexFailure) {
                let file = try await open(input.digest, isLost: notedAsLost.contains(input.digest))
                source.inputs.append(.init(role: input.role, digest: input.digest, name: input.name, file: file))
            } catch {
                var error = error
                if !error.isOutage { error.lostInput = input.digest }
                throw error
            }
        }
        return source
    }

    private func open(_ digest: String, isLost: Bool) async throws(IndexFailure) -> FileDescriptor {
        do throws(BlobStorageError) {
            let file = try await storage.openVerified(digest)
            // Somebody put it back, past any upload. That this cannot be noted hides no answer.
            if isLost { try? await catalogue.recordReturn(of: digest) }
            return file
        } catch {
            return try await reopen(digest, isLost: isLost, after: error)
        }
    }

    /// Notes that a blob is lost and moves a damaged one aside.
    ///
    /// The order leaves no event waiting for ever: the loss is noted before the last look. An upload that mends the blob
    /// before that look is seen by it; one that mends it later finds the note and wakes whoever lacks the object.
    private func reopen(
        _ digest: String, isLost: Bool, after error: BlobStorageError
    ) async throws(IndexFailure) -> FileDescriptor {
        switch error {
        case .missing, .damaged: break
        default: throw .outage(error.description)
        }
        do throws(DebugFilesError) {
            try await catalogue.recordLoss(of: digest, now: Clock.milliseconds())
        } catch {
            throw .outage(error.description)
        }
        do throws(BlobStorageError) {
            if case .damaged = error, try await storage.setAsideIfDamaged(digest) { throw error }
            let file = try await storage.openVerified(digest)
            try? await catalogue.recordReturn(of: digest)
            return file
        } catch {
            switch error {
            case .missing(let digest):
                throw IndexFailure(
                    .missing,
                    "the catalogue names blob \(digest), which the store does not have"
                        + (isLost ? " any more; upload the file again" : ""))
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
    /// Kind and id, for messages.
    public var words: String { "\(kind.words) \(id)" }
}

extension ObjectQuality {
    /// The best index that an object of this quality can have.
    var ceiling: IndexQuality {
        switch self {
        case .other: .none
        case .symbols: .symbols
        case .partialDebugInformation, .debugInformation: .full
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
