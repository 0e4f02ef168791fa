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

    public init(objectDigest: String, objectName: String) {
        self.objectDigest = objectDigest
        self.objectName = objectName
    }
}

/// The *build* task's reply; the index itself is in the descriptor.
public struct IndexBuildReport: Codable, Equatable, Sendable {
    public var quality: IndexQuality
    /// Bytes written.
    public var size: Int
    public var unitsRead: Int
    /// Unit offset and reason, bounded; `unitsSkippedCount` is the whole number.
    public var unitsSkipped: [String]
    public var unitsSkippedCount: Int
    public var functions: Int
    public var ranges: Int
    /// Linkage names whose demangler died or refused; they keep their mangled form.
    public var demanglingFailures: Int
    /// Supplementary or split files that would make a better index.
    public var missingInputs: [String]

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
    public var names: [String]
    public init(names: [String]) { self.names = names }
}

/// One entry a name, in order.
public struct DemangleReply: Codable, Equatable, Sendable {
    /// A name in both forms; equal to the input when it is not mangled or could not be read.
    public struct Name: Codable, Equatable, Sendable {
        public var full: String
        public var simplified: String
        public init(full: String, simplified: String) {
            self.full = full
            self.simplified = simplified
        }
    }
    public var names: [Name]
    public init(names: [Name]) { self.names = names }
}
