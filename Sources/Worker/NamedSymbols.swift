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
        if let id = image.debugID { return files.first { $0.metadata.debugID == id } }
        guard let name = image.codeFile?.split(separator: "/").last else { return nil }
        let matching = files.filter { file in
            guard let own = file.path.split(separator: "/").last else { return false }
            return own == name || own == name + ".debug"
        }
        return matching.count == 1 ? matching.first : nil
    }

    private func lookLocally(_ image: ImageRequest, _ answers: inout SymbolAnswers) async {
        var reason = "no --debug-file has its build id"
        if usesLocalFiles, let path = image.codeFile, path.hasPrefix("/"), let id = image.codeID {
            do throws(DebugFilesError) {
                answers.take(try await local.file(path: path, expectingBuildID: id), for: image)
                return
            } catch {
                reason = error.description
            }
        }
        if answers.images[image.imageIndex] == nil || usesLocalFiles {
            answers.images[image.imageIndex] = .failed(.missing, reason: reason)
        }
    }

    public func texts(
        _ wanted: [SourceRequest], of answers: SymbolAnswers
    ) async throws(EnrichmentError) -> [SourceRequest: Symbolication.SourceText] {
        var texts = try await fallback?.texts(wanted, of: answers) ?? [:]
        guard usesLocalFiles else { return texts }
        for request in wanted where texts[request] == nil {
            if let bytes = Self.regularText(at: request.path) {
                texts[request] = Symbolication.SourceText(text: bytes, mark: .unchecked)
            }
        }
        return texts
    }

    public func discardIndex(ofObject digest: String) async {
        await local.discardIndex(ofObject: digest)
        await fallback?.discardIndex(ofObject: digest)
    }

    /// A source as it is on this machine now: a regular UTF-8 file of at most 1 MiB, never waited for.
    private static func regularText(at path: String) -> [UInt8]? {
        guard path.hasPrefix("/") else { return nil }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return nil }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= 1 << 20,
            let data = try? handle.readToEnd(), String(validating: data, as: UTF8.self) != nil
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
