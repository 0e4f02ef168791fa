public import SymbolIndex

/// The *build* task's request. Descriptors handed over beside it: the object, then the index file to write, empty and
/// writable.
public struct IndexBuildRequest: Codable, Equatable, Sendable {
    /// The name of the task.
    public static let task = "build"

    /// SHA-256 of the object, for the index's header.
    public var objectDigest: String
    /// A name for messages: base name or digest, never opened.
    public var objectName: String

    /// A request.
    public init(objectDigest: String, objectName: String) {
        self.objectDigest = objectDigest
        self.objectName = objectName
    }
}

/// The *build* task's reply; the index itself is in the descriptor.
public struct IndexBuildReport: Codable, Equatable, Sendable {
    /// How much the index can say.
    public var quality: IndexQuality
    /// Bytes written.
    public var size: Int
    /// Compile units that are in the index.
    public var unitsRead: Int
    /// Unit offset and reason, bounded; `unitsSkippedCount` is the whole number.
    public var unitsSkipped: [String]
    /// How many units were left out.
    public var unitsSkippedCount: Int
    /// Distinct functions, inlined ones included.
    public var functions: Int
    /// Ranges of addresses.
    public var ranges: Int
    /// Linkage names whose demangler died or refused; they keep their mangled form.
    public var demanglingFailures: Int
    /// Supplementary or split files that would make a better index.
    public var missingInputs: [String]

    /// A report.
    public init(
        quality: IndexQuality, size: Int, unitsRead: Int, unitsSkipped: [String], unitsSkippedCount: Int,
        functions: Int,
        ranges: Int, demanglingFailures: Int, missingInputs: [String]
    ) {
        self.quality = quality
        self.size = size
        self.unitsRead = unitsRead
        self.unitsSkipped = unitsSkipped
        self.unitsSkippedCount = unitsSkippedCount
        self.functions = functions
        self.ranges = ranges
        self.demanglingFailures = demanglingFailures
        self.missingInputs = missingInputs
    }
}

/// The *demangle* task: names of frames that no index could answer.
public struct DemangleRequest: Codable, Equatable, Sendable {
    /// The name of the task.
    public static let task = "demangle"
    /// Mangled or not; bounded by the parent.
    public var names: [String]
    /// A request.
    public init(names: [String]) { self.names = names }
}

/// One entry a name, in order.
public struct DemangleReply: Codable, Equatable, Sendable {
    /// A name in both forms; equal to the input when it is not mangled or could not be read.
    public struct Name: Codable, Equatable, Sendable {
        /// With modules, parameter types and results.
        public var full: String
        /// As a programmer reads it in a list.
        public var simplified: String
        /// A name.
        public init(full: String, simplified: String) {
            self.full = full
            self.simplified = simplified
        }
    }
    /// As many as were asked for.
    public var names: [Name]
    /// A reply.
    public init(names: [Name]) { self.names = names }
}
