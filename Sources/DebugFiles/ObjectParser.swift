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

    /// Writes the index of `source`'s object to `output`, which is writable and empty.
    /// - Parameter onProgress: Told now and then how much of the debug information is read. Called on any thread.
    func build(
        _ source: BuildSource, into output: FileDescriptor, onProgress: BuildProgress?
    ) async throws(ObjectParserError) -> IndexBuildReport

    /// The machine code at an address of an object; `nil` when the object does not hold it.
    func code(_ request: CodeRequest, of object: FileDescriptor) async throws(ObjectParserError) -> [UInt8]?
}

/// Bytes of debug information that are read, and all of them.
public typealias BuildProgress = @Sendable (_ done: Int, _ total: Int) -> Void

/// What an index is made from: an object and the files that its debug information refers to, all open.
public struct BuildSource: Sendable {
    /// What a file beside the object is for.
    public typealias Role = InputRole

    /// A file beside the object.
    public struct Input: Sendable {
        /// What it is for.
        public var role: InputRole
        /// SHA-256.
        public var digest: String
        /// For messages only.
        public var name: String
        /// Readable, a regular file.
        public var file: FileDescriptor

        /// An input.
        public init(role: InputRole, digest: String, name: String, file: FileDescriptor) {
            self.role = role
            self.digest = digest
            self.name = name
            self.file = file
        }
    }

    /// The most files that one build is handed beside its object: descriptors are a bounded thing. Whoever has more split
    /// units packs them (`llvm-dwp`); what is left out is counted in the index's problems.
    public static let inputLimit = 190

    /// Readable, a regular file.
    public var object: FileDescriptor
    /// SHA-256.
    public var digest: String
    /// For messages only.
    public var name: String
    /// In the order of their roles and digests, so that the same files give the same index.
    public var inputs: [Input]

    /// A source.
    public init(object: FileDescriptor, digest: String, name: String, inputs: [Input] = []) {
        self.object = object
        self.digest = digest
        self.name = name
        self.inputs = inputs
    }
}

/// What an index is a function of besides its input objects.
public struct IndexVersion: Sendable, Hashable, Comparable {
    /// Version of the file format.
    public let format: Int
    /// Revision of the code that fills it.
    public let builderRevision: Int

    /// Names a version.
    public init(format: Int, builderRevision: Int) {
        self.format = format
        self.builderRevision = builderRevision
    }

    /// Older before newer: by format, then by revision.
    public static func < (left: IndexVersion, right: IndexVersion) -> Bool {
        (left.format, left.builderRevision) < (right.format, right.builderRevision)
    }
}

/// Why an object could not be read.
public enum ObjectParserError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The child read the file and refused it: the text names section and field.
    case malformed(String)
    /// A well-formed file of a kind that is not understood.
    case unsupported(String)
    /// The file asks for more than a limit allows, and the child said so: `name` is the limit's.
    case limit(name: String, reason: String)
    /// The child died or broke a limit of its process: the file's fault until shown otherwise; counts towards quarantine.
    case died(String)
    /// The child took too long; counts towards quarantine.
    case timedOut(String)
    /// The child said that the system failed it, a full disk for example. Not counted against the file, and on a child's
    /// word alone no outage either.
    case system(String)
    /// The child could not be started or spoken to: not the file's fault.
    case unavailable(String)

    /// A sentence for a person.
    public var description: String {
        switch self {
        case .malformed(let reason), .unsupported(let reason), .system(let reason): reason
        case .limit(let name, let reason): reason.contains(name) ? reason : "\(reason) (limit \(name))"
        case .died(let reason): "the parser died: \(reason)"
        case .timedOut(let reason): "the parser took too long: \(reason)"
        case .unavailable(let reason): "the parser could not run: \(reason)"
        }
    }

    /// Whether the file itself may be what kills parsers.
    var countsTowardsQuarantine: Bool {
        switch self {
        case .died, .timedOut: true
        case .malformed, .unsupported, .limit, .system, .unavailable: false
        }
    }
}
