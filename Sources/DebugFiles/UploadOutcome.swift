public import ParserTasks

/// What an upload tells about while it runs, in this order for each file.
public enum UploadEvent: Sendable {
    /// An object is being read.
    case started(path: String, size: Int)
    /// It is being inspected, or stored.
    case stage(path: String, UploadStage, size: Int)
    /// A file was dealt with. Files that a folder walk only counts are not told one by one.
    case finished(UploadOutcome)
    /// The walk went past so many files.
    case walked(files: Int)
    /// An index is being built: bytes of debug information that are read, of all. Zero of zero at first.
    case indexing(name: String, done: Int, total: Int)
    /// An index was dealt with. These come when all files are.
    case indexed(UploadedIndex)
}

/// What is being done with an object.
public enum UploadStage: String, Sendable {
    /// The sandboxed child looks what it is.
    case inspecting
    /// It is copied into the store, with its sources.
    case storing
}

/// What became of one file.
public struct UploadOutcome: Sendable, Codable, Equatable {
    /// What became of it. Raw values are for scripts.
    public enum Status: String, Sendable, Codable {
        /// The store has it now.
        case stored
        /// The store had it, in this project; something may still have been added: an upload record, better sources.
        case alreadyStored = "already_stored"
        /// Not stored; `reason` says why. Named by the person, or damaged though it carries a build id.
        case failed
    }

    /// As the walk found it.
    public var path: String
    /// What became of it.
    public var status: Status
    /// Why it failed, without the path.
    public var reason: String?
    /// SHA-256; absent when the file could not be read.
    public var digest: String?
    /// Bytes.
    public var size: Int
    /// Executable, library, debug file.
    public var kind: ObjectInspection.Kind?
    /// Lower-case hexadecimal. Of a failed file too, when it shows one.
    public var buildID: String?
    /// Sentry's debug id: a lower-case GUID with dashes.
    public var debugID: String?
    /// `x86_64`, `aarch64`, …
    public var architecture: String?
    /// Whether there is DWARF.
    public var hasDebugInformation = false
    /// Whether `.symtab` or `.dynsym` holds symbols.
    public var hasSymbolTable = false
    /// Whether there is `.eh_frame` or `.debug_frame`.
    public var hasUnwindTables = false
    /// How many split units it holds (`.dwo`, `.dwp`).
    public var heldSplitUnits = 0
    /// Whether it is a DWARF 5 supplementary file.
    public var isSupplementary = false
    /// How many other files its debug information refers to: split units, a supplementary or a separate debug file.
    public var wantedFiles = 0
    /// Parts that could not be read, each with section and reason; the rest answers.
    public var problems: [String] = []
    /// What became of the sources it names.
    public var sources = UploadedSources()

    init(path: String, status: Status, reason: String? = nil, buildID: String? = nil, size: Int = 0) {
        self.path = path
        self.status = status
        self.reason = reason
        self.buildID = buildID
        self.size = size
    }

    mutating func take(_ inspection: ObjectInspection) {
        kind = inspection.kind
        buildID = inspection.buildID
        debugID = inspection.debugID
        architecture = inspection.architecture
        hasDebugInformation = inspection.hasDebugInformation
        hasSymbolTable = inspection.hasSymbolTable
        hasUnwindTables = inspection.hasUnwindTables
        heldSplitUnits = inspection.heldSplitUnits.count
        isSupplementary = inspection.supplementaryID != nil
        wantedFiles = WantedFile.all(of: inspection).count
        problems = inspection.problems
    }
}

/// What became of the sources that one object names.
public struct UploadedSources: Sendable, Codable, Equatable {
    /// Source paths that the object names.
    public var named = 0
    /// Texts that the store has for them now, by mark.
    public var texts: [String: Int] = [:]
    /// Texts that this upload added or replaced.
    public var added = 0
    /// Paths without a text, counted by reason (``SourcePolicy/Refusal``).
    public var skipped: [String: Int] = [:]
    /// The same paths with their reasons, for a verbose report; at most ``nameLimit``.
    public var skippedNames: [SkippedSource] = []

    /// Most names that are kept; `skipped` counts all.
    public static let nameLimit = 10_000

    /// A source path and why it has no text.
    public struct SkippedSource: Sendable, Codable, Equatable {
        /// As the line table spells it.
        public var path: String
        /// The sentence of ``SourcePolicy/Refusal``.
        public var reason: String
    }

    mutating func skip(_ path: String, _ reason: SourcePolicy.Refusal, count: Int = 1) {
        skipped[reason.rawValue, default: 0] += count
        if skippedNames.count < Self.nameLimit {
            skippedNames.append(SkippedSource(path: path, reason: reason.rawValue))
        }
    }

    mutating func count(_ mark: SourceMark) { texts[mark.rawValue, default: 0] += 1 }
}

/// The whole upload.
public struct UploadReport: Sendable, Codable, Equatable {
    /// Files that a folder walk passed over, by kind.
    public struct PassedOver: Sendable, Codable, Equatable {
        /// What a file was passed over for. Raw values are for scripts.
        public enum Reason: String, Sendable, Codable, CaseIterable {
            /// `ET_REL`: `.o` files.
            case relocatable
            case notELF = "not_elf"
            /// ELF, neither executable nor shared object: a core file.
            case otherELF = "other_elf"
            /// ELF with neither a build id nor debug information.
            case withoutID = "without_id"
            /// ELF that cannot be read and shows no build id.
            case damagedWithoutID = "damaged_without_id"
            /// Files and folders that cannot be opened.
            case unreadable
        }

        /// Numbers by reason.
        public var counts: [String: Int] = [:]
        /// Names with their reasons in the order of the walk, at most ``nameLimit``.
        public var names: [Name] = []

        /// Most names that are kept; `counts` counts all.
        public static let nameLimit = 100_000

        /// A file and why it was passed over.
        public struct Name: Sendable, Codable, Equatable {
            /// As the walk found it.
            public var path: String
            /// What it was passed over for.
            public var reason: Reason
            /// What the system or the parser said, without the path.
            public var detail: String?
        }

        /// How many files were passed over for a reason.
        public func count(_ reason: Reason) -> Int { counts[reason.rawValue] ?? 0 }

        mutating func add(_ path: String, _ reason: Reason, detail: String? = nil) {
            counts[reason.rawValue, default: 0] += 1
            if names.count < Self.nameLimit { names.append(Name(path: path, reason: reason, detail: detail)) }
        }
    }

    /// Every object in the order of the walk.
    public var outcomes: [UploadOutcome] = []
    /// The files that are no objects to upload.
    public var passedOver = PassedOver()
    /// The indexes that the upload built, when it was told to.
    public var indexes: [UploadedIndex] = []

    /// How many objects ended so.
    public func count(_ status: UploadOutcome.Status) -> Int { outcomes.count { $0.status == status } }
    /// Whether a file failed: the command's exit code is 1.
    public var hasFailures: Bool { outcomes.contains { $0.status == .failed } }

    /// An empty report.
    public init() {}
}
