/// Where a line table is looked for, and what its texts refer to.
struct LineTableInput {
    /// The file that holds `.debug_line` and the strings.
    let space: DebugSpace
    /// `.debug_line`, or a package's contribution to it.
    let line: SectionBytes
    /// Where `line` starts in its section.
    let lineStart: Int
    /// The supplementary file, for `DW_FORM_strp_sup`.
    let supplementary: DebugSpace?

    init(_ space: DebugSpace, supplementary: DebugSpace? = nil) {
        self.space = space
        self.supplementary = supplementary
        line = space.line
        lineStart = 0
    }
}

/// The header of one line number program (DWARF 5, section 6.2.4; versions 2 to 5), with its directories and files still
/// unjoined.
///
///     unit_length version [address_size seg_size] header_length │ parameters │ directories │ files │ opcodes …
///                                                                └──────── header_length ─────────┘ └ program
struct LineHeader {
    struct FileEntry {
        var name = TextReference.none
        var directory: UInt64 = 0
        /// Where the 16 bytes of the checksum stand in `.debug_line`.
        var md5: Int?
        var source = TextReference.none
    }

    var version: UInt16 = 0
    var is64Bit = false
    var minimumInstructionLength: UInt8 = 1
    var maximumOperations: UInt8 = 1
    var lineBase: Int8 = 0
    var lineRange: UInt8 = 1
    var opcodeBase: UInt8 = 1
    /// Number of LEB128 operands of each standard opcode, from opcode 1 on.
    var standardOpcodeLengths: [UInt8] = []
    /// Version 5: entry 0 is the compilation directory. Before: entry n has number n + 1.
    var directories: [TextReference] = []
    /// Version 5: entry n has number n. Before: entry n has number n + 1.
    var files: [FileEntry] = []
    /// The opcodes, as offsets in `.debug_line`.
    var program: Range<Int> = 0..<0

    /// A table without files.
    init() {}

    /// The number that the first entry of `files` has in line programs and `DW_AT_decl_file`.
    var firstFileNumber: UInt64 { version >= 5 ? 0 : 1 }

    /// The index in `files` of a file number; −1 when the table has none such.
    func fileIndex(_ number: UInt64) -> Int32 {
        let index = number &- firstFileNumber
        return index < UInt64(files.count) ? Int32(truncatingIfNeeded: index) : -1
    }

    /// The text of the directory entry of `file`; none for the compilation directory.
    func directory(of file: FileEntry) -> TextReference {
        let index = version >= 5 ? file.directory : file.directory &- 1
        return index < UInt64(directories.count) ? directories[Int(index)] : .none
    }

    /// Where the directory of `file` starts: `compilationDirectory`, the unit's, unless the table says it again.
    ///
    /// Entry 0 of a version 5 table *is* the compilation directory (DWARF 5, section 6.2.4). Where that is a relative path,
    /// as `-ffile-prefix-map` leaves it in Debian's libjvm (`make/hotspot`), joining both would double it; GNU addr2line
    /// and symbolic do. Another relative directory there, such as `.`, is relative to the unit's.
    func start(
        of file: FileEntry, _ compilationDirectory: TextReference, _ inputs: DebugInputs
    ) -> TextReference {
        guard version >= 5, file.directory == 0, let own = directories.first else { return compilationDirectory }
        return inputs.bytes(of: own).elementsEqual(inputs.bytes(of: compilationDirectory))
            ? .none : compilationDirectory
    }
}

extension LineHeader {
    /// How many bytes the whole table takes, program included; `nil` when that leads out of the section.
    static func end(_ input: LineTableInput, at offset: UInt64) -> Int? {
        UnitHeader.end(input.line, at: Int(clamping: offset), bigEndian: input.space.bigEndian)
    }

