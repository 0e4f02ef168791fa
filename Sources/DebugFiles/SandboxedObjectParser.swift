import FoundationEssentials
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
        try await run(
            ObjectInspection.task, IndexBuildRequest(objectDigest: "", objectName: name), [object, embeddedTexts])
    }

    /// See ``ObjectParser/build(_:into:onProgress:)``.
    public func build(
        _ source: BuildSource, into output: FileDescriptor, onProgress: BuildProgress?
    ) async throws(ObjectParserError) -> IndexBuildReport {
        let request = IndexBuildRequest(
            objectDigest: source.digest, objectName: source.name,
            inputs: source.inputs.map { .init(role: $0.role, digest: $0.digest, name: $0.name) })
        return try await run(
            IndexBuildRequest.task, request, [source.object, output] + source.inputs.map(\.file), onProgress)
    }

    /// Names in both forms, one entry a name, in order: for frames that no index answers for. A child too, because
    /// demanglers abort on some malformed names.
    public func demangle(_ names: [String]) async throws(ObjectParserError) -> [DemangleReply.Name] {
        let reply: DemangleReply = try await run(DemangleRequest.task, DemangleRequest(names: names), [])
        guard reply.names.count == names.count else {
            throw .died("it answered \(reply.names.count) names when asked for \(names.count)")
        }
        return reply.names
    }

    private func run<Reply: Codable & Sendable>(
        _ task: String, _ request: some Encodable, _ files: [FileDescriptor], _ onProgress: BuildProgress? = nil
    ) async throws(ObjectParserError) -> Reply {
        let bytes: [UInt8]
        do {
            bytes = Array(try JSONEncoder().encode(request))
        } catch {
            throw .unavailable("the request cannot be written as JSON: \(error)")
        }
        var report: (@Sendable (UInt64, UInt64) -> Void)?
        if let onProgress { report = { onProgress(Int(clamping: $0), Int(clamping: $1)) } }
        let answer: [UInt8]
        do throws(SandboxError) {
            answer = try await sandbox.run(
                task: task, request: bytes, descriptors: files.map(\.rawValue),
                onProgress: report)
        } catch {
            throw ObjectParserError(error)
        }
        // The descriptors must stay open until the child has ended.
        withExtendedLifetime(files) {}
        let reply: ParserReply<Reply>
        do {
            reply = try JSONDecoder().decode(ParserReply<Reply>.self, from: Data(answer))
        } catch {
            // A child that was taken over may answer anything.
            throw .died("it answered something else than the reply of '\(task)': \(error)")
        }
        switch reply {
        case .value(let value): return value
        case .refused(let refusal): throw ObjectParserError(refusal)
        }
    }
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
