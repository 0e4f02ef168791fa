public import DebugFiles
import JobTable
import SymbolIndex
public import Symbolication

/// Debug files that a person named on this machine, beside those of the store.
///
/// A file answers for an image of its build id; of several, and of the store's, the one that can say most. An image without
/// ids is answered by the one named file that has the image's name (`till` or `till.debug` for `/app/till`): the person who
/// named it vouches for it, nobody else does. With `usesLocalFiles`, an image's own path on this machine answers too, only
/// when it is a regular file of the image's build id.
///
/// A debug file is untrusted, also a local one: it may name any path as a source. Files of this disk are read only with
/// `usesLocalFiles`, and only by the rules of an upload (`SourcePolicy`).
public struct NamedSymbols: SymbolSource {
    private let files: [LocalDebugFiles.File]
    let local: LocalDebugFiles
    let usesLocalFiles: Bool
    private let policy: SourcePolicy
    let fallback: (any SymbolSource)?
    let namedPaths: [String]

    /// - Parameters:
    ///   - files: From `--debug-file`, with their indexes.
    ///   - usesLocalFiles: Whether the images' own paths and the sources of this disk may answer.
    ///   - policy: Which source files may be read then.
    ///   - fallback: The store; `nil` when there is none yet.
    ///   - namedPaths: What `--debug-file` says, for dumps, which are unwound with the files themselves.
    public init(
        files: [LocalDebugFiles.File], local: LocalDebugFiles, usesLocalFiles: Bool, policy: SourcePolicy,
        fallback: (any SymbolSource)?, namedPaths: [String] = []
    ) {
        self.files = files
        self.local = local
        self.usesLocalFiles = usesLocalFiles
        self.policy = policy
        self.fallback = fallback
        self.namedPaths = namedPaths
    }

    /// See ``SymbolSource/answers(for:project:)``.
    public func answers(for images: [ImageRequest], project: String) async throws(EnrichmentError) -> SymbolAnswers {
        var answers = try await fallback?.answers(for: images, project: project) ?? SymbolAnswers()
        for image in images {
            let stored: IndexQuality? =
                if case .found(let index, _, _)? = answers.images[image.imageIndex] { index.header.quality } else {
                    nil
                }
            if let file = named(image), stored.map({ file.index.header.quality >= $0 }) ?? true {
                answers.take(file, for: image)
            } else if stored == nil {
                await lookLocally(image, &answers)
            }
        }
        return answers
    }

    /// The named file that can say most about an image.
    private func named(_ image: ImageRequest) -> LocalDebugFiles.File? {
        let matching: [LocalDebugFiles.File]
        if let id = image.codeID {
            matching = files.filter { $0.buildID == id }
        } else if let id = image.debugID.flatMap(CatalogueID.debugID) {
            matching = files.filter { $0.debugID.flatMap(CatalogueID.debugID) == id }
        } else {
            let namesakes = likeNamed(image)
            matching = namesakes.count == 1 ? namesakes : []
        }
        return matching.max { $0.index.header.quality < $1.index.header.quality }
    }

    private func likeNamed(_ image: ImageRequest) -> [LocalDebugFiles.File] {
        guard let name = image.codeFile?.split(separator: "/").last else { return [] }
        return files.filter { file in
            guard let own = file.path.split(separator: "/").last else { return false }
            return own == name || own == name + ".debug"
        }
    }

    /// The image's own path, for what nothing else answered. What the store found wrong with its object says more than
    /// that there is no file here.
    private func lookLocally(_ image: ImageRequest, _ answers: inout SymbolAnswers) async {
        var reasons: [String] = []
        var status = Symbolication.ImageStatus.missing
        var candidates: [ImageCandidate] = []
        if case .failed(let stored, let reason, let builds) = answers.images[image.imageIndex] {
            (status, reasons, candidates) = (stored, [reason], builds)
        }
        if let file = likeNamed(image).first, let id = image.codeID ?? image.debugID {
            let own = image.codeID == nil ? file.debugID : file.buildID
            reasons.append("\(file.path) has the id \(own ?? "none"), the image's is \(id)")
        }
        if usesLocalFiles {
            switch await localFile(image) {
            case .success(let file): return answers.take(file, for: image)
            case .failure(let refusal): reasons.append(refusal.reason)
            }
        }
        if reasons.isEmpty {
            let id = image.codeID ?? image.debugID
            reasons = [id.map { "no debug file with the id \($0)" } ?? "the image has no id to find a debug file by"]
        }
        answers.images[image.imageIndex] = .failed(
            status, reason: reasons.joined(separator: "; "), candidates: candidates)
    }

