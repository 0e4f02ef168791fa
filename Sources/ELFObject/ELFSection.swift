/// One section header (gABI, "Section Header"): where a named piece of the file is and what it holds.
///
/// Offsets and sizes are the file's claims; `ELFObject.contents(of:)` checks them.
public struct ELFSection: Sendable, Equatable {
    /// The place in the section header table; 0 is the reserved null section.
    public let index: Int
    /// The name, empty when the file has no section names.
    public let name: String
    /// `sh_type`, one of the constants below or another number.
    public let type: UInt32
    /// `sh_flags`.
    public let flags: UInt64
    /// `sh_addr`: the address as linked, 0 for sections that are not loaded. In a relocatable file the address that
    /// `ELFObject.layout` gave it.
    public internal(set) var address: UInt64
    /// `sh_offset`: where the bytes begin in the file.
    public let fileOffset: UInt64
    /// `sh_size`: the bytes in the file (compressed, where it is compressed); for `SHT_NOBITS` the bytes in memory.
    public let size: UInt64
    /// `sh_link`: another section's index; for a symbol table, its string table.
    public let link: UInt32
    /// `sh_info`.
    public let info: UInt32
    /// `sh_addralign`.
    public let alignment: UInt64
    /// `sh_entsize`: the size of one entry, for tables.
    public let entrySize: UInt64

    /// `SHT_SYMTAB`.
    public static let symbolTable: UInt32 = 2
    /// `SHT_STRTAB`.
    public static let stringTable: UInt32 = 3
    /// `SHT_RELA`.
    static let relocationsWithAddends: UInt32 = 4
    /// `SHT_REL`.
    static let relocations: UInt32 = 9
    /// `SHT_CREL`, LLVM's compact form, still an experiment.
    static let compactRelocations: UInt32 = 0x4000_0014
    /// `SHT_NOTE`.
    public static let note: UInt32 = 7
    /// `SHT_NOBITS`.
    public static let noBits: UInt32 = 8
    /// `SHT_DYNSYM`.
    public static let dynamicSymbols: UInt32 = 11
    /// `SHT_SYMTAB_SHNDX`: section indexes that do not fit into 16 bits.
    public static let symbolSectionIndexes: UInt32 = 18

    /// Its bytes are in this file: neither the null section (`SHT_NULL`) nor `SHT_NOBITS`.
    public var hasContents: Bool { type != 0 && type != ELFSection.noBits }
    /// Part of the memory image (`SHF_ALLOC`).
    public var isAllocated: Bool { flags & 2 != 0 }
    /// Machine code (`SHF_EXECINSTR`).
    public var isExecutable: Bool { flags & 4 != 0 }
    /// Part of a group that exists once in a program, however many object files have it (`SHF_GROUP`).
    var isGroupMember: Bool { flags & 0x200 != 0 }
    /// Compressed in either form: `SHF_COMPRESSED`, or GNU's older one, told by the name `.zdebug_…`.
    public var isCompressed: Bool { hasCompressionHeader || name.hasPrefix(".zdebug_") }
    /// Begins with an `Elf32_Chdr` or `Elf64_Chdr` (`SHF_COMPRESSED`).
    var hasCompressionHeader: Bool { flags & 0x800 != 0 }
}

