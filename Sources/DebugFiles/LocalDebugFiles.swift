import ParserTasks
public import SymbolIndex

/// Debug files by their path on this machine, without a store or catalogue: `--debug-file`, `--local-files`,
/// `addr2line`.
///
/// Their indexes live in the same cache folder as the store's, under the digest of the file.
public struct LocalDebugFiles: Sendable {
    private let library: IndexLibrary
    private let seen: SeenFiles
    private let parser: any ObjectParser
    private let scratchFolder: String
    let inspections: KnownInspections

    /// Prepares the cache folder. Indexes of an older release do not answer: somebody waits for the best one, and nobody
    /// would build it later. Nor is an index's checksum compared when it is opened, which would read all of it for one
    /// address; damage shows in the look-up (``discardIndex(ofObject:)``).
    public init(
        parser: any ObjectParser, cacheFolder: String,
        options: DebugFileStore.Options = DebugFileStore.Options()
    ) throws(DebugFilesError) {
        self.parser = parser
        scratchFolder = cacheFolder + "/inspecting"
        seen = SeenFiles(cache: cacheFolder)
        inspections = KnownInspections(cache: cacheFolder, revision: parser.indexVersion.builderRevision)
        var options = options
        options.olderIndexes = .ignore
        library = IndexLibrary(
            cache: try IndexCacheFolder(
                cache: cacheFolder, version: parser.indexVersion, byteLimit: options.indexCacheLimit,
                verifiesOnOpening: false),
            parser: parser, quarantine: MemoryQuarantine(), options: options)
    }

    /// A file with its index.
    public struct File: Sendable {
        /// As it was given; of a stripped file that names its separate debug file, the latter's.
        public let path: String
        /// SHA-256 of its bytes.
        public let digest: String
        /// The index, mapped.
        public let index: SymbolIndex
        /// Ids, architecture, what is missing.
        public let metadata: IndexMetadata
        /// The build id that it answers for, lower-case hexadecimal.
        public let buildID: String?
        /// The debug id that it answers for, a lower-case GUID.
        public let debugID: String?
    }

    /// A file on this machine, open.
    struct Opened: Sendable {
        var path: String
        var file: FileDescriptor
        var digest: String
    }

    /// The index of a regular file, built in the child when it is absent. Never waits on a FIFO.
    ///
    /// Cost: a file seen before under this path and unchanged is not read at all; else it is hashed.
    /// - Parameter buildID: The image's, any case: a file with another one, or none, is refused before anything is
    ///   built.
    /// - Throws: `debugFile` with the status that an image gets for it: `missing` for a file that is not there or of
    ///   another build, `malformed`, `unsupported`, `timeout`, `other`.
    public func file(path: String, expectingBuildID buildID: String? = nil) async throws(DebugFilesError) -> File {
        let opened = try await open(path)
        let wanted = buildID.flatMap(CatalogueID.buildID)?.id
        do throws(IndexFailure) {
            if let wanted, await library.existingIndex(of: opened.digest) == nil {
                try await compare(opened.file, path, wanted)
            }
            let file = try await indexed(opened)
            if let wanted, file.buildID != wanted {
                throw IndexFailure(.missing, BuildIDMismatch.reason(found: file.buildID, wanted: wanted))
            }
            return file
        } catch {
            if Task.isCancelled { throw .cancelled }
            throw .debugFile(path: path, error.status, reason: error.reason)
        }
    }

    /// Opens and hashes a regular file, or remembers its digest.
    func open(_ path: String) async throws(DebugFilesError) -> Opened {
        let seen = seen
        do throws(SystemCallError) {
            return try await offCooperativePool { () throws(SystemCallError) in
                let file = try FileDescriptor.openForReading(path)
                let status = try FileStatus(of: file, path: path)
                guard status.isRegular else { throw SystemCallError("not a regular file", path, code: 0) }
                let real = try FileSystem.realPath(path)
                if let digest = seen.digest(of: real, status) {
                    return Opened(path: path, file: file, digest: digest)
                }
                let digest = try FileCopy.digest(of: file, path: path).digest
                seen.remember(digest, of: real, status)
                return Opened(path: path, file: file, digest: digest)
            }
        } catch {
            throw .debugFile(path: path, .missing, reason: error.description)
        }
    }

    /// The index of an open file and of the files that it is used with.
    /// - Parameter ids: Those that it answers for; `nil` stands for its own.
    func indexed(
        _ opened: Opened, inputs: [(choice: IndexRequest.Input, file: Opened)] = [],
        ids: (buildID: String?, debugID: String?)? = nil
    ) async throws(IndexFailure) -> File {
        let request = IndexRequest(object: opened.digest, name: opened.path, inputs: inputs.map(\.choice))
        let files = Dictionary(inputs.map { ($0.choice.digest, $0.file.file) }) { first, _ in first }
        let source: @Sendable () async throws(IndexFailure) -> BuildSource = { () throws(IndexFailure) in
            var source = BuildSource(object: opened.file, digest: opened.digest, name: opened.path)
            for input in request.inputs {
                guard let file = files[input.digest] else { continue }
                source.inputs.append(.init(role: input.role, digest: input.digest, name: input.name, file: file))
            }
            return source
        }
        var index = try await library.index(of: request, open: source)
        var read = try? index.metadata()
        if read == nil {
            // Damaged on disk: built again, once.
            await library.discard(opened.digest)
            index = try await library.index(of: request, open: source)
            read = try? index.metadata()
        }
        guard let metadata = read else { throw IndexFailure(.other, "its index cannot be read") }
        return File(
            path: opened.path, digest: opened.digest, index: index, metadata: metadata,
            buildID: ids.map(\.buildID) ?? metadata.buildID, debugID: ids.map(\.debugID) ?? metadata.debugID)
    }

    /// The machine code at a link address of a file; `nil` when it does not hold it, or cannot be read. Cost: one child.
    public func code(path: String, at address: UInt64, count: Int) async -> [UInt8]? {
        guard let opened = try? await open(path) else { return nil }
        return try? await parser.code(CodeRequest(objectName: path, address: address, count: count), of: opened.file)
    }

    /// Forgets an index because reading it gave an error.
    public func discardIndex(ofObject digest: String) async {
        await library.discard(digest)
    }

    private func compare(_ file: FileDescriptor, _ path: String, _ wanted: String) async throws(IndexFailure) {
        let found = try await inspection(of: file, name: path).inspection.buildID
        guard found == wanted else {
            throw IndexFailure(.missing, BuildIDMismatch.reason(found: found, wanted: wanted))
        }
    }

    /// Asks the child what the object is; the source texts that stand in it are in the file behind `texts`.
    func inspection(
        of file: FileDescriptor, name: String
    ) async throws(IndexFailure) -> (inspection: ObjectInspection, texts: FileDescriptor) {
        let folder = scratchFolder
        let texts: FileDescriptor
        do throws(SystemCallError) {
            texts = try await offCooperativePool { () throws(SystemCallError) in
                try TemporaryFiles.anonymous(in: folder)
            }
        } catch {
            throw IndexFailure(.other, error.description)
        }
        do throws(ObjectParserError) {
            return (try await parser.inspect(file, name: name, embeddedTexts: texts), texts)
        } catch {
            throw IndexFailure(error)
        }
    }
}
