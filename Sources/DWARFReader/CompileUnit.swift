/// One compile unit of an object: its source files, line rows, functions and inlined calls. A plain value that needs
/// neither the object nor libdw any more.
///
/// Addresses are the file's link addresses (what `PT_LOAD` calls virtual addresses), not yet moved to where the image was
/// loaded. They are given as they stand in the file: code that the linker removed leaves rows and ranges at 0, −1, −2 or
/// other *tombstone* addresses, and only the load segments tell them from live code. Filtering by executable load segments
/// is the caller's task.
public struct CompileUnit: Sendable, Equatable {
    /// `DW_AT_name`: the main source file as given to the compiler.
    public internal(set) var name: String?
    /// `DW_AT_comp_dir`: where the compiler ran.
    public internal(set) var compilationDirectory: String?
    /// `DW_AT_producer`: compiler and version.
    public internal(set) var producer: String?
    /// `DW_AT_language` (DWARF 5, section 7.12), 0 when absent.
    public internal(set) var language: UInt16 = 0
    /// The DWARF version of the unit's header, 2 to 5. The line table has a version of its own.
    public internal(set) var version: UInt16
    /// Offset of the unit's header in `.debug_info`.
    public internal(set) var offset: UInt64
    /// The source files of the line table, then files of other units that declarations here refer to. Index = the number
    /// used by ``LineRow/file`` and by ``Scope``.
    public internal(set) var files: [SourceFile] = []
    /// Line rows in the order of the file: sequences one after another, each ended by a row with
    /// ``LineRow/isEndOfSequence``. Within a sequence addresses should not fall; a hostile file may break that.
    public internal(set) var rows: [LineRow] = []
    /// Functions and inlined calls that have code, outer ones before inner ones (pre-order).
    public internal(set) var scopes: [Scope] = []
    /// Set when names and inlined calls of this unit are in a separate `.dwo` file.
    public internal(set) var splitUnit: SplitUnitReference?
    /// Entries (DIEs) stepped over or read.
    public internal(set) var entryCount = 0
    /// Ranges left out because their end is before their start. (Empty ranges are normal and not counted.)
    public internal(set) var invalidRanges = 0
    /// Names and origins that could not be followed: they stand in a dwz supplementary file or a type unit, which are not
    /// read, outside their section, or are longer than the limit. Those scopes lack the name.
    public internal(set) var unresolvedReferences = 0
    /// What could not be read of this unit. The rest of the unit is valid: a damaged line program keeps the rows before
    /// the damage (the last one becomes the end of its sequence, because nothing says how far it reaches), a damaged entry
    /// keeps the scopes before it, and a damaged line header leaves ``files`` and ``rows`` empty.
    ///
    /// The first ``maximumProblems``; ``problemsOmitted`` counts the others.
    public internal(set) var problems: [DWARFError] = []
    /// Problems beyond the first ``maximumProblems``.
    public internal(set) var problemsOmitted = 0
    /// The length that ``problems`` never exceeds.
    public static let maximumProblems = 64

    init(version: UInt16, offset: UInt64) {
        self.version = version
        self.offset = offset
    }

    mutating func report(_ problem: DWARFError) {
        if problems.count < Self.maximumProblems { problems.append(problem) } else { problemsOmitted += 1 }
    }
}

/// A source file that a line table names.
public struct SourceFile: Sendable, Hashable {
    /// Compilation directory, include directory and name, joined by `/` until absolute, and not changed beyond that: `..`
    /// and symbolic links stay. Bytes that are not UTF-8 are replaced. Code without a source has the path
    /// ``compilerGeneratedPath`` whatever its directory.
    public let path: String
    /// The MD5 of the text, 16 bytes, when the table carries one (DWARF 5, section 6.2.4.1).
    public let md5: [UInt8]?
    /// The text itself when the compiler embedded it (`DW_LNCT_LLVM_source`, clang's `-gembed-source`).
    public let embeddedSource: [UInt8]?

    /// The path that stands for code the Swift compiler made up, without slashes before it.
    public static let compilerGeneratedPath = "<compiler-generated>"