/// Reads the section header table, if there is one (gABI, "Sections", with the extensions for more than 65,279
/// sections).
func readSections(
    _ reader: borrowing FieldReader, _ locations: ELFTableLocations, file: String, limits: ELFLimits
) throws(ELFError) -> (sections: [ELFSection], programHeaderCount: UInt64) {
    guard locations.sectionHeaderOffset != 0 else {
        guard locations.programHeaderCount != 0xffff else {
            throw .malformed(
                file: file, place: "e_phnum", problem: "refers to section 0 (PN_XNUM), but there are no sections")
        }
        return ([], UInt64(locations.programHeaderCount))
    }
    let entrySize: UInt64 = reader.is64Bit ? 64 : 40
    guard let first = reader.record(at: locations.sectionHeaderOffset, size: entrySize) else {
        throw .malformed(file: file, place: "e_shoff", problem: "the section header table is outside the file")
    }
    // Counts too large for the header's 16 bits stand in the null section: sections in sh_size, the name table's
    // index in sh_link, program headers in sh_info.
    let null = rawSection(first, index: 0)
    let count = locations.sectionHeaderCount == 0 ? null.size : UInt64(locations.sectionHeaderCount)
    let nameIndex = locations.sectionNameIndex == 0xffff ? UInt64(null.link) : UInt64(locations.sectionNameIndex)
    let programHeaders =
        locations.programHeaderCount == 0xffff ? UInt64(null.info) : UInt64(locations.programHeaderCount)
    guard count <= UInt64(limits.maximumSections) else {
        throw .limitExceeded(
            file: file, place: "number of sections", value: count, limit: UInt64(limits.maximumSections),
            setting: "ELFLimits.maximumSections")
    }
    let (tableSize, overflow) = count.multipliedReportingOverflow(by: entrySize)
    guard !overflow, let table = reader.record(at: locations.sectionHeaderOffset, size: tableSize) else {
        throw .malformed(
            file: file, place: "section header table", problem: "its \(count) entries reach beyond the end of the file")
    }
    var raw: [RawSection] = []
    raw.reserveCapacity(Int(count))
    for index in 0..<Int(count) {
        guard let record = table.record(at: UInt64(index) * entrySize, size: entrySize) else { break }
        raw.append(rawSection(record, index: index))
    }
    return (try named(raw, nameIndex: nameIndex, reader, file: file, limits: limits), programHeaders)
}

/// A section header whose name is still an offset.
private struct RawSection {
    var nameOffset: UInt32
    var index: Int
    var type: UInt32
    var flags: UInt64
    var address: UInt64
    var fileOffset: UInt64
    var size: UInt64
    var link: UInt32
    var info: UInt32
    var alignment: UInt64
    var entrySize: UInt64
}

private func rawSection(_ record: borrowing FieldReader, index: Int) -> RawSection {
    RawSection(
        nameOffset: record.u32(0), index: index, type: record.u32(4), flags: record.word(8, 8),
        address: record.word(12, 16), fileOffset: record.word(16, 24), size: record.word(20, 32),
        link: record.u32(24, 40), info: record.u32(28, 44), alignment: record.word(32, 48),
        entrySize: record.word(36, 56))
}

private func named(
    _ raw: [RawSection], nameIndex: UInt64, _ reader: borrowing FieldReader, file: String, limits: ELFLimits
) throws(ELFError) -> [ELFSection] {
    var names: FieldReader?
    if nameIndex != 0, !raw.isEmpty {
        guard nameIndex < UInt64(raw.count) else {
            throw .malformed(
                file: file, place: "e_shstrndx", problem: "\(nameIndex) is not one of the \(raw.count) sections")
        }
        let section = raw[Int(nameIndex)]
        // A NOBITS name table holds no names in this file: the sections stay, without names.
        if section.type != ELFSection.noBits {
            names = reader.record(at: section.fileOffset, size: section.size)
            guard names != nil else {
                throw .malformed(
                    file: file, place: "section name table", problem: "reaches beyond the end of the file")
            }
        }
    }
    var sections: [ELFSection] = []
    sections.reserveCapacity(raw.count)
    var nameBytes = 0
    for entry in raw {
        var name = ""
        if let names, entry.type != 0 || entry.nameOffset != 0 {
            switch cString(in: names.bytes, at: UInt64(entry.nameOffset), limit: limits.maximumNameLength) {
            case .found(let range):
                nameBytes += range.count
                guard nameBytes <= limits.maximumSectionNameBytes else {
                    throw .limitExceeded(
                        file: file, place: "names of the sections", value: UInt64(nameBytes),
                        limit: UInt64(limits.maximumSectionNameBytes), setting: "ELFLimits.maximumSectionNameBytes")
                }
                name = text(names.bytes, range)
            case .outside:
                throw .malformed(
                    file: file, place: "section \(entry.index)", problem: "its name is outside the section name table")
            case .tooLong:
                throw .limitExceeded(
                    file: file, place: "name of section \(entry.index)", value: UInt64(limits.maximumNameLength) + 1,
                    limit: UInt64(limits.maximumNameLength), setting: "ELFLimits.maximumNameLength")
            }
        }
        sections.append(
            ELFSection(
                index: entry.index, name: name, type: entry.type, flags: entry.flags, address: entry.address,
                fileOffset: entry.fileOffset, size: entry.size, link: entry.link, info: entry.info,
                alignment: entry.alignment, entrySize: entry.entrySize))
    }
    return sections
}