    /// Reads the header at `offset` of `.debug_line`.
    init(_ input: LineTableInput, at offset: UInt64, limits: DWARFLimits) throws(ReadFailure) {
        var reader = ByteReader(input.line, bigEndian: input.space.bigEndian)
        try reader.seek(to: offset)
        let (length, is64Bit) = try reader.initialLength()
        self.is64Bit = is64Bit
        try reader.limit(toNext: length)
        let unitEnd = reader.end
        version = try reader.u16()
        guard (2...5).contains(version) else { throw .unsupported("line table version \(version)") }
        if version >= 5 {
            let addressSize = try reader.u8()
            guard [2, 4, 8].contains(addressSize) else { throw .malformed("line table address_size \(addressSize)") }
            let selectorSize = try reader.u8()
            guard selectorSize == 0 else { throw .unsupported("segment selectors of \(selectorSize) bytes") }
        }
        let headerLength = try reader.offset(is64Bit: is64Bit)
        try reader.limit(toNext: headerLength)
        program = reader.end..<unitEnd

        minimumInstructionLength = try reader.u8()
        if version >= 4 { maximumOperations = max(1, try reader.u8()) }
        _ = try reader.u8()  // default_is_stmt: every row counts for looking up an address.
        lineBase = Int8(bitPattern: try reader.u8())
        lineRange = try reader.u8()
        opcodeBase = try reader.u8()
        guard opcodeBase > 0 else { throw .malformed("opcode_base 0") }
        for _ in 1..<UInt16(opcodeBase) { standardOpcodeLengths.append(try reader.u8()) }

        var texts = LineTexts(input, is64Bit: is64Bit, limits: limits)
        if version >= 5 {
            directories = try Self.readEntries(&reader, &texts, limits).map(\.name)
            files = try Self.readEntries(&reader, &texts, limits)
        } else {
            try readOldTables(&reader, input, limits)
        }
        try texts.checkPaths(self, limits)
    }

    /// `include_directories` and `file_names` of versions 2 to 4 (DWARF 4, section 6.2.4), each ended by an empty string.
    private mutating func readOldTables(
        _ reader: inout ByteReader, _ input: LineTableInput, _ limits: DWARFLimits
    ) throws(ReadFailure) {
        while true {
            let directory = try reader.cString()
            if directory.isEmpty { break }
            guard directories.count < limits.filesPerUnit else { throw Self.tooManyFiles(limits) }
            directories.append(input.inLine(directory))
        }
        while true {
            let name = try reader.cString()
            if name.isEmpty { break }
            guard files.count < limits.filesPerUnit else { throw Self.tooManyFiles(limits) }
            files.append(try Self.oldEntry(input.inLine(name), &reader))
        }
    }

    /// The numbers behind a file's name before version 5: directory, modification time and length.
    static func oldEntry(_ name: TextReference, _ reader: inout ByteReader) throws(ReadFailure) -> FileEntry {
        let directory = try reader.uleb()
        _ = try reader.uleb()
        _ = try reader.uleb()
        return FileEntry(name: name, directory: directory)
    }

    static func tooManyFiles(_ limits: DWARFLimits) -> ReadFailure {
        .limit(name: "filesPerUnit", maximum: limits.filesPerUnit)
    }

    /// A version 5 table: a list of (content type, form), then that many values an entry.
    private static func readEntries(
        _ reader: inout ByteReader, _ texts: inout LineTexts, _ limits: DWARFLimits
    ) throws(ReadFailure) -> [FileEntry] {
        var formats: [(content: UInt64, form: UInt64)] = []
        for _ in 0..<(try reader.u8()) { formats.append((try reader.uleb(), try reader.uleb())) }
        let count = try reader.uleb()
        if count == 0 { return [] }
        // Every form read below takes at least one byte, so with a format the bytes at hand bound the count.
        guard !formats.isEmpty else { throw .malformed("\(count) line table entries without a format") }
        guard count <= UInt64(limits.filesPerUnit) else { throw tooManyFiles(limits) }
        guard count <= UInt64(reader.remaining) else { throw .truncated }
        var entries: [FileEntry] = []
        entries.reserveCapacity(Int(count))
        for _ in 0..<count {
            var entry = FileEntry()
            for format in formats {
                let value = try texts.value(&reader, form: format.form)
                switch (format.content, value) {
                case (LineContent.path, .text(let text)): entry.name = text
                case (LineContent.directoryIndex, .number(let number)): entry.directory = number
                case (LineContent.md5, .bytes(let bytes)) where bytes.count == 16: entry.md5 = bytes.lowerBound
                case (LineContent.llvmSource, .text(let text)): entry.source = text
                default: break  // Time, size and vendor contents are skipped by their form.
                }
            }
            entries.append(entry)
        }
        return entries
    }
}

