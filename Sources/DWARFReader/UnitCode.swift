/// Everything one compile unit says about its code, in flat arrays: what a million inlined calls need instead of a tree of
/// objects. A value is made once a thread and filled again and again by ``UnitReader/read(_:into:skippingTypes:)``.
///
///     scopes     0 run()  1 ↳ step()  2  ↳ next()  3 main()      pre-order; parent = index or −1
///     functions  run, step, next, main                           one per distinct function, scopes refer to it
///     ranges     [0x10,0x90) [0x20,0x28) [0x40,0x44) …           scopes own consecutive ones
///     rows       0x10:3 0x14:4 … end                             sequences of the line table, in file order
///
/// Addresses are the file's link addresses, as they stand in the file: code that the linker removed leaves rows and ranges
/// at 0, −1, −2 or other *tombstone* addresses, and only the load segments tell them from live code. Filtering is the
/// caller's task.
public struct UnitCode: Sendable {
    /// Number of the unit among all units of `.debug_info`, in the order of the file.
    public internal(set) var index = 0
    /// Offset of the unit's header in `.debug_info` of the main file.
    public internal(set) var offset: UInt64 = 0
    /// The DWARF version of the unit's header, 2 to 5. The line table has a version of its own.
    public internal(set) var version: UInt16 = 0
    /// `DW_AT_language` (DWARF 5, section 7.12), 0 when absent.
    public internal(set) var language: UInt16 = 0
    /// `DW_AT_name`: the main source file as given to the compiler.
    public internal(set) var name = TextReference.none
    /// `DW_AT_comp_dir`: where the compiler ran.
    public internal(set) var compilationDirectory = TextReference.none
    /// `DW_AT_producer`: compiler and version.
    public internal(set) var producer = TextReference.none
    /// The unit is a `DW_TAG_partial_unit`: a piece that several units import. It has no rows.
    public internal(set) var isPartial = false

    /// The source files of the line table, then files of other units that declarations here refer to. Index = the number
    /// used by ``LineRow/file``, ``UnitScope`` and ``UnitFunction``.
    public internal(set) var files: [LineFile] = []
    /// Line rows in the order of the file: sequences one after another, each ended by a row with
    /// ``LineRow/isEndOfSequence``. Within a sequence addresses should not fall; a hostile file may break that.
    public internal(set) var rows: [LineRow] = []
    /// The functions that scopes refer to, each once.
    public internal(set) var functions: [UnitFunction] = []
    /// Functions and inlined calls that have code, outer ones before inner ones (pre-order).
    public internal(set) var scopes: [UnitScope] = []
    /// The code of all scopes; ``UnitScope/ranges`` says which are whose. Not empty each, possibly overlapping in a hostile
    /// file.
    public internal(set) var ranges: [UnitRange] = []
    /// Texts of this unit that no section has, each ended by a zero byte.
    public internal(set) var arena: [UInt8] = []

    /// Set when names and inlined calls of this unit are in a separate `.dwo` file that was not given: the unit then has
    /// its rows and, in ``unitRanges``, the addresses its code has.
    public internal(set) var splitUnit: SplitUnitReference?
    /// The code of the unit as its root entry tells it (`DW_AT_ranges`, `DW_AT_low_pc`); read only for skeletons whose
    /// split unit is missing.
    public internal(set) var unitRanges: [UnitRange] = []
    /// Entries (DIEs) stepped over or read.
    public internal(set) var entryCount = 0
    /// Subtrees of types were jumped over along `DW_AT_sibling`: functions that are defined inside a type are not in
    /// ``scopes``. Line rows of live code without a function tell; the unit is then read again without jumps.
    public internal(set) var typeSubtreesSkipped = false
    /// Ranges left out because their end is before their start. (Empty ranges are normal and not counted.)
    public internal(set) var invalidRanges = 0
    /// Names and origins that could not be followed: they stand in a supplementary file that was not given, in a type unit,
    /// or outside their section. Those functions lack the name.
    public internal(set) var unresolvedReferences = 0
    /// Of ``unresolvedReferences``, those that lead into a dwz or DWARF 5 supplementary file that was not given.
    public internal(set) var supplementaryReferences = 0
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

    /// An empty unit, to be filled.
    public init() {}

    mutating func report(_ problem: DWARFError) {
        if problems.count < Self.maximumProblems { problems.append(problem) } else { problemsOmitted += 1 }
    }

    /// Empties the value, keeping its memory for the next unit.
    public mutating func removeAll() {
        index = 0
        offset = 0
        version = 0
        language = 0
        name = .none
        compilationDirectory = .none
        producer = .none
        isPartial = false
        files.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        functions.removeAll(keepingCapacity: true)
        scopes.removeAll(keepingCapacity: true)
        ranges.removeAll(keepingCapacity: true)
        arena.removeAll(keepingCapacity: true)
        splitUnit = nil
        unitRanges.removeAll(keepingCapacity: true)
        entryCount = 0
        typeSubtreesSkipped = false
        invalidRanges = 0
        unresolvedReferences = 0
        supplementaryReferences = 0
        problems.removeAll()
        problemsOmitted = 0
    }
}

