import FoundationEssentials
public import ParserTasks
public import Sandbox
import SymbolIndex

/// Reads objects in a sandboxed child, one child an object and task.
///
/// | task | request | descriptors | reply |
/// |---|---|---|---|
/// | `inspect` | `IndexBuildRequest` | object, file for embedded texts | `ObjectInspection` |
/// | `build` | `IndexBuildRequest` | object, file for the index | `IndexBuildReport` |
///
/// Requests and replies are JSON. Of the request to inspect only the name counts; its digest is empty.
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

    /// See ``ObjectParser/build(_:digest:name:into:)``.
    public func build(
        _ object: FileDescriptor, digest: String, name: String, into output: FileDescriptor
    ) async throws(ObjectParserError) -> IndexBuildReport {
        try await run(
            IndexBuildRequest.task, IndexBuildRequest(objectDigest: digest, objectName: name), [object, output])
    }

    private func run<Reply: Decodable>(
        _ task: String, _ request: IndexBuildRequest, _ files: [FileDescriptor]
    ) async throws(ObjectParserError) -> Reply {
        let bytes: [UInt8]
        do {
            bytes = Array(try JSONEncoder().encode(request))
        } catch {
            throw .unavailable("the request cannot be written as JSON: \(error)")
        }
        let reply: [UInt8]
        do throws(SandboxError) {
            reply = try await sandbox.run(task: task, request: bytes, descriptors: files.map(\.rawValue))
        } catch {
            throw ObjectParserError(error)
        }
        // The descriptors must stay open until the child has ended.
        withExtendedLifetime(files) {}
        do {
            return try JSONDecoder().decode(Reply.self, from: Data(reply))
        } catch {
            // A child that was taken over may answer anything.
            throw .died("it answered something else than the reply of '\(task)': \(error)")
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
}
