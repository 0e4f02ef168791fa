/// The sections a line table refers to, and what its unit says about it.
struct LineTableInput: ~Escapable {
    /// `.debug_line`, decompressed.
    let line: RawSpan
    /// `.debug_line_str`; empty when absent.
    let lineStrings: RawSpan
    /// `.debug_str`; empty when absent.
    let strings: RawSpan
    let bigEndian: Bool

    @_lifetime(copy line, copy lineStrings, copy strings)
    init(line: RawSpan, lineStrings: RawSpan, strings: RawSpan, bigEndian: Bool) {
        self.line = line
        self.lineStrings = lineStrings
        self.strings = strings
        self.bigEndian = bigEndian
    }
}

/// The header of one line number program (DWARF 5, section 6.2.4; versions 2 to 5), with its directories and files still
/// unjoined.
///
///     unit_length version [address_size seg_size] header_length │ parameters │ directories │ files │ opcodes …
///                                                                └──────── header_length ─────────┘ └ program
struct LineHeader {
    /// Where a text stands; texts are copied only once they are joined to a path.
    enum Text {
        case none
        case inLine(Range<Int>)
        case inLineStrings(Range<Int>)
        case inStrings(Range<Int>)
    }

    struct FileEntry {
        var name: Text = .none
        var directory: UInt64 = 0
        var md5: [UInt8]?
        var source: Text = .none
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
    var directories: [Text] = []
    /// Version 5: entry n has number n. Before: entry n has number n + 1.
    var files: [FileEntry] = []
    /// The opcodes, as offsets in `.debug_line`.
    var program: Range<Int> = 0..<0

    /// The number that the first entry of `files` has in line programs and `DW_AT_decl_file`.
    var firstFileNumber: UInt64 { version >= 5 ? 0 : 1 }
}

extension LineHeader {
    /// Reads the header at `offset` of `.debug_line`.
    init(_ input: borrowing LineTableInput, at offset: UInt64, limits: DWARFLimits) throws(ReadFailure) {
        var reader = ByteReader(input.line, bigEndian: input.bigEndian)
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

        if version >= 5 {
            var budget = limits.textPerUnit &+ limits.embeddedSourcePerUnit
            directories = try Self.readEntries(&reader, input, is64Bit, limits, &budget).map(\.name)
            files = try Self.readEntries(&reader, input, is64Bit, limits, &budget)
        } else {
            try readOldTables(&reader, limits)
        }
    }

    /// `include_directories` and `file_names` of versions 2 to 4 (DWARF 4, section 6.2.4), each ended by an empty string.
    private mutating func readOldTables(_ reader: inout ByteReader, _ limits: DWARFLimits) throws(ReadFailure) {
        while true {
            let directory = try reader.cString()
            if directory.isEmpty { break }
            guard directories.count < limits.filesPerUnit else { throw Self.tooManyFiles(limits) }
            directories.append(.inLine(directory))
        }
        while true {
            let name = try reader.cString()
            if name.isEmpty { break }
            guard files.count < limits.filesPerUnit else { throw Self.tooManyFiles(limits) }
            files.append(try Self.oldEntry(name: name, &reader))
        }
    }

    /// The numbers behind a file's name before version 5: directory, modification time and length.
    static func oldEntry(name: Range<Int>, _ reader: inout ByteReader) throws(ReadFailure) -> FileEntry {
        let directory = try reader.uleb()
        _ = try reader.uleb()
        _ = try reader.uleb()
        return FileEntry(name: .inLine(name), directory: directory)
    }

    static func tooManyFiles(_ limits: DWARFLimits) -> ReadFailure {
        .limit(name: "filesPerUnit", maximum: limits.filesPerUnit)
    }

