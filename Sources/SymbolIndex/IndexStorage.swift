import Bytes

/// The mapped file and where its sections lie; what every location, frame and string of an index holds on to.
///
/// Opening checks that sections and regions lie where they can; blocks and records are checked when they are read: an
/// index of 50 MB answers its first question after touching a handful of pages.
final class IndexStorage: Sendable {
    /// A section: offset in the file and number of records.
    struct Section: Sendable {
        var offset = 0
        var byteCount = 0
        var count = 0
        var end: Int { offset + byteCount }
    }

    let file: MappedFile
    /// The first byte of `file`: a look-up follows a dozen references, and each would pay for the way through the
    /// object otherwise. Safe to share and to keep: the memory is read-only and mapped as long as `file` lives, which
    /// is a constant of this object.
    nonisolated(unsafe) let base: UnsafeRawPointer
    let header: SymbolIndexHeader
    /// Set for a file of version 1, whose ranges and scopes are read by other code.
    let version1: Version1Sections?
    let regions: Section
    let directory: Section
    let blocks: Section
    let functions: Section
    let farEntries: Section
    let files: Section
    let strings: Section
    let loadSegments: Section
    let objectSections: Section
    let metadata: Section

    /// The whole file.
    var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // The file is a constant of this object: its bytes live as long as the object does.
            let file = file
            return _overrideLifetime(file.bytes, borrowing: self)
        }
    }

    init(_ file: MappedFile) throws(SymbolIndexError) {
        self.file = file
        let bytes = file.bytes
        header = try SymbolIndexHeader(bytes)
        guard let base = file.withUnsafeBytes({ $0.baseAddress }) else { throw .notAnIndex }
        self.base = base
        if header.formatVersion == Version1Sections.version {
            let sections = try Version1Sections(bytes)
            version1 = sections
            regions = Section()
            directory = Section()
            blocks = sections.blocks
            functions = sections.functions
            farEntries = Section()
            files = sections.files
            strings = sections.strings
            loadSegments = sections.loadSegments
            objectSections = Section()
            metadata = sections.metadata
            return
        }
        version1 = nil
        var sections: [Section] = []
        for (number, section) in IndexLayout.sections.enumerated() {
            sections.append(
                try Self.section(
                    section, bytes, entry: IndexLayout.headerSize + number * IndexLayout.sectionEntrySize,
                    first: IndexLayout.headerSize + IndexLayout.sectionTableSize,
                    recordSize: IndexLayout.recordSize(section)))
        }
        regions = sections[0]
        directory = sections[1]
        blocks = sections[2]
        functions = sections[3]
        farEntries = sections[4]
        files = sections[5]
        strings = sections[6]
        loadSegments = sections[7]
        objectSections = sections[8]
        metadata = sections[9]
        try checkRegions()
    }

    /// The section whose entry of the table stands at `entry`.
    static func section(
        _ kind: IndexSection, _ bytes: RawSpan, entry: Int, first: Int, recordSize: Int
    ) throws(SymbolIndexError) -> Section {
        let offset = bytes.uint64(at: entry)
        let size = bytes.uint64(at: entry + 8)
        let limit = UInt64(bytes.byteCount - IndexLayout.checksumSize)
        guard offset >= UInt64(first), offset <= limit, size <= limit - offset else {
            throw .damaged(section: kind, record: 0, reason: "section lies outside the file")
        }
        let record = UInt64(recordSize)
        guard size % record == 0, size / record < UInt64(IndexLayout.none) || record == 1 else {
            throw .damaged(section: kind, record: 0, reason: "section size is not a number of records")
        }
        return Section(offset: Int(offset), byteCount: Int(size), count: Int(size / record))
    }

    /// So that a look-up may trust the few numbers of a region. An index has some dozens of them.
    private func checkRegions() throws(SymbolIndexError) {
        var end: UInt64 = 0
        for number in 0..<regions.count {
            func damaged(_ reason: String) -> SymbolIndexError {
                .damaged(section: .regions, record: number, reason: reason)
            }
            let region = region(number)
            guard region.start < region.end, region.start >= end || number == 0 else {
                throw damaged("regions are not in rising order")
            }
            end = region.end
            guard region.bucketShift < 64, region.unitShift <= region.bucketShift else {
                throw damaged("impossible size of buckets")
            }
            guard region.blocks <= UInt64(blocks.byteCount),
                UInt64(region.blockBytes) <= UInt64(blocks.byteCount) - region.blocks
            else { throw damaged("blocks lie outside their section") }
            guard UInt64(region.firstBucket) + UInt64(region.bucketCount) <= UInt64(directory.count),
                (region.end - 1 - region.base) >> region.bucketShift < UInt64(region.bucketCount)
            else { throw damaged("buckets lie outside the directory") }
        }
    }

    // MARK: - Reading

    // Callers have checked that the eight bytes from `offset` on lie inside the file.

    @inline(__always) func uint64(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always) func uint32(_ offset: Int) -> UInt32 {
        UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always) func uint16(_ offset: Int) -> UInt16 {
        UInt16(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// Where the record of function `index` begins; `nil` when there is none.
    @inline(__always) func functionRecord(_ index: UInt32) -> Int? {
        Int(index) < functions.count ? functions.offset &+ Int(index) &* FunctionRecord.size : nil
    }

    /// Where the declaration of the function stands, by its record. Not for version 1.
    @inline(__always) func declaration(_ record: Int) -> FunctionDeclaration {
        FunctionDeclaration(
            file: uint32(record &+ FunctionRecord.declarationFile),
            line: uint32(record &+ FunctionRecord.declarationLine))
    }

    /// A text in `strings`, as offsets in the file; `nil` for none and for one that lies outside.
    @inline(__always) func text(_ offset: UInt32, _ length: UInt32) -> Range<Int>? {
        guard UInt64(offset) &+ UInt64(length) <= UInt64(strings.byteCount) else { return nil }
        let start = strings.offset &+ Int(offset)
        return Range(uncheckedBounds: (start, start &+ Int(length)))
    }

    /// One of the texts of a function's record, as offsets in the file; `nil` for none.
    @inline(__always) func text(_ record: Int, _ offsetField: Int, _ lengthField: Int) -> Range<Int>? {
        let offset = uint32(record &+ offsetField)
        let length = uint16(record &+ lengthField)
        if length != FunctionRecord.longText { return text(offset, UInt32(length)) }
        guard offset != IndexLayout.none, offset >= 4, Int(offset) <= strings.byteCount else { return nil }
        return text(offset, uint32(strings.offset &+ Int(offset) &- 4))
    }

    /// The path of file `index`, as offsets in the file; `nil` for none.
    func pathRange(_ index: UInt32) -> Range<Int>? {
        guard let version1 else { return path(ofFile: index) }
        return Int(index) < files.count ? version1.path(index, bytes) : nil
    }

    /// The same, not for version 1.
    @inline(__always) func path(ofFile index: UInt32) -> Range<Int>? {
        guard Int(index) < files.count else { return nil }
        let record = files.offset &+ Int(index) &* FileRecord.size
        return text(uint32(record &+ FileRecord.path), uint32(record &+ FileRecord.length))
    }

    /// The path of file `index`; `nil` for none.
    func path(of index: UInt32) -> IndexedString? {
        pathRange(index).map { IndexedString(storage: self, range: $0) }
    }
}
