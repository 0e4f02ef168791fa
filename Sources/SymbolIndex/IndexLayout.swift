/// The sections of an index, for errors and reports. Each version of the format has its own selection and order of
/// them.
public enum IndexSection: Sendable {
    /// Slices of the address space: where their buckets and blocks lie, 40 bytes each.
    case regions
    /// Where the block of each bucket begins, `UInt32`.
    case directory
    /// What is known in a bucket of addresses: ranges and inline chains, packed.
    case blocks
    /// Functions, 32 bytes each.
    case functions
    /// Entry addresses that lie far from the base address, 16 bytes each.
    case farEntries
    /// Source files: where the path lies, 8 bytes each.
    case files
    /// Texts in UTF-8, one behind the other.
    case strings
    /// Load segments, 40 bytes each.
    case loadSegments
    /// Sections of a relocatable object, 40 bytes each.
    case objectSections
    /// What the index was made from; parsed only when asked.
    case metadata

    /// Version 1: first address of every block, `UInt64`, ascending.
    case blockStarts
    /// Version 1: where each block begins in `blocks`, `UInt32`.
    case blockOffsets
    /// Version 1: inline tree, parent and call, 8 bytes each.
    case scopes
    /// Version 1: callee and call site, 16 bytes each.
    case calls
}

/// The fixed numbers of format version 2. All integers are little-endian. `Documentation/SymbolIndexFormat.md` explains
/// them; the tests pin them.
enum IndexLayout {
    /// PNG's trick: a byte no text has, then letters, then a line end that a text-mode copy would change.
    static let magic: [UInt8] = [0x89, 0x53, 0x59, 0x4D, 0x49, 0x44, 0x58, 0x0A]
    static let version: UInt32 = 2

    // The same in version 1.
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
    // Since version 2.
    static let scopeCountOffset = 48
    static let blockCountOffset = 56
    static let headerSize = 64

    /// The sections in the order of the file.
    static let sections: [IndexSection] = [
        .regions, .directory, .blocks, .functions, .farEntries, .files, .strings, .loadSegments, .objectSections,
        .metadata,
    ]
    /// One entry: offset in the file and size, both `UInt64` bytes.
    static let sectionEntrySize = 16
    static let sectionTableSize = sections.count * sectionEntrySize
    /// Sections begin at multiples of this: a line of the processor's cache, so that records do not cross lines.
    static let alignment = 64
    /// XXH64 of everything before it, the last bytes of the file. Also what makes it safe to read 8 bytes at any place
    /// of a section.
    static let checksumSize = 8

    static var smallestFile: Int { headerSize + sectionTableSize + checksumSize }

    /// "No file", "no function", "no text" in 32-bit fields.
    static let none = UInt32.max
    /// Frames of one address; deeper chains are damage. Builders cut at this depth.
    static let maximumDepth = 4096

    /// Bytes of one record; 1 for the sections that are streams.
    static func recordSize(_ section: IndexSection) -> Int {
        switch section {
        case .regions: RegionRecord.size
        case .directory: 4
        case .functions: FunctionRecord.size
        case .farEntries: FarEntryRecord.size
        case .files: FileRecord.size
        case .loadSegments: LoadSegmentRecord.size
        case .objectSections: ObjectSectionRecord.size
        case .blocks, .strings, .metadata, .blockStarts, .blockOffsets, .scopes, .calls: 1
        }
    }
}

/// `regions`: in rising order, not overlapping.
enum RegionRecord {
    static let size = 40
    /// The first address.
    static let start = 0
    /// The first address behind.
    static let end = 8
    /// Offset of the region's first block in `blocks`.
    static let blocks = 16
    /// Bytes of the region's blocks.
    static let blockBytes = 24
    /// Number of the region's first bucket in `directory`.
    static let firstBucket = 28
    static let bucketCount = 32
    /// Log₂ of a bucket's bytes of address space.
    static let bucketShift = 36
    /// Log₂ of the unit in which addresses within a bucket are counted.
    static let unitShift = 37
    static let reserved = 38
}

/// `directory`.
enum DirectoryEntry {
    /// No range begins in this bucket: the last one of the block before it goes on.
    static let continues: UInt32 = 1 << 31
    /// Where the block begins, in bytes behind the region's first.
    static let offset: UInt32 = continues - 1
}

/// `functions`. Lengths are 16 bits; 0xFFFF means that the length stands in the four bytes before the text.
enum FunctionRecord {
    static let size = 32
    static let fullName = 0
    static let name = 4
    static let linkageName = 8
    static let fullNameLength = 12
    static let nameLength = 14
    static let linkageNameLength = 16
    static let language = 18
    static let flags = 19
    static let declarationFile = 20
    static let declarationLine = 24
    /// Relative to the base address; 0xFFFFFFFF for none, 0xFFFFFFFE for one in `farEntries`.
    static let entry = 28

    static let longText: UInt16 = .max
    static let noEntry: UInt32 = .max
    static let farEntry: UInt32 = .max - 1
}

/// `farEntries`: in rising order of functions.
enum FarEntryRecord {
    static let size = 16
    static let function = 0
    static let reserved = 4
    static let address = 8
}

/// `files`.
enum FileRecord {
    static let size = 8
    static let path = 0
    static let length = 4
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

/// `objectSections`.
enum ObjectSectionRecord {
    static let size = 40
    static let address = 0
    static let byteCount = 8
    static let fileOffset = 16
    static let name = 24
    static let nameLength = 28
    static let number = 32
    static let reserved = 36
}