extension LineTableInput {
    /// A text that stands in `.debug_line` itself.
    func inLine(_ range: Range<Int>) -> TextReference {
        TextReference(section: space.textSection(.line), offset: UInt64(lineStart + range.lowerBound))
    }
}

/// One value of a version 5 directory or file entry.
enum LineEntryValue {
    case text(TextReference)
    case number(UInt64)
    case bytes(Range<Int>)
    /// Understood, but in a section that is not read (`strx`) or not at hand (supplementary file).
    case elsewhere
}

/// Reads the values of directory and file entries.
struct LineTexts {
    private let input: LineTableInput
    private let is64Bit: Bool
    private let nameLength: Int

    init(_ input: LineTableInput, is64Bit: Bool, limits: DWARFLimits) {
        self.input = input
        self.is64Bit = is64Bit
        nameLength = limits.nameLength
    }

    mutating func value(_ reader: inout ByteReader, form: UInt64) throws(ReadFailure) -> LineEntryValue {
        switch UInt16(truncatingIfNeeded: min(form, 0xffff)) {
        case Form.string: return .text(input.inLine(try reader.cString()))
        case Form.lineStrp: return try text(input.space, .lineStrings, try reader.offset(is64Bit: is64Bit))
        case Form.strp: return try text(input.space, .strings, try reader.offset(is64Bit: is64Bit))
        case Form.strpSup:
            let offset = try reader.offset(is64Bit: is64Bit)
            guard let supplementary = input.supplementary else { return .elsewhere }
            return try text(supplementary, .strings, offset)
        case Form.udata: return .number(try reader.uleb())
        case Form.sdata: return .number(UInt64(bitPattern: try reader.sleb()))
        case Form.data1, Form.flag: return .number(UInt64(try reader.u8()))
        case Form.data2: return .number(UInt64(try reader.u16()))
        case Form.data4: return .number(UInt64(try reader.u32()))
        case Form.data8: return .number(try reader.u64())
        case Form.data16: return try Self.block(&reader, 16)
        case Form.block: return try Self.block(&reader, try reader.uleb())
        case Form.block1: return try Self.block(&reader, UInt64(try reader.u8()))
        case Form.block2: return try Self.block(&reader, UInt64(try reader.u16()))
        case Form.block4: return try Self.block(&reader, UInt64(try reader.u32()))
        case Form.secOffset: _ = try reader.offset(is64Bit: is64Bit)
        case Form.strx: _ = try reader.uleb()
        case Form.strx1: try reader.skip(1)
        case Form.strx2: try reader.skip(2)
        case Form.strx3: try reader.skip(3)
        case Form.strx4: try reader.skip(4)
        default: throw .unsupported("form 0x\(String(form, radix: 16)) in a line table entry")
        }
        return .elsewhere
    }

    private static func block(_ reader: inout ByteReader, _ count: UInt64) throws(ReadFailure) -> LineEntryValue {
        let start = reader.position
        try reader.skip(count)
        return .bytes(start..<reader.position)
    }

    private func text(
        _ space: DebugSpace, _ section: DebugSpace.TextSection, _ offset: UInt64
    ) throws(ReadFailure) -> LineEntryValue {
        guard offset < UInt64(space.bytes(section).count) else { throw .truncated }
        return .text(TextReference(section: space.textSection(section), offset: offset))
    }

    /// Stops a header whose thousands of entries share one huge text: joined, the paths would fill the memory.
    mutating func checkPaths(_ header: LineHeader, _ limits: DWARFLimits) throws(ReadFailure) {
        var budget = limits.textPerUnit
        let directories = header.directories.map { length($0) }
        for file in header.files {
            let index = header.version >= 5 ? file.directory : file.directory &- 1
            let directory = index < UInt64(directories.count) ? directories[Int(index)] : 0
            budget -= min(budget + 1, length(file.name) + directory)
            guard budget >= 0 else { throw .limit(name: "textPerUnit", maximum: limits.textPerUnit) }
        }
    }

    private func length(_ text: TextReference) -> Int {
        guard !text.isNone, let section = DebugSpace.TextSection(rawValue: (text.section - 1) % 4 + 1) else { return 0 }
        let space = (text.section - 1) / 4 == input.space.number ? input.space : input.supplementary
        return space?.bytes(section).textLength(at: text.offset, maximum: nameLength) ?? 0
    }
}
