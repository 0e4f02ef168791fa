public import ParserTasks

/// What reads cores, minidumps and compressed dumps: a sandboxed child in the product (``SandboxedDumpParser``), a fake in
/// tests.
///
///     compressed ─▶ expand ─▶ dump ─▶ inspect ─▶ modules ─▶ files to unwind with ─▶ unwind ─▶ threads
///
/// Descriptors are handed over, never paths: the child opens nothing.
public protocol DumpParser: Sendable {
    /// What was mapped, and how many threads there are.
    /// - Parameters:
    ///   - dump: Readable, a regular file.
    ///   - name: For messages only.
    func inspect(_ dump: FileDescriptor, name: String) async throws(ObjectParserError) -> DumpInspection

    /// The threads as addresses.
    /// - Parameters:
    ///   - request: Names the modules that `files` belong to, in their order; at most ``DumpRequest/fileLimit``.
    ///   - onProgress: Told now and then how much is unwound, in no unit. Called on any thread.
    func unwind(
        _ dump: FileDescriptor, request: DumpRequest, files: [FileDescriptor], onProgress: BuildProgress?
    ) async throws(ObjectParserError) -> UnwoundDump

    /// Writes what is compressed in a file to `output`, which is writable and empty; zero blocks become holes.
    func expand(
        _ compressed: FileDescriptor, into output: FileDescriptor, request: ExpandRequest, onProgress: BuildProgress?
    ) async throws(ObjectParserError) -> ExpandReply

    /// Writes a dump to `output`, which is writable and empty, as one zstd frame.
    func compress(
        _ dump: FileDescriptor, into output: FileDescriptor, request: CompressRequest
    ) async throws(ObjectParserError) -> CompressReply
}

extension DumpRequest {
    /// The most files that one child is handed beside its dump: descriptors are a bounded thing.
    public static let fileLimit = 190
}