    /// A file as a line table describes it.
    public init(path: String, md5: [UInt8]? = nil, embeddedSource: [UInt8]? = nil) {
        self.path = path
        self.md5 = md5
        self.embeddedSource = embeddedSource
    }
}

/// One row of a line table: the place of the machine code from `address` up to the next row's address.
public struct LineRow: Sendable, Hashable {
    /// Link address.
    public let address: UInt64
    /// Index in ``CompileUnit/files``; −1 when the table has no such file.
    public let file: Int32
    /// 1-based; 0 = code that belongs to no line. Taken modulo 2³², as the standard's registers are.
    public let line: UInt32
    /// 1-based; 0 = the left edge or unknown. Clamped to 32 bits.
    public let column: UInt32
    /// The first address after a sequence; the other fields mean nothing then.
    public let isEndOfSequence: Bool

    /// A row.
    public init(address: UInt64, file: Int32, line: UInt32, column: UInt32, isEndOfSequence: Bool) {
        self.address = address
        self.file = file
        self.line = line
        self.column = column
        self.isEndOfSequence = isEndOfSequence
    }
}

/// A function with code of its own, or a call that was inlined.
public struct Scope: Sendable, Equatable {
    /// What the scope is.
    public enum Kind: Sendable {
        /// `DW_TAG_subprogram` with code. A closure or nested function is one of these too; the function it is written
        /// in is not its parent.
        case function
        /// `DW_TAG_inlined_subroutine`.
        case inlinedSubroutine
    }

    /// Index in ``CompileUnit/scopes`` of the function or inlined call that this call was inlined into (lexical blocks are
    /// transparent); −1 for functions, and for calls that a damaged file has outside of any function.
    public internal(set) var parent: Int32
    /// Function or inlined call.
    public internal(set) var kind: Kind
    /// The code, as link addresses; not empty, in the order of the file, possibly overlapping in a hostile one.
    public internal(set) var ranges: [Range<UInt64>]
    /// `DW_AT_entry_pc` when it stands in the file; otherwise the first range's start.
    public internal(set) var entryAddress: UInt64
    /// `DW_AT_name`: the short name.
    public internal(set) var name: String?
    /// The mangled name (`DW_AT_linkage_name`, `DW_AT_MIPS_linkage_name`).
    public internal(set) var linkageName: String?
    /// For names without a linkage name: the short name with the namespaces, modules and types it is declared in.
    public internal(set) var qualifiedName: String?
    /// Index in ``CompileUnit/files`` of the declaration; −1 when unknown.
    public internal(set) var declarationFile: Int32
    /// Line of the declaration, 1-based, 0 when unknown.
    public internal(set) var declarationLine: UInt32
    /// Inlined calls: index in ``CompileUnit/files`` of the call; −1 when unknown.
    public internal(set) var callFile: Int32 = -1
    /// Inlined calls: line of the call, 1-based, 0 when unknown or compiler-generated.
    public internal(set) var callLine: UInt32 = 0
    /// Inlined calls: column of the call, 1-based, 0 when unknown.
    public internal(set) var callColumn: UInt32 = 0
    /// `DW_AT_artificial`: made by the compiler.
    public internal(set) var isArtificial: Bool
}

/// A split unit (`.dwo`) that a skeleton unit names. The path is never opened.
public struct SplitUnitReference: Sendable, Hashable {
    /// `DW_AT_dwo_name` or `DW_AT_GNU_dwo_name`.
    public let name: String
    /// The directory that a relative name starts from.
    public let compilationDirectory: String?
    /// The 64-bit id that pairs skeleton and split unit; `nil` when the file has none.
    public let id: UInt64?
}

/// A unit that was not read.
public struct SkippedUnit: Sendable, Equatable {
    /// Offset of the unit's header in `.debug_info`.
    public let offset: UInt64
    /// Why.
    public let reason: DWARFError
}

/// How many units of each kind an object has had so far.
public struct UnitCounts: Sendable, Equatable {
    /// Units handed out, skeletons of split DWARF among them.
    public internal(set) var read = 0
    /// Type units: they hold no code.
    public internal(set) var typeUnits = 0
    /// Skeletons that name a clang module (`.pcm`): they hold no code.
    public internal(set) var clangModules = 0
    /// Units that could not be read.
    public internal(set) var skipped = 0
}
