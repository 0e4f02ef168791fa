import Glibc
public import ParserTasks
public import Sandbox

/// Reads dumps in sandboxed children, one child a task.
///
/// | task | request | descriptors | reply |
/// |---|---|---|---|
/// | `inspect-dump` | `DumpRequest` | dump | `ParserReply<DumpInspection>` |
/// | `unwind` | `DumpRequest` | dump, files in the request's order | `ParserReply<UnwoundDump>` |
/// | `expand` | `ExpandRequest` | compressed file, file for its contents | `ParserReply<ExpandReply>` |
/// | `compress-dump` | `CompressRequest` | dump, file for the zstd frame | `ParserReply<CompressReply>` |
///
/// Memory, processor time and clock are limited as for every parser. What a core differs in is address space, which it
/// may reserve as much of as it is large, its reply, and, for the two tasks that write, the size of the file.
public struct SandboxedDumpParser: DumpParser {
    private let sandbox: Sandbox

    /// The reply of a dump of 100,000 frames in 10,000 threads has a fifth of it.
    private static let replySize = 64 << 20
    /// Address space beside the dump: files to unwind with, thread stacks, decompressed sections.
    private static let reservations: UInt64 = 64 << 30

    /// A parser whose children run `sandbox`'s executable.
    public init(sandbox: Sandbox) { self.sandbox = sandbox }

    /// See ``DumpParser/inspect(_:name:)``.
    public func inspect(_ dump: FileDescriptor, name: String) async throws(ObjectParserError) -> DumpInspection {
        try await sandbox.ask(DumpInspection.task, DumpRequest(name: name), [dump], limits: prepared(reading: [dump]))
    }

    /// See ``DumpParser/unwind(_:request:files:onProgress:)``.
    public func unwind(
        _ dump: FileDescriptor, request: DumpRequest, files: [FileDescriptor], onProgress: BuildProgress?
    ) async throws(ObjectParserError) -> UnwoundDump {
        try await sandbox.ask(
            DumpRequest.unwindTask, request, [dump] + files, limits: prepared(reading: [dump] + files),
            onProgress: onProgress)
    }

    /// See ``DumpParser/expand(_:into:request:onProgress:)``.
    public func expand(
        _ compressed: FileDescriptor, into output: FileDescriptor, request: ExpandRequest, onProgress: BuildProgress?
    ) async throws(ObjectParserError) -> ExpandReply {
        try await sandbox.ask(
            ExpandRequest.task, request, [compressed, output],
            limits: prepared(reading: [compressed], writing: request.limit), onProgress: onProgress)
    }

    /// See ``DumpParser/compress(_:into:request:)``.
    public func compress(
        _ dump: FileDescriptor, into output: FileDescriptor, request: CompressRequest
    ) async throws(ObjectParserError) -> CompressReply {
        try await sandbox.ask(
            CompressRequest.task, request, [dump, output], limits: prepared(reading: [dump], writing: request.limit))
    }

    private func prepared(reading files: [FileDescriptor], writing fileSize: UInt64 = 0) -> SandboxLimits {
        var limits = sandbox.limits
        limits.replySize = Self.replySize
        // Each descriptor may be opened once more by the library that reads it.
        limits.openFiles = max(limits.openFiles, UInt64(2 * files.count + 64))
        // A block more than the task may write: the task says what the limit was, not its death.
        limits.fileSize = min(fileSize, 1 << 60) + 4096
        var size: UInt64 = 0
        for file in files {
            // Whoever read from it before, or wrote: the child begins at its beginning.
            lseek(file.rawValue, 0, SEEK_SET)
            guard let status = try? FileStatus(of: file, path: "dump") else { continue }
            size &+= UInt64(clamping: status.size)
        }
        limits.reservations = max(limits.reservations, Self.reservations) &+ 2 &* min(size, 1 << 44)
        return limits
    }
}
