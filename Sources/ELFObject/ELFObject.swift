public import Bytes

/// What one ELF file is: its ids, tables, sections and symbols, read in place and checked against the file's size.
///
///        file                                 ELFObject
///     ┌──────────────────────┐
///     │ ELF header           │──▶ header      class, byte order, type, machine
///     ├──────────────────────┤
///     │ program headers      │──▶ loadSegments, baseAddress
///     ├──────────────────────┤
///     │ .note.gnu.build-id   │──▶ buildID ──▶ debugID
///     │ .text                │──▶ debugID, where there is no build id
///     │ .debug_info          │──▶ contents(of:)     a slice of the file,
///     │ .debug_line  (zstd)  │──▶ contents(of:)     or decompressed bytes
///     │ .symtab .strtab      │──▶ symbols()
///     │ .gnu_debuglink       │──▶ debugLink
///     │ .shstrtab            │
///     ├──────────────────────┤
///     │ section headers      │──▶ sections, kind, features
///     └──────────────────────┘
///
/// The file is an enemy until shown otherwise. Every offset and count is checked before it is used, every size is held
/// against `ELFLimits` before memory is taken, and nothing here opens a path or follows a name found in the file. The
/// result of a damaged file is a typed `ELFError`, or, for a part that the caller can do without, one of `warnings`.
///
/// Creating one costs the tables of headers and the notes, not the sections' contents. Values are immutable and may be
/// shared between threads.
public struct ELFObject: Sendable {
    /// What errors call the file.
    public let name: String
    /// The mapped file.
    public let file: MappedFile
    /// Class, byte order, type and machine.
    public let header: ELFHeader
    /// All sections in file order; the first is the null section. Empty when the file has no section headers.
    public let sections: [ELFSection]
    /// The `PT_LOAD` program headers in file order.
    public let loadSegments: [ELFLoadSegment]
    /// The descriptor of the first `NT_GNU_BUILD_ID` in a `PT_NOTE` segment, else in an `SHT_NOTE` section;
    /// `nil` for cores, whose notes are about the process.
    public let buildID: [UInt8]?
    /// The name and checksum of a separate debug file (`.gnu_debuglink`).
    public let debugLink: DebugLink?
    /// The path and build id of a file shared by several debug files (`.gnu_debugaltlink`, written by dwz).
    public let alternateLink: AlternateLink?
    /// The other half of debug information split by `dwz --dwarf-5 -m` (`.debug_sup`).
    public let supplementaryLink: SupplementaryLink?
    /// Where the allocated sections of a relocatable file have been put, in rising order of addresses; empty in linked
    /// files. Sections, symbols and relocated debug sections all speak of these addresses.
    public let layout: [SectionPlacement]
    /// What was damaged and has been done without: notes and links. Never a reason to refuse the file.
    public let warnings: [ELFError]
    /// The lowest load segment's address, rounded down to its page (`p_align`, at most 64 KiB); 0 without load
    /// segments.
    ///
    /// An address in a process is `image address + (address as linked − baseAddress)`.
    public let baseAddress: UInt64

    let limits: ELFLimits
    let budget: MemoryBudget
    let programHeaders: [ELFProgramHeader]

    /// Reads the headers, notes and links of `file`; `name` is used in errors only.
    public init(_ file: MappedFile, name: String, limits: ELFLimits = .default) throws(ELFError) {
        let (header, locations) = try readHeader(file.bytes, file: name)
        let reader = FieldReader(file.bytes, byteOrder: header.byteOrder, is64Bit: header.is64Bit)
        var (sections, programHeaderCount) = try readSections(reader, locations, file: name, limits: limits)
        let programHeaders = try readProgramHeaders(
            reader, locations, count: programHeaderCount, file: name, limits: limits)
        let loadSegments = programHeaders.filter { $0.type == ELFProgramHeader.load }.map {
            ELFLoadSegment(
                fileOffset: $0.fileOffset, address: $0.address, fileSize: $0.fileSize, memorySize: $0.memorySize,
                flags: $0.flags, alignment: $0.alignment)
        }
        layout = try layOut(&sections, header, file: name)
        var warnings: [ELFError] = []
        var notes = NoteSearch(file: name, limits: limits)
        // A core's notes may be many megabytes.
        buildID =
            header.type == .core
            ? nil : try notes.buildID(reader, programHeaders: programHeaders, sections: sections)
        warnings += notes.warnings
        debugLink = readDebugLink(reader, sections: sections, file: name, warnings: &warnings)
        alternateLink = readAlternateLink(reader, sections: sections, file: name, warnings: &warnings)
        supplementaryLink = readSupplementaryLink(reader, sections: sections, file: name, warnings: &warnings)
        baseAddress = lowestPage(of: loadSegments)
        self.name = name
        self.file = file
        self.header = header
        self.sections = sections
        self.loadSegments = loadSegments
        self.warnings = warnings
        self.limits = limits
        self.budget = MemoryBudget(limits.maximumTotalSize)
        self.programHeaders = programHeaders
    }

    /// The first section with exactly this name. Relocatable files may have several of one name: see `sections`.
    public func section(named name: String) -> ELFSection? {
        sections.first { $0.name == name }
    }

    /// The section `.debug_<name>`, or `.zdebug_<name>` in a file compressed the old way.
    public func debugSection(_ name: String) -> ELFSection? {
        section(named: ".debug_" + name) ?? section(named: ".zdebug_" + name)
    }

    /// The file's bytes, with its byte order and class.
    var reader: FieldReader {
        @_lifetime(borrow self)
        get { FieldReader(file.bytes, byteOrder: header.byteOrder, is64Bit: header.is64Bit) }
    }
}
