/// What one ELF file is and needs, as the sandboxed child found it: the reply of the *inspect* task.
///
/// Every list is bounded by the child; what did not fit is counted, never silently dropped. Paths are text from an untrusted
/// file: they are looked up in the store or checked against the source rules, never opened as they are.
public struct ObjectInspection: Codable, Equatable, Sendable {
    /// The name of the task that answers with this.
    public static let task = "inspect"

    /// What the file is for; the same words as Sentry's `data.type` where it has one.
    public enum Kind: String, Codable, Sendable {
        case executable = "exe"
        case library = "lib"
        case debug = "dbg"
        case relocatable = "rel"
        case core
        case other
    }

    /// Name and CRC-32 of a separate debug file (`.gnu_debuglink`).
    public struct DebugLink: Codable, Equatable, Sendable {
        /// A base name.
        public var name: String
        /// CRC-32 of the whole debug file.
        public var crc: UInt32
        /// A link.
        public init(name: String, crc: UInt32) {
            self.name = name
            self.crc = crc
        }
    }

    /// A supplementary file (dwz's `.gnu_debugaltlink`, DWARF 5's `.debug_sup`), matched by its id, never by its name.
    public struct AlternateLink: Codable, Equatable, Sendable {
        /// As the file spells it; never opened.
        public var name: String
        /// Build id or, for `.debug_sup`, checksum; lower-case hexadecimal.
        public var buildID: String
        /// A link.
        public init(name: String, buildID: String) {
            self.name = name
            self.buildID = buildID
        }
    }

    /// A split unit (`.dwo`) that a skeleton names. Clang modules (`.pcm`) are not listed: they hold no code.
    public struct SplitUnit: Codable, Equatable, Sendable {
        /// As the skeleton spells it; never opened.
        public var name: String
        /// The 64-bit dwo id.
        public var id: UInt64
        /// A unit.
        public init(name: String, id: UInt64) {
            self.name = name
            self.id = id
        }
    }

    /// A source file that a line table names.
    public struct Source: Codable, Equatable, Sendable {
        /// Joined from compilation directory, directory and name, as the debug information spells them.
        public var path: String
        /// The MD5 that a DWARF 5 line table carries, lower-case hexadecimal.
        public var md5: String?
        /// Where the text embedded in the DWARF stands in the output file that the parent handed over, in bytes.
        public var embeddedOffset: Int?
        /// Its length in bytes.
        public var embeddedLength: Int?
        /// A source.
        public init(path: String, md5: String? = nil, embeddedOffset: Int? = nil, embeddedLength: Int? = nil) {
            self.path = path
            self.md5 = md5
            self.embeddedOffset = embeddedOffset
            self.embeddedLength = embeddedLength
        }
    }

    /// A section that the loader maps.
    public struct Section: Codable, Equatable, Sendable {
        /// `.text`, `.data`, …
        public var name: String
        /// Link address.
        public var address: UInt64
        /// Bytes in memory.
        public var size: UInt64
        /// A section.
        public init(name: String, address: UInt64, size: UInt64) {
            self.name = name
            self.address = address
            self.size = size
        }
    }

