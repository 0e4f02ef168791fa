public import DebugFiles
import Foundation
import Glibc
import JobTable
import SymbolIndex
public import Symbolication

/// Debug files that a person named on this machine, before those of the store.
///
/// A file answers for an image of its build id. An image without ids is answered by the one named file that has the image's
/// name (`till` or `till.debug` for `/app/till`): the person who named it vouches for it, nobody else does. With
/// `usesLocalFiles`, an image's own path on this machine answers too, only when it is a regular file of the image's build id.
public struct NamedSymbols: SymbolSource {
    private let files: [LocalDebugFiles.File]
    private let local: LocalDebugFiles
    private let usesLocalFiles: Bool
    private let fallback: (any SymbolSource)?

    /// - Parameters:
    ///   - files: From `--debug-file`, with their indexes.
    ///   - fallback: The store; `nil` when there is none yet.
    public init(
        files: [LocalDebugFiles.File], local: LocalDebugFiles, usesLocalFiles: Bool, fallback: (any SymbolSource)?
    ) {
        self.files = files
        self.local = local
        self.usesLocalFiles = usesLocalFiles
        self.fallback = fallback
    }

    public func answers(for images: [ImageRequest], project: String) async throws(EnrichmentError) -> SymbolAnswers {
        var answers = SymbolAnswers()
        var open: [ImageRequest] = []
        for image in images {
            if let file = named(image) {
                answers.take(file, for: image)
            } else {
                open.append(image)
            }
        }
        if let fallback, !open.isEmpty {
            let stored = try await fallback.answers(for: open, project: project)
            answers.images.merge(stored.images) { own, _ in own }
            answers.objects.merge(stored.objects) { own, _ in own }
            answers.ids = stored.ids
            answers.awaited = stored.awaited
            answers.catalogueSequence = stored.catalogueSequence
        }
        for image in open {
            if case .found = answers.images[image.imageIndex] { continue }
            await lookLocally(image, &answers)
        }
        return answers
    }

    private func named(_ image: ImageRequest) -> LocalDebugFiles.File? {
        if let id = image.codeID { return files.first { $0.metadata.buildID == id } }
        if let id = image.debugID.flatMap(CatalogueID.debugID) {
            return files.first { $0.metadata.debugID.flatMap(CatalogueID.debugID) == id }
        }
        let matching = likeNamed(image)
        return matching.count == 1 ? matching.first : nil
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
        if case .failed(let stored, let reason) = answers.images[image.imageIndex] {
            (status, reasons) = (stored, [reason])
        } else if let file = likeNamed(image).first, let id = image.codeID ?? image.debugID {
            let own = image.codeID == nil ? file.metadata.debugID : file.metadata.buildID
            reasons = ["\(file.path) has the id \(own ?? "none"), the image's is \(id)"]
        } else if !files.isEmpty {
            reasons = ["no --debug-file is the image's"]
        }
        if usesLocalFiles {
            switch await localFile(image) {
            case .success(let file): return answers.take(file, for: image)
            case .failure(let refusal): reasons.append(refusal.reason)
            }
        }
        if reasons.isEmpty { reasons = ["no debug files to look in"] }
        answers.images[image.imageIndex] = .failed(status, reason: reasons.joined(separator: "; "))
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
            let file = try await local.file(path: path, expectingBuildID: id)
            guard file.metadata.buildID == id else {
                return .failure(Refusal(reason: "\(path): its build id is not the image's"))
            }
            return .success(file)
        } catch {
            return .failure(Refusal(reason: error.description))
        }
    }

    public func texts(
        _ wanted: [SourceRequest], of answers: SymbolAnswers
    ) async throws(EnrichmentError) -> [SourceRequest: Symbolication.SourceText] {
        var texts = try await fallback?.texts(wanted, of: answers) ?? [:]
        guard usesLocalFiles else { return texts }
        let open = wanted.filter { texts[$0] == nil }
        // Reading blocks: not on the threads that all tasks share.
        let read = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: open.map { Self.regularText(at: $0.path) }) }
        }
        for (request, bytes) in zip(open, read) {
            if let bytes { texts[request] = Symbolication.SourceText(text: bytes, mark: .unchecked) }
        }
        return texts
    }

    public func discardIndex(ofObject digest: String) async {
        await local.discardIndex(ofObject: digest)
        await fallback?.discardIndex(ofObject: digest)
    }

    public func checkAvailability() async throws(EnrichmentError) {
        try await fallback?.checkAvailability()
    }

    /// Bytes of the largest source.
    private static let textLimit = 1 << 20

    /// A source as it is on this machine now: a regular UTF-8 file of at most 1 MiB, never waited for. A debug file may
    /// name anything, so what a system keeps below its own folders is no source, whichever link leads there.
    private static func regularText(at path: String) -> [UInt8]? {
        guard path.hasPrefix("/"), !path.utf8.contains(0), let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        let components = String(cString: real).split(separator: "/")
        guard let top = components.first, !["proc", "sys", "dev", "etc"].contains(top) else { return nil }
        let descriptor = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= textLimit,
            let data = try? handle.read(upToCount: textLimit), String(validating: data, as: UTF8.self) != nil
        else { return nil }
        return Array(data)
    }
}

extension SymbolAnswers {
    /// A named file answers, with what its index says it has.
    mutating func take(_ file: LocalDebugFiles.File, for image: ImageRequest) {
        let quality = file.index.header.quality
        images[image.imageIndex] = .found(
            file.index,
            features: ImageFeatures(
                hasDebugInformation: quality >= .partial, hasSymbols: quality >= .symbols))
        objects[image.imageIndex] = file.digest
    }
}