    private struct Refusal: Error { var reason: String }

    /// The dump names the file, and a dump is untrusted: nothing is read without a build id to hold the file against.
    private func localFile(_ image: ImageRequest) async -> Result<LocalDebugFiles.File, Refusal> {
        guard let path = image.codeFile, path.hasPrefix("/") else {
            return .failure(Refusal(reason: "the image has no absolute path on this machine"))
        }
        guard let id = image.codeID.flatMap(CatalogueID.buildID)?.id else {
            return .failure(Refusal(reason: "\(path): the image has no build id to compare the file's with"))
        }
        do throws(DebugFilesError) {
            return .success(try await local.file(path: path, expectingBuildID: id))
        } catch {
            return .failure(Refusal(reason: error.description))
        }
    }

    /// See ``SymbolSource/texts(_:of:)``.
    public func texts(
        _ wanted: [SourceRequest], of answers: SymbolAnswers
    ) async throws(EnrichmentError) -> [SourceRequest: Symbolication.SourceText] {
        var texts: [SourceRequest: Symbolication.SourceText] = [:]
        for (image, requests) in Dictionary(grouping: wanted, by: \.imageIndex) {
            guard let path = answers.paths[image] else { continue }
            do throws(DebugFilesError) {
                let found = try await local.sourceTexts(
                    path: path, wanted: Set(requests.map(\.path)), policy: usesLocalFiles ? policy : nil)
                for request in requests {
                    texts[request] = found[request.path].flatMap { Symbolication.SourceText($0) }
                }
            } catch {
                // The file answered a moment ago; a trace without source lines is better than none.
                continue
            }
        }
        // A named file and an uploaded one of the same content have the same texts.
        let open = wanted.filter { texts[$0] == nil }
        if let fallback { texts.merge(try await fallback.texts(open, of: answers)) { own, _ in own } }
        return texts
    }

    /// See ``SymbolSource/code(ofImage:at:count:in:)``.
    public func code(ofImage image: Int, at address: UInt64, count: Int, in answers: SymbolAnswers) async -> [UInt8]? {
        guard let path = answers.paths[image] else {
            return await fallback?.code(ofImage: image, at: address, count: count, in: answers)
        }
        return await local.code(path: path, at: address, count: count)
    }

    /// See ``SymbolSource/discardIndex(ofObject:)``.
    public func discardIndex(ofObject digest: String) async {
        await local.discardIndex(ofObject: digest)
        await fallback?.discardIndex(ofObject: digest)
    }

    /// See ``SymbolSource/checkAvailability()``.
    public func checkAvailability() async throws(EnrichmentError) {
        try await fallback?.checkAvailability()
    }
}

extension SymbolAnswers {
    /// A named file answers, with what its index says it has.
    mutating func take(_ file: LocalDebugFiles.File, for image: ImageRequest) {
        let quality = file.index.header.quality
        images[image.imageIndex] = .found(
            file.index,
            features: ImageFeatures(
                hasDebugInformation: quality >= .partial, hasSymbols: quality >= .symbols),
            matchedByName: image.codeID == nil && image.debugID == nil)
        objects[image.imageIndex] = file.digest
        paths[image.imageIndex] = file.path
        awaited.removeAll { id in ids[image.imageIndex]?.contains { $0.id == id.id } ?? false }
    }
}

extension Symbolication.SourceText {
    /// The same in the words of the frame rules.
    init?(_ text: DebugFiles.SourceText) {
        guard let mark = Symbolication.SourceMark(rawValue: text.mark.rawValue) else { return nil }
        self.init(text: text.bytes, mark: mark)
    }
}