    /// What the file is for.
    public var kind: Kind
    /// ELF `e_machine`.
    public var machine: UInt16
    /// `x86_64`, `aarch64`, …; `machine-N` for one without a name here.
    public var architecture: String
    /// The whole GNU build id, lower-case hexadecimal: Sentry's `code_id`.
    public var buildID: String?
    /// Sentry's debug id: the GUID of the build id's first 16 bytes, or of the folded `.text` without one.
    public var debugID: String?
    /// `.debug_info`, also compressed.
    public var hasDebugInformation: Bool
    /// A non-empty `.symtab` or `.dynsym`.
    public var hasSymbolTable: Bool
    /// `.eh_frame` or `.debug_frame`.
    public var hasUnwindTables: Bool
    /// Machine code with file contents: false in a separate debug file.
    public var hasCode: Bool
    /// The separate debug file that the object names.
    public var debugLink: DebugLink?
    /// The supplementary file that its debug information refers to.
    public var alternateLink: AlternateLink?
    /// The checksum that a DWARF 5 supplementary file is known by (`.debug_sup` of the referring object), lower-case
    /// hexadecimal, with the file's name.
    public var supplementaryLink: AlternateLink?
    /// This file's own checksum, lower-case hexadecimal, when it is a DWARF 5 supplementary file.
    public var supplementaryID: String?
    /// CRC-32 of the whole file: what a `.gnu_debuglink` that names it says.
    public var fileCRC: UInt32?
    /// Has `.gnu_debugdata`: a compressed symbol table.
    public var hasMiniDebugInformation = false
    /// The ids of the split units that this file *holds* (a `.dwo`, or a `.dwp` package), bounded.
    public var heldSplitUnits: [UInt64] = []
    /// Split units that it names, bounded.
    public var splitUnits: [SplitUnit] = []
    /// Source files that its line tables name, each path once, bounded.
    public var sources: [Source] = []
    /// Sources beyond the child's limit, left out of `sources`.
    public var sourcesOmitted = 0
    /// The sections that the loader maps, at most 1,000: what section-relative addresses are relative to.
    public var sections: [Section] = []
    /// What could not be read, each with section and reason; empty for a healthy file.
    public var problems: [String] = []

    /// What the headers say; the lists are filled in afterwards.
    public init(
        kind: Kind, machine: UInt16, architecture: String, buildID: String?, debugID: String?,
        hasDebugInformation: Bool,
        hasSymbolTable: Bool, hasUnwindTables: Bool, hasCode: Bool
    ) {
        self.kind = kind
        self.machine = machine
        self.architecture = architecture
        self.buildID = buildID
        self.debugID = debugID
        self.hasDebugInformation = hasDebugInformation
        self.hasSymbolTable = hasSymbolTable
        self.hasUnwindTables = hasUnwindTables
        self.hasCode = hasCode
    }
}

extension ObjectInspection {
    /// Reads what any release has written: a store keeps inspections for years, and a field that an older one did not know
    /// has its default. (Compiler-made decoding would refuse the whole note.)
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func list<Item: Decodable>(_ key: CodingKeys) throws -> [Item] {
            try values.decodeIfPresent([Item].self, forKey: key) ?? []
        }
        self.init(
            kind: try values.decode(Kind.self, forKey: .kind),
            machine: try values.decode(UInt16.self, forKey: .machine),
            architecture: try values.decode(String.self, forKey: .architecture),
            buildID: try values.decodeIfPresent(String.self, forKey: .buildID),
            debugID: try values.decodeIfPresent(String.self, forKey: .debugID),
            hasDebugInformation: try values.decode(Bool.self, forKey: .hasDebugInformation),
            hasSymbolTable: try values.decode(Bool.self, forKey: .hasSymbolTable),
            hasUnwindTables: try values.decode(Bool.self, forKey: .hasUnwindTables),
            hasCode: try values.decode(Bool.self, forKey: .hasCode))
        debugLink = try values.decodeIfPresent(DebugLink.self, forKey: .debugLink)
        alternateLink = try values.decodeIfPresent(AlternateLink.self, forKey: .alternateLink)
        supplementaryLink = try values.decodeIfPresent(AlternateLink.self, forKey: .supplementaryLink)
        supplementaryID = try values.decodeIfPresent(String.self, forKey: .supplementaryID)
        fileCRC = try values.decodeIfPresent(UInt32.self, forKey: .fileCRC)
        hasMiniDebugInformation = try values.decodeIfPresent(Bool.self, forKey: .hasMiniDebugInformation) ?? false
        heldSplitUnits = try list(.heldSplitUnits)
        splitUnits = try list(.splitUnits)
        sources = try list(.sources)
        sourcesOmitted = try values.decodeIfPresent(Int.self, forKey: .sourcesOmitted) ?? 0
        sections = try list(.sections)
        problems = try list(.problems)
    }
}
