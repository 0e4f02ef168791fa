/// The kind of ELF object that an index was made from.
public enum IndexedObjectKind: UInt8, Sendable {
    case other = 0
    case executable = 1
    case library = 2
    /// A separate debug file: sections of code without contents.
    case debug = 3
    case relocatable = 4
    case core = 5
}

/// The byte order of the object; the index itself is always little-endian. Raw values are ELF's `ELFDATA…`.
public enum IndexedByteOrder: UInt8, Sendable {
    case unknown = 0
    case little = 1
    case big = 2
}

/// The fixed fields at the start of an index, read when it is opened.
public struct SymbolIndexHeader: Equatable, Sendable {
    /// The version of the format; one of `SymbolIndex.readableVersions`.
    public let formatVersion: UInt32
    /// The revision of the builder that wrote the file. Another revision means that the same inputs may give another,
    /// better index.
    public let builderRevision: UInt32
    /// The link address at which the image's first byte stands: run-time address − image base + this = address to look
    /// up.
    public let baseAddress: UInt64
    /// Ranges in the index, holes included.
    public let rangeCount: UInt64
    /// ELF `e_machine`.
    public let machine: UInt16
    /// Of the object, not of the index.
    public let byteOrder: IndexedByteOrder
    /// Of the object.
    public let kind: IndexedObjectKind
    /// How much the index can say.
    public let quality: IndexQuality
    /// Scopes that the builder gave; 0 in version 1.
    let scopeCount: UInt64
    /// Blocks; 0 in version 1.
    let blockCount: UInt64
    /// The size of the whole file in bytes.
    public let fileSize: UInt64

    init(_ bytes: RawSpan) throws(SymbolIndexError) {
        guard bytes.byteCount >= IndexLayout.magic.count else { throw .notAnIndex }
        for (position, byte) in IndexLayout.magic.enumerated() where bytes.uint8(at: position) != byte {
            throw .notAnIndex
        }
        guard bytes.byteCount >= IndexLayout.versionOffset + 4 else {
            throw .wrongSize(expected: UInt64(IndexLayout.smallestFile), actual: UInt64(bytes.byteCount))
        }
        formatVersion = bytes.uint32(at: IndexLayout.versionOffset)
        guard SymbolIndex.readableVersions.contains(formatVersion) else {
            throw .unsupportedVersion(found: formatVersion, supported: IndexLayout.version)
        }
        let isVersion1 = formatVersion == Version1Sections.version
        let smallest = isVersion1 ? Version1Sections.smallestFile : IndexLayout.smallestFile
        guard bytes.byteCount >= smallest else {
            throw .wrongSize(expected: UInt64(smallest), actual: UInt64(bytes.byteCount))
        }
        fileSize = bytes.uint64(at: IndexLayout.fileSizeOffset)
        guard fileSize == UInt64(bytes.byteCount) else {
            throw .wrongSize(expected: fileSize, actual: UInt64(bytes.byteCount))
        }
        builderRevision = bytes.uint32(at: IndexLayout.builderRevisionOffset)
        baseAddress = bytes.uint64(at: IndexLayout.baseAddressOffset)
        rangeCount = bytes.uint64(at: IndexLayout.rangeCountOffset)
        machine = bytes.uint16(at: IndexLayout.machineOffset)
        scopeCount = isVersion1 ? 0 : bytes.uint64(at: IndexLayout.scopeCountOffset)
        blockCount = isVersion1 ? 0 : bytes.uint64(at: IndexLayout.blockCountOffset)
        let sections = isVersion1 ? Version1Sections.order.count : IndexLayout.sections.count
        guard Int(bytes.uint8(at: IndexLayout.sectionCountOffset)) == sections else {
            throw .damaged(section: .metadata, record: 0, reason: "wrong number of sections")
        }
        guard let byteOrder = IndexedByteOrder(rawValue: bytes.uint8(at: IndexLayout.byteOrderOffset)),
            let kind = IndexedObjectKind(rawValue: bytes.uint8(at: IndexLayout.kindOffset)),
            let quality = IndexQuality(rawValue: Int(bytes.uint8(at: IndexLayout.qualityOffset)))
        else {
            throw .damaged(section: .metadata, record: 0, reason: "unknown byte order, kind or quality")
        }
        self.byteOrder = byteOrder
        self.kind = kind
        self.quality = quality
    }
}