    /// A version 5 table: a list of (content type, form), then that many values an entry.
    private static func readEntries(
        _ reader: inout ByteReader, _ input: borrowing LineTableInput, _ is64Bit: Bool, _ limits: DWARFLimits,
        _ textBudget: inout Int
    ) throws(ReadFailure) -> [FileEntry] {
        let textLimit = ReadFailure.limit(name: "textPerUnit", maximum: limits.textPerUnit)
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
                let value = try LineEntryValue(
                    &reader, input, form: format.form, is64Bit: is64Bit, budget: &textBudget, limit: textLimit)
                switch (format.content, value) {
                case (LineContent.path, .text(let text)): entry.name = text
                case (LineContent.directoryIndex, .number(let number)): entry.directory = number
                case (LineContent.md5, .bytes(let bytes)) where bytes.count == 16:
                    entry.md5 = input.line.array(bytes)
                case (LineContent.llvmSource, .text(let text)): entry.source = text
                default: break  // Time, size and vendor contents are skipped by their form.
                }
            }
            entries.append(entry)
        }
        return entries
    }
}

/// One value of a version 5 directory or file entry.
private enum LineEntryValue {
    case text(LineHeader.Text)
    case number(UInt64)
    case bytes(Range<Int>)
    /// Understood, but in a section that is not read (`strx`, supplementary file).
    case elsewhere

    init(
        _ reader: inout ByteReader, _ input: borrowing LineTableInput, form: UInt64, is64Bit: Bool,
        budget: inout Int, limit: ReadFailure
    ) throws(ReadFailure) {
        switch UInt16(truncatingIfNeeded: min(form, 0xffff)) {
        case Form.string: self = .text(.inLine(try reader.cString()))
        case Form.lineStrp:
            let offset = try reader.offset(is64Bit: is64Bit)
            self = .text(.inLineStrings(try Self.string(input.lineStrings, offset, &budget, limit)))
        case Form.strp:
            let offset = try reader.offset(is64Bit: is64Bit)
            self = .text(.inStrings(try Self.string(input.strings, offset, &budget, limit)))
        case Form.udata: self = .number(try reader.uleb())
        case Form.sdata: self = .number(UInt64(bitPattern: try reader.sleb()))
        case Form.data1, Form.flag: self = .number(UInt64(try reader.u8()))
        case Form.data2: self = .number(UInt64(try reader.u16()))
        case Form.data4: self = .number(UInt64(try reader.u32()))
        case Form.data8: self = .number(try reader.u64())
        case Form.data16: self = try Self.block(&reader, 16)
        case Form.block: self = try Self.block(&reader, try reader.uleb())
        case Form.block1: self = try Self.block(&reader, UInt64(try reader.u8()))
        case Form.block2: self = try Self.block(&reader, UInt64(try reader.u16()))
        case Form.block4: self = try Self.block(&reader, UInt64(try reader.u32()))
        case Form.secOffset, Form.strpSup:
            _ = try reader.offset(is64Bit: is64Bit)
            self = .elsewhere
        case Form.strx:
            _ = try reader.uleb()
            self = .elsewhere
        case Form.strx1:
            try reader.skip(1)
            self = .elsewhere
        case Form.strx2:
            try reader.skip(2)
            self = .elsewhere
        case Form.strx3:
            try reader.skip(3)
            self = .elsewhere
        case Form.strx4:
            try reader.skip(4)
            self = .elsewhere
        default: throw .unsupported("form 0x\(String(form, radix: 16)) in a line table entry")
        }
    }

    private static func block(_ reader: inout ByteReader, _ count: UInt64) throws(ReadFailure) -> LineEntryValue {
        let start = reader.position
        try reader.skip(count)
        return .bytes(start..<reader.position)
    }

    private static func string(
        _ section: RawSpan, _ offset: UInt64, _ budget: inout Int, _ limit: ReadFailure
    ) throws(ReadFailure) -> Range<Int> {
        var reader = ByteReader(section, bigEndian: false)
        try reader.seek(to: offset)
        return try reader.cString(budget: &budget, limit: limit)
    }
}