/// Code from `start` up to but not including `end`, as link addresses.
public struct UnitRange: Sendable, Hashable {
    /// First address.
    public let start: UInt64
    /// Address behind the last.
    public let end: UInt64

    /// A range; `start < end` in everything a reader hands out.
    public init(start: UInt64, end: UInt64) {
        self.start = start
        self.end = end
    }
}

/// One row of a line table: the place of the machine code from `address` up to the next row's address. 24 bytes.
public struct LineRow: Sendable, Hashable {
    /// Link address.
    public let address: UInt64
    /// 1-based; 0 = code that belongs to no line. Taken modulo 2³², as the standard's registers are.
    public let line: UInt32
    /// 1-based; 0 = the left edge or unknown. Clamped to 32 bits.
    public let column: UInt32
    /// Index in ``UnitCode/files``; −1 when the table has no such file.
    public let file: Int32
    /// The first address after a sequence; the other fields mean nothing then.
    public let isEndOfSequence: Bool

    /// A row.
    @inline(__always)
    public init(address: UInt64, file: Int32, line: UInt32, column: UInt32, isEndOfSequence: Bool) {
        self.address = address
        self.line = line
        self.column = column
        self.file = file
        self.isEndOfSequence = isEndOfSequence
    }
}

/// A source file of a line table, in the three pieces its path is joined of; ``UnitCode/appendPath(of:_:to:)`` joins them.
public struct LineFile: Sendable, Hashable {
    /// Where relative directories start: `DW_AT_comp_dir` of the unit whose line table this is.
    public let compilationDirectory: TextReference
    /// The entry of the directory table; none for the compilation directory itself.
    public let directory: TextReference
    /// The name, which may be a path.
    public let name: TextReference

    init(compilationDirectory: TextReference, directory: TextReference, name: TextReference) {
        self.compilationDirectory = compilationDirectory
        self.directory = directory
        self.name = name
    }
}

/// What is known of one function. Every inlined call of it and its out-of-line body share the value.
public struct UnitFunction: Sendable, Hashable {
    /// The mangled name (`DW_AT_linkage_name`, `DW_AT_MIPS_linkage_name`).
    public internal(set) var linkageName = TextReference.none
    /// `DW_AT_name`: the short name.
    public internal(set) var name = TextReference.none
    /// For names without a linkage name: the short name with the namespaces, modules and types it is declared in; equal to
    /// ``name`` where there are none.
    public internal(set) var qualifiedName = TextReference.none
    /// Index in ``UnitCode/files`` of the declaration; −1 when unknown.
    public internal(set) var declarationFile: Int32 = -1
    /// Line of the declaration, 1-based, 0 when unknown.
    public internal(set) var declarationLine: UInt32 = 0
    /// `DW_AT_language` of the unit that declares the function: under link-time optimisation another one than the unit
    /// it was inlined into.
    public internal(set) var language: UInt16 = 0
    /// `DW_AT_artificial`: made by the compiler.
    public internal(set) var isArtificial = false

    init() {}
}

/// A function with code of its own, or a call that was inlined. 40 bytes.
public struct UnitScope: Sendable, Hashable {
    /// `DW_AT_entry_pc` when it stands in the file; otherwise the first range's start.
    public internal(set) var entryAddress: UInt64
    /// Index in ``UnitCode/scopes`` of the function or inlined call that this call was inlined into (lexical blocks are
    /// transparent); −1 for functions, and for calls that a damaged file has outside of any function.
    public internal(set) var parent: Int32
    /// Index in ``UnitCode/functions``.
    public internal(set) var function: Int32
    /// Inlined calls: index in ``UnitCode/files`` of the call; −1 when unknown.
    public internal(set) var callFile: Int32
    /// Inlined calls: line of the call, 1-based, 0 when unknown or compiler-generated.
    public internal(set) var callLine: UInt32
    /// Inlined calls: column of the call, 1-based, 0 when unknown.
    public internal(set) var callColumn: UInt32
    /// Index in ``UnitCode/ranges`` of the first range.
    public internal(set) var firstRange: UInt32
    /// At least 1.
    public internal(set) var rangeCount: UInt32
    /// `DW_TAG_inlined_subroutine`; otherwise `DW_TAG_subprogram` with code. A closure or nested function is one of the
    /// latter; the function it is written in is not its parent.
    public internal(set) var isInlined: Bool

    /// Indices in ``UnitCode/ranges`` of the code, in the order of the file.
    public var ranges: Range<Int> { Int(firstRange)..<(Int(firstRange) + Int(rangeCount)) }
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
    /// Units read, skeletons of split DWARF among them.
    public internal(set) var read = 0
    /// Type units: they hold no code.
    public internal(set) var typeUnits = 0
    /// Skeletons that name a clang module (`.pcm`): they hold no code.
    public internal(set) var clangModules = 0
    /// Skeletons that were read together with their split unit.
    public internal(set) var splitUnits = 0
    /// Units that could not be read.
    public internal(set) var skipped = 0
}
