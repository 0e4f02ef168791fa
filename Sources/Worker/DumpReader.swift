public import CrashReports
public import DebugFiles
import ParserTasks

/// Cores, minidumps and compressed dumps, from a file to an event: what ``CrashReports`` is for text.
///
///     file ─▶ kind ─┬─ compressed ─▶ child ─▶ temporary file ─▶ kind
///                   ├─ core, minidump ─▶ child: modules ─▶ files by build id ─▶ child: threads ─▶ event
///                   └─ anything else ─▶ its bytes, for CrashReports
///
/// This process reads a few bytes of a dump and hashes its beginning; whatever its size, it is never in memory. What the
/// dump names is looked up by build id; no path of it is opened but by the rules of the source.
public struct DumpReader: Sendable {
    let parser: any DumpParser
    let source: any SymbolSource
    /// Room for what is expanded.
    public let spool: DumpSpool
    let limits: CrashReportLimits
    /// Bytes of the largest text that may come out of a compressed file.
    let reportSize: Int
    /// Where dumps are kept that events name; `nil` when there is no store.
    let storage: (any BlobStorage)?

    /// - Parameters:
    ///   - source: Of the files to unwind with.
    ///   - storage: Of kept dumps.
    ///   - reportSize: Bytes of the largest text that may come out of a compressed file.
    public init(
        parser: any DumpParser, source: any SymbolSource, spool: DumpSpool, storage: (any BlobStorage)? = nil,
        limits: CrashReportLimits = .default, reportSize: Int = 20_000_000
    ) {
        self.parser = parser
        self.source = source
        self.spool = spool
        self.storage = storage
        self.limits = limits
        self.reportSize = reportSize
    }

    /// What takes time.
    public enum Step: String, Sendable {
        case expanding, unwinding, compressing
    }

    /// Told of a step how much of it is done. Called on any thread.
    public typealias Progress = @Sendable (_ step: Step, _ done: Int, _ total: Int) -> Void

    /// What a file held.
    public enum Contents: Sendable {
        /// No binary dump: its bytes, expanded.
        case report([UInt8])
        /// A core or minidump, unwound.
        case dump(ReadDump)
    }

    /// Reads a file of any size.
    /// - Parameters:
    ///   - input: A regular file.
    ///   - name: For messages.
    ///   - project: Decides which uploads it is unwound with.
    ///   - context: Fills what the dump does not say. Not applied to text.
    /// - Throws: `notUnderstood` for what is no dump or kills its parser: the text names section and limit.
    public func read(
        _ input: FileDescriptor, name: String, project: String, context: ReportContext = ReportContext(),
        onProgress: Progress? = nil
    ) async throws(EnrichmentError) -> Contents {
        var file = input
        var kind = try await kind(of: input, name)
        var compression: DumpKind.Compression?
        if case .compressed(let how) = kind {
            compression = how
            file = try await expand(input, how, name, onProgress)
            kind = try await self.kind(of: file, name)
        }
        switch kind {
        case .report: return .report(try await text(of: file, name))
        case .compressed: throw .notUnderstood("what is compressed in it is compressed itself: expand it first")
        case .elfCore, .minidump:
            return .dump(
                try await unwind(
                    ReadDump.Files(dump: file, original: input, compression: compression), name, project, context,
                    onProgress))
        }
    }

    // MARK: - Files

    func kind(of file: FileDescriptor, _ name: String) async throws(EnrichmentError) -> DumpKind {
        do throws(SystemCallError) {
            return DumpKind(prefix: try await file.beginning(DumpKind.prefixLength, name: name))
        } catch {
            throw .temporary(error.description)
        }
    }

    func expand(
        _ file: FileDescriptor, _ compression: DumpKind.Compression, _ name: String, _ onProgress: Progress?
    ) async throws(EnrichmentError) -> FileDescriptor {
        let output = try await temporaryFile()
        do throws(ObjectParserError) {
            _ = try await parser.expand(
                file, into: output,
                request: ExpandRequest(compression: compression.rawValue, limit: spool.byteLimit, name: name),
                onProgress: Self.report(.expanding, to: onProgress))
        } catch {
            throw EnrichmentError(error)
        }
        return output
    }

    /// One step's progress.
    static func report(_ step: Step, to progress: Progress?) -> BuildProgress? {
        guard let progress else { return nil }
        return { done, total in progress(step, done, total) }
    }

    func temporaryFile() async throws(EnrichmentError) -> FileDescriptor {
        do throws(DumpSpoolError) {
            return try await spool.file()
        } catch {
            throw EnrichmentError(error)
        }
    }

    private func text(of file: FileDescriptor, _ name: String) async throws(EnrichmentError) -> [UInt8] {
        do throws(SystemCallError) {
            let bytes = try await file.beginning(reportSize + 1, name: name)
            if bytes.count <= reportSize { return bytes }
        } catch {
            throw .temporary(error.description)
        }
        throw .notUnderstood("more than \(reportSize) bytes of text; --max-event-size sets the limit")
    }
}

/// An unwound dump.
public struct ReadDump: Sendable {
    /// The event.
    public var report: DecodedReport
    /// Build ids of the modules that frames lie in and whose executable or library was there, sorted.
    public var unwoundWith: [String]
    /// Build ids of the others that frames lie in: a later upload would make the stacks better.
    public var lacking: [String]
    /// The newest change of the catalogue that the answer can know of; `nil` where no catalogue was asked.
    public var catalogueSequence: Int64?
    let files: Files

    /// The dump, and the file it came in, which is the same one unless that was compressed.
    struct Files: Sendable {
        var dump: FileDescriptor
        var original: FileDescriptor
        var compression: DumpKind.Compression?
    }
}

extension EnrichmentError {
    /// What a child's end means for an event. A dump that kills its parser would kill the next one.
    init(_ error: ObjectParserError) {
        switch error {
        case .malformed, .unsupported, .limit, .died, .timedOut: self = .notUnderstood(error.description)
        case .system: self = .temporary(error.description)
        case .unavailable: self = .unavailable(error.description)
        }
    }

    init(_ error: DumpSpoolError) {
        switch error {
        case .tooLarge: self = .notUnderstood(error.description)
        case .system: self = .temporary(error.description)
        }
    }
}
