public import SymbolIndex

/// The *build* task's request. Descriptors handed over beside it: the object, then the index file to write, empty and
/// writable, then the other inputs in the order of ``inputs``.
public struct IndexBuildRequest: Codable, Equatable, Sendable {
    /// The name of the task.
    public static let task = "build"

    /// A file that the object's debug information refers to.
    public struct Input: Codable, Equatable, Sendable {
        /// How it is used.
        public var role: InputRole
        /// SHA-256, for the index's header.
        public var digest: String
        /// A name for messages: base name or digest, never opened.
        public var name: String

        /// An input.
        public init(role: InputRole, digest: String, name: String) {
            self.role = role
            self.digest = digest
            self.name = name
        }
    }

    /// SHA-256 of the object, for the index's header.
    public var objectDigest: String
    /// A name for messages: base name or digest, never opened.
    public var objectName: String
    /// Supplementary and split files, in any order; which unit belongs to which is found by their ids.
    public var inputs: [Input]
    /// Threads that read; 0 stands for one a core. The index does not depend on it.
    public var threads: Int

    /// A request.
    public init(objectDigest: String, objectName: String, inputs: [Input] = [], threads: Int = 0) {
        self.objectDigest = objectDigest
        self.objectName = objectName
        self.inputs = inputs
        self.threads = threads
    }
}

/// What a file beside the object is for.
public enum InputRole: String, Codable, Sendable, Hashable {
    /// Shared by several objects: dwz's (`.gnu_debugaltlink`) or DWARF 5's (`.debug_sup`).
    case supplementary
    /// One split unit (`.dwo`) or a package of them (`.dwp`).
    case split
}

/// A file that would make a better index.
public struct MissingInput: Codable, Equatable, Sendable, Hashable {
    /// What it is for.
    public var role: InputRole
    /// Lower-case hexadecimal: the build id or checksum of a supplementary file, the 64-bit id of a split unit; empty when
    /// the object gives none.
    public var id: String
    /// As the object spells it; never opened.
    public var name: String

    /// A missing file.
    public init(role: InputRole, id: String, name: String) {
        self.role = role
        self.id = id
        self.name = name
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
    /// What could not be read besides whole units, bounded; each with section and reason.
    public var problems: [String]
    /// Distinct functions, inlined ones included.
    public var functions: Int
    /// Ranges of addresses.
    public var ranges: Int
    /// Linkage names whose demangler died or refused; they keep their mangled form.
    public var demanglingFailures: Int
    /// Supplementary or split files that would make a better index, bounded.
    public var missingInputs: [MissingInput]

    /// A report.
    public init(
        quality: IndexQuality, size: Int, unitsRead: Int, unitsSkipped: [String] = [], unitsSkippedCount: Int = 0,
        problems: [String] = [], functions: Int, ranges: Int, demanglingFailures: Int = 0,
        missingInputs: [MissingInput] = []
    ) {
        self.quality = quality
        self.size = size
        self.unitsRead = unitsRead
        self.unitsSkipped = unitsSkipped
        self.unitsSkippedCount = unitsSkippedCount
        self.problems = problems
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
