/// The sections of an index, in the order in which they stand in the file. The raw value is the position in the section
/// table.
public enum IndexSection: Int, CaseIterable, Sendable {
    /// First address of every block, `UInt64`, ascending.
    case blockStarts
    /// Where each block begins in `blocks`, `UInt32`.
    case blockOffsets
    /// The blocks: delta-encoded ranges.
    case blocks
    /// Inline tree: parent and call, 8 bytes each.
    case scopes
    /// Inlined calls: callee and call site, 16 bytes each.
    case calls
    /// Functions, 32 bytes each.
    case functions
    /// Source files: one string reference each.
    case files
    /// Strings: length and UTF-8 bytes.
    case strings
    /// Load segments, 40 bytes each.
    case loadSegments
    /// What the index was made from; parsed only when asked.
    case metadata

    /// Bytes of one record; 1 for the sections that are streams.
    var recordSize: Int {
        switch self {
        case .blockStarts: 8
        case .blockOffsets: 4
        case .scopes: ScopeRecord.size
        case .calls: CallRecord.size
        case .functions: FunctionRecord.size
        case .files: 4
        case .loadSegments: LoadSegmentRecord.size
        case .blocks, .strings, .metadata: 1
        }
    }
}

/// The fixed numbers of format version 1. All integers are little-endian. `Documentation/SymbolIndexFormat.md` explains
/// them; the tests pin them.
enum IndexLayout {
    /// PNG's trick: a byte no text has, then letters, then a line end that a text-mode copy would change.
    static let magic: [UInt8] = [0x89, 0x53, 0x59, 0x4D, 0x49, 0x44, 0x58, 0x0A]
    static let version: UInt32 = 1

    static let versionOffset = 8
    static let builderRevisionOffset = 12
    static let fileSizeOffset = 16
    static let baseAddressOffset = 24
    static let rangeCountOffset = 32
    static let machineOffset = 40
    static let byteOrderOffset = 42
    static let kindOffset = 43
    static let qualityOffset = 44
    static let sectionCountOffset = 45
    static let headerSize = 48

    /// One entry: offset in the file and size, both `UInt64` bytes.
    static let sectionEntrySize = 16
    static let sectionTableSize = IndexSection.allCases.count * sectionEntrySize
    /// Sections begin at multiples of this.
    static let alignment = 8
    /// XXH64 of everything before it, the last bytes of the file.
    static let checksumSize = 8

    static var smallestFile: Int { headerSize + sectionTableSize + checksumSize }

    /// Ranges of one block: few enough that decoding half of them costs less than a cache miss, enough that the block
    /// starts stay small against the blocks.
    static let rangesPerBlock = 16
    /// "No scope", "no file", "no string" in 32-bit fields.
    static let none = UInt32.max
    /// Frames of one address; deeper chains are damage. Builders cut at this depth.
    static let maximumDepth = 4096
}

/// `scopes`: `parent` (another scope with a smaller index, or none) and `target`: the index of a call when there is a
/// parent, the index of the physical function when there is none.
enum ScopeRecord {
    static let size = 8
    static let parent = 0
    static let target = 4
}

/// `calls`: callee, then the place in the caller where it was inlined.
enum CallRecord {
    static let size = 16
    static let function = 0
    static let file = 4
    static let line = 8
    static let column = 12
}

/// `functions`.
enum FunctionRecord {
    static let size = 32
    static let name = 0
    static let fullName = 4
    static let linkageName = 8
    static let declarationFile = 12
    static let declarationLine = 16
    static let language = 20
    static let flags = 21
    static let reserved = 22
    static let entryAddress = 24
}

/// `loadSegments`.
enum LoadSegmentRecord {
    static let size = 40
    static let fileOffset = 0
    static let address = 8
    static let fileSize = 16
    static let memorySize = 24
    static let flags = 32
    static let reserved = 36
}

/// First byte of every entry of a block: which fields follow.
enum RangeFlags {
    static let scope: UInt8 = 1
    static let file: UInt8 = 2
    static let line: UInt8 = 4
    static let column: UInt8 = 8
    /// Nothing is known here until the next entry; stands alone.
    static let hole: UInt8 = 16
    static let known: UInt8 = 31
}
