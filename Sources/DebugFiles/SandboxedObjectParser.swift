public import ParserTasks
public import Sandbox
import SymbolIndex

/// Reads objects in a sandboxed child, one child an object and task.
///
/// | task | request | descriptors | reply |
/// |---|---|---|---|
/// | `inspect` | `IndexBuildRequest` | object, file for embedded texts | `ParserReply<ObjectInspection>` |
/// | `build` | `IndexBuildRequest` | object, file for the index, inputs in the request's order | `ParserReply<IndexBuildReport>` |
/// | `demangle` | `DemangleRequest` | none | `ParserReply<DemangleReply>` |
/// | `code` | `CodeRequest` | object | `ParserReply<CodeReply>` |
///
/// Requests and replies are JSON. Of the request to inspect only the name counts; its digest is empty. A refusal is the
/// answer of a healthy child and says what kind of file it is; everything else that goes wrong is the sandbox's verdict.
public struct SandboxedObjectParser: ObjectParser {
    /// See ``ObjectParser/indexVersion``.
    public let indexVersion: IndexVersion
    private let sandbox: Sandbox

    /// A parser whose children run `sandbox`'s executable.
    /// - Parameter builderRevision: Of the builder that this executable holds.
    public init(sandbox: Sandbox, builderRevision: UInt32) {
        self.sandbox = sandbox
        indexVersion = IndexVersion(
            format: Int(SymbolIndex.formatVersion), builderRevision: Int(builderRevision))
    }

    /// See ``ObjectParser/inspect(_:name:embeddedTexts:)``.
    public func inspect(
        _ object: FileDescriptor, name: String, embeddedTexts: FileDescriptor
    ) async throws(ObjectParserError) -> ObjectInspection {
        try await sandbox.ask(
            ObjectInspection.task, IndexBuildRequest(objectDigest: "", objectName: name), [object, embeddedTexts])
    }

    /// See ``ObjectParser/build(_:into:onProgress:)``.
    public func build(
        _ source: BuildSource, into output: FileDescriptor, onProgress: BuildProgress?
    ) async throws(ObjectParserError) -> IndexBuildReport {
        let request = IndexBuildRequest(
            objectDigest: source.digest, objectName: source.name,
            inputs: source.inputs.map { .init(role: $0.role, digest: $0.digest, name: $0.name) })
        return try await sandbox.ask(
            IndexBuildRequest.task, request, [source.object, output] + source.inputs.map(\.file), onProgress: onProgress
        )
    }

    /// See ``ObjectParser/code(_:of:)``.
    public func code(_ request: CodeRequest, of object: FileDescriptor) async throws(ObjectParserError) -> [UInt8]? {
        let reply: CodeReply = try await sandbox.ask(CodeRequest.task, request, [object])
        guard let bytes = reply.bytes else { return nil }
        guard bytes.count == request.count else {
            throw .died("it answered \(bytes.count) bytes of code when asked for \(request.count)")
        }
        return bytes
    }

    /// Names in both forms, one entry a name, in order: for frames that no index answers for. A child too, because
    /// demanglers abort on some malformed names.
    public func demangle(_ names: [String]) async throws(ObjectParserError) -> [DemangleReply.Name] {
        let reply: DemangleReply = try await sandbox.ask(DemangleRequest.task, DemangleRequest(names: names), [])
        guard reply.names.count == names.count else {
            throw .died("it answered \(reply.names.count) names when asked for \(names.count)")
        }
        return reply.names
    }

    /// What reads dumps, in children of the same sandbox.
    public var dumps: SandboxedDumpParser { SandboxedDumpParser(sandbox: sandbox) }
}

extension ObjectParserError {
    /// What the sandbox's verdict says of the object.
    init(_ error: SandboxError) {
        switch error {
        case .taskFailed(_, let message): self = .malformed(message)
        case .limitReached(_, .wallClock, _, _), .limitReached(_, .processorTime, _, _):
            self = .timedOut(error.description)
        default: self = error.isDeath ? .died(error.description) : .unavailable(error.description)
        }
    }

    /// What the child says of the object. Its words are a file's in the worst case, and bounded.
    init(_ refusal: ParserRefusal) {
        let message = String(refusal.message.prefix(2000))
        switch refusal.kind {
        case .malformed: self = .malformed(message)
        case .unsupported: self = .unsupported(message)
        case .limit: self = .limit(name: String((refusal.limit ?? "unnamed").prefix(100)), reason: message)
        case .unavailable: self = .system(message)
        }
    }
}
