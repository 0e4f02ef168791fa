import Bytes

/// The mapped file and where its sections lie; what every location, frame and string of an index holds on to.
///
/// Opening checks that the sections lie inside the file. Records are checked when they are read: an index of 50 MB
/// answers its first question after touching a handful of pages.
final class IndexStorage: Sendable {
    /// A section: offset in the file and number of records.
    struct Section: Sendable {
        var offset = 0
        var byteCount = 0
        var count = 0
        var end: Int { offset + byteCount }
    }

    let file: MappedFile
    let header: SymbolIndexHeader
    let blockStarts: Section
    let blockOffsets: Section
    let blocks: Section
    let scopes: Section
    let calls: Section
    let functions: Section
    let files: Section
    let strings: Section
    let loadSegments: Section
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
        blockStarts = try Self.section(.blockStarts, bytes)
        blockOffsets = try Self.section(.blockOffsets, bytes)
        blocks = try Self.section(.blocks, bytes)
        scopes = try Self.section(.scopes, bytes)
        calls = try Self.section(.calls, bytes)
        functions = try Self.section(.functions, bytes)
        files = try Self.section(.files, bytes)
        strings = try Self.section(.strings, bytes)
        loadSegments = try Self.section(.loadSegments, bytes)
        metadata = try Self.section(.metadata, bytes)
        guard blockStarts.count == blockOffsets.count else {
            throw .damaged(
                section: .blockOffsets, record: blockOffsets.count, reason: "not as many as block starts")
        }
    }

    private static func section(_ kind: IndexSection, _ bytes: RawSpan) throws(SymbolIndexError) -> Section {
        let entry = IndexLayout.headerSize + kind.rawValue * IndexLayout.sectionEntrySize
        let offset = bytes.uint64(at: entry)
        let size = bytes.uint64(at: entry + 8)
        let first = UInt64(IndexLayout.headerSize + IndexLayout.sectionTableSize)
        let limit = UInt64(bytes.byteCount - IndexLayout.checksumSize)
        guard offset >= first, offset <= limit, size <= limit - offset else {
            throw .damaged(section: kind, record: 0, reason: "section lies outside the file")
        }
        let record = UInt64(kind.recordSize)
        guard size % record == 0, size / record < UInt64(IndexLayout.none) || record == 1 else {
            throw .damaged(section: kind, record: 0, reason: "section size is not a number of records")
        }
        return Section(offset: Int(offset), byteCount: Int(size), count: Int(size / record))
    }

    /// Where record `index` of the section begins; `nil` when there is none.
    @inline(__always)
    static func offset(_ index: UInt32, in section: Section, size: Int) -> Int? {
        guard Int(index) < section.count else { return nil }
        return section.offset + Int(index) * size
    }

    /// The string at `reference`: its bytes' offset in the file and their number; empty for "none" and for damage.
    func string(at reference: UInt32, _ bytes: RawSpan) -> Range<Int>? {
        guard reference != IndexLayout.none, Int(reference) < strings.byteCount else { return nil }
        var position = strings.offset + Int(reference)
        guard let length = bytes.unsignedLEB(at: &position, end: strings.end),
            length <= UInt64(strings.end - position)
        else { return nil }
        return position..<position + Int(length)
    }

    /// The path of file `index`; `nil` for none.
    func path(of index: UInt32) -> IndexedString? {
        guard let offset = Self.offset(index, in: files, size: 4),
            let range = string(at: bytes.uint32(at: offset), bytes)
        else { return nil }
        return IndexedString(storage: self, range: range)
    }
}
