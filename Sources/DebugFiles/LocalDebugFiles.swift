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

    /// Prepares the cache folder.
    public init(
        parser: any ObjectParser, cacheFolder: String,
        options: DebugFileStore.Options = DebugFileStore.Options()
    ) throws(DebugFilesError) {
        self.parser = parser
        scratchFolder = cacheFolder + "/inspecting"
        seen = SeenFiles(cache: cacheFolder)
        library = IndexLibrary(
            cache: try IndexCacheFolder(
                cache: cacheFolder, version: parser.indexVersion, byteLimit: options.indexCacheLimit),
            parser: parser, quarantine: MemoryQuarantine(), concurrentBuilds: options.concurrentBuilds)
    }

    /// A file with its index.
    public struct File: Sendable {
        /// As it was given.
        public let path: String
        /// SHA-256 of its bytes.
        public let digest: String
        /// The index, mapped.
        public let index: SymbolIndex
        /// Ids, architecture, what is missing.
        public let metadata: IndexMetadata
    }

    /// The index of a regular file, built in the child when it is absent. Never waits on a FIFO.
    ///
    /// Cost: a file seen before under this path and unchanged is not read at all; else it is hashed.
    /// - Parameter buildID: The image's, any case: a file with another one, or none, is refused before anything is
    ///   built.
    /// - Throws: `debugFile` with the status that an image gets for it: `missing` for a file that is not there or of
    ///   another build, `malformed`, `unsupported`, `timeout`, `other`.
    public func file(path: String, expectingBuildID buildID: String? = nil) async throws(DebugFilesError) -> File {
        let seen = seen
        let opened: (file: FileDescriptor, digest: String)
        do throws(SystemCallError) {
            opened = try await offCooperativePool { () throws(SystemCallError) in
                let file = try FileDescriptor.openForReading(path)
                let status = try FileStatus(of: file, path: path)
                guard status.isRegular else { throw SystemCallError("not a regular file", path, code: 0) }
                let real = try FileSystem.realPath(path)
                if let digest = seen.digest(of: real, status) { return (file, digest) }
                let digest = try FileCopy.digest(of: file, path: path).digest
                seen.remember(digest, of: real, status)
                return (file, digest)
            }
        } catch {
            throw .debugFile(path: path, .missing, reason: error.description)
        }
        let wanted = buildID.flatMap(CatalogueID.buildID)?.id
        do throws(IndexFailure) {
            if let wanted, await library.existingIndex(of: opened.digest) == nil {
                try await compare(opened.file, path, wanted)
            }
            let index = try await library.index(
                of: opened.digest, name: path, open: { () throws(IndexFailure) in opened.file })
            let metadata: IndexMetadata
            do throws(SymbolIndexError) {
                metadata = try index.metadata()
            } catch {
                await library.discard(opened.digest)
                throw IndexFailure(.other, error.description)
            }
            if let wanted, metadata.buildID != wanted {
                throw IndexFailure(.missing, BuildIDMismatch.reason(found: metadata.buildID, wanted: wanted))
            }
            return File(path: path, digest: opened.digest, index: index, metadata: metadata)
        } catch {
            if Task.isCancelled { throw .cancelled }
            throw .debugFile(path: path, error.status, reason: error.reason)
        }
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
