/// Everything that goes into an index, as values: what a builder hands to ``SymbolIndexWriter``.
///
/// Numbers refer to positions in the arrays; `nil` where the format has "none". The writer keeps the order of all
/// arrays, so a builder that wants the same bytes for the same inputs orders them by content.
public struct SymbolIndexContent: Equatable, Sendable {
    /// A function; two functions may have the same names.
    public struct Function: Equatable, Hashable, Sendable {
        /// Simplified.
        public var name: String
        /// With everything; the same as `name` when there is no longer one.
        public var fullName: String
        /// Mangled; `nil` when there is none.
        public var linkageName: String?
        /// By the mangling, else by the unit.
        public var language: IndexedLanguage
        /// Link address of the first instruction; `nil` for one that is only inlined.
        public var entryAddress: UInt64?
        /// Position in `files`.
        public var declarationFile: UInt32?
        /// 1-based; 0 unknown.
        public var declarationLine: UInt32
        /// The debug information does not know it.
        public var isFromSymbolTable: Bool
        /// Made by the compiler.
        public var isArtificial: Bool
        /// The linkage name looks mangled and could not be read.
        public var failedToDemangle: Bool

        /// A function; without a full name it has the simplified one.
        public init(
            name: String, fullName: String? = nil, linkageName: String? = nil, language: IndexedLanguage = .unknown,
            entryAddress: UInt64? = nil, declarationFile: UInt32? = nil, declarationLine: UInt32 = 0,
            isFromSymbolTable: Bool = false, isArtificial: Bool = false, failedToDemangle: Bool = false
        ) {
            self.name = name
            self.fullName = fullName ?? name
            self.linkageName = linkageName
            self.language = language
            self.entryAddress = entryAddress
            self.declarationFile = declarationFile
            self.declarationLine = declarationLine
            self.isFromSymbolTable = isFromSymbolTable
            self.isArtificial = isArtificial
            self.failedToDemangle = failedToDemangle
        }
    }

    /// A physical function (no parent) or a call inlined into the parent scope.
    public struct Scope: Equatable, Sendable {
        /// Position in `functions`.
        public var function: UInt32
        /// Position in `scopes`, smaller than this scope's own.
        public var parent: UInt32?
        /// Where the parent calls; without meaning when there is no parent.
        public var callFile: UInt32?
        /// 1-based; 0 unknown or compiler-generated.
        public var callLine: UInt32
        /// 1-based; 0 unknown.
        public var callColumn: UInt32

        /// A scope.
        public init(
            function: UInt32, parent: UInt32? = nil, callFile: UInt32? = nil, callLine: UInt32 = 0,
            callColumn: UInt32 = 0
        ) {
            self.function = function
            self.parent = parent
            self.callFile = callFile
            self.callLine = callLine
            self.callColumn = callColumn
        }
    }

    /// The start of a range that lasts until the next one begins.
    public struct RangeStart: Equatable, Sendable {
        /// The first link address of the range.
        public var address: UInt64
        /// Nothing is known from here on; the other fields have no meaning.
        public var isHole: Bool
        /// Position in `scopes` of the innermost one; `nil` for none.
        public var scope: UInt32?
        /// Position in `files`; `nil` for none.
        public var file: UInt32?
        /// 1-based; 0 compiler-generated.
        public var line: UInt32
        /// 1-based; 0 unknown.
        public var column: UInt32

        /// A range.
        public init(
            address: UInt64, isHole: Bool = false, scope: UInt32? = nil, file: UInt32? = nil, line: UInt32 = 0,
            column: UInt32 = 0
        ) {
            self.address = address
            self.isHole = isHole
            self.scope = scope
            self.file = file
            self.line = line
            self.column = column
        }

        /// A hole from `address` on.
        public static func hole(_ address: UInt64) -> RangeStart { RangeStart(address: address, isHole: true) }
    }

    /// See ``SymbolIndexHeader/builderRevision``.
    public var builderRevision: UInt32
    /// See ``SymbolIndexHeader/baseAddress``.
    public var baseAddress: UInt64
    /// ELF `e_machine`.
    public var machine: UInt16
    /// Of the object.
    public var byteOrder: IndexedByteOrder
    /// Of the object.
    public var kind: IndexedObjectKind
    /// How much the index can say.
    public var quality: IndexQuality
    /// In the object's order.
    public var loadSegments: [IndexedLoadSegment]
    /// For relocatable objects: where the sections were laid out, in rising order.
    public var sections: [IndexedSection]
    /// Provenance.
    public var metadata: IndexMetadata
    /// Full paths.
    public var files: [String]
    /// Physical and inlined ones.
    public var functions: [Function]
    /// Parents before children.
    public var scopes: [Scope]
    /// In strictly rising order of addresses; the last one is a hole.
    public var ranges: [RangeStart]

    /// Content with these parts.
    public init(
        builderRevision: UInt32 = 0, baseAddress: UInt64 = 0, machine: UInt16 = 0,
        byteOrder: IndexedByteOrder = .little, kind: IndexedObjectKind = .executable, quality: IndexQuality = .full,
        loadSegments: [IndexedLoadSegment] = [], sections: [IndexedSection] = [], metadata: IndexMetadata,
        files: [String] = [],
        functions: [Function] = [], scopes: [Scope] = [], ranges: [RangeStart] = []
    ) {
        self.builderRevision = builderRevision
        self.baseAddress = baseAddress
        self.machine = machine
        self.byteOrder = byteOrder
        self.kind = kind
        self.quality = quality
        self.loadSegments = loadSegments
        self.sections = sections
        self.metadata = metadata
        self.files = files
        self.functions = functions
        self.scopes = scopes
        self.ranges = ranges
    }
}
