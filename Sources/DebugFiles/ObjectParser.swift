public import ParserTasks

/// What reads objects for this room: a sandboxed child in the product (``SandboxedObjectParser``), a fake in tests.
///
/// Descriptors are handed over, never paths: the child opens nothing.
public protocol ObjectParser: Sendable {
    /// Which format and which builder an index comes from; part of its key.
    var indexVersion: IndexVersion { get }

    /// What the object is and which sources it names.
    ///
    /// - Parameters:
    ///   - object: Readable, a regular file.
    ///   - name: For messages only.
    ///   - embeddedTexts: Writable and empty. Source texts that stand in the DWARF are written there; the inspection's
    ///     `embeddedOffset` and `embeddedLength` say where.
    func inspect(
        _ object: FileDescriptor, name: String, embeddedTexts: FileDescriptor
    ) async throws(ObjectParserError) -> ObjectInspection

    /// Writes the object's index to `output`, which is writable and empty.
    func build(
        _ object: FileDescriptor, digest: String, name: String, into output: FileDescriptor
    ) async throws(ObjectParserError) -> IndexBuildReport
}

/// What an index is a function of besides its input objects.
public struct IndexVersion: Sendable, Hashable {
    /// Version of the file format.
    public let format: Int
    /// Revision of the code that fills it.
    public let builderRevision: Int

    /// Names a version.
    public init(format: Int, builderRevision: Int) {
        self.format = format
        self.builderRevision = builderRevision
    }
}

/// Why an object could not be read.
public enum ObjectParserError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The child read the file and refused it: the text names section, field or limit.
    case malformed(String)
    /// A well-formed file of a kind that is not understood.
    case unsupported(String)
    /// The child died or broke a limit: the file's fault until shown otherwise; counts towards quarantine.
    case died(String)
    /// The child took too long; counts towards quarantine.
    case timedOut(String)
    /// The child could not be started or spoken to: not the file's fault.
    case unavailable(String)

    /// A sentence for a person.
    public var description: String {
        switch self {
        case .malformed(let reason), .unsupported(let reason): reason
        case .died(let reason): "the parser died: \(reason)"
        case .timedOut(let reason): "the parser took too long: \(reason)"
        case .unavailable(let reason): "the parser could not run: \(reason)"
        }
    }

    /// Whether the file itself may be what kills parsers.
    var countsTowardsQuarantine: Bool {
        switch self {
        case .died, .timedOut: true
        case .malformed, .unsupported, .unavailable: false
        }
    }
}
