/// The relocations of one section of a relocatable file, to be applied when its bytes are there.
///
///     .rela.debug_info   │ offset 0x2b │ type 64 │ symbol 3 (.text) │ addend 0x40 │
///                              ↓                        ↓                  ↓
///     .debug_info        … low_pc = 0          layout: 0x10000      +    0x40     … low_pc = 0x10040
///
/// Symbols that the file does not define count as 0, as they do for those who read debug information of object files:
/// they are variables of other files, never this file's code.
///
/// Every offset, symbol and size is checked; the work is one step an entry, and the number of entries is limited.
struct RelocationPlan: Sendable {
    private let object: ELFObject
    private let target: ELFSection
    private let tables: [ELFSection]

    /// `nil` when `section` has no relocations, or is in a linked file, where they have been applied.
    init?(_ object: ELFObject, _ section: ELFSection) throws(ELFError) {
        guard object.header.type == .relocatable else { return nil }
        tables = object.sections.filter {
            Int($0.info) == section.index
                && [ELFSection.relocations, ELFSection.relocationsWithAddends, ELFSection.compactRelocations]
                    .contains($0.type)
        }
        if tables.isEmpty { return nil }
        self.object = object
        target = section
        var count: UInt64 = 0
        for table in tables {
            guard table.type != ELFSection.compactRelocations else {
                throw .unsupportedRelocation(
                    file: object.name, section: table.name, machine: "the compact form (SHT_CREL)", type: table.type)
            }
            count += UInt64(try object.contentSize(of: table)) / UInt64(entrySize(of: table))
        }
        guard count <= UInt64(object.limits.maximumRelocations) else {
            throw .limitExceeded(
                file: object.name, place: "number of relocations of section \(section.name)", value: count,
                limit: UInt64(object.limits.maximumRelocations), setting: "ELFLimits.maximumRelocations")
        }
    }

    /// Changes the section's bytes in `buffer` to what the layout makes of them.
    func apply(to buffer: UnsafeMutableRawBufferPointer) throws(ELFError) {
        let types = RelocationTypes(machine: object.header.machine, is64Bit: object.header.is64Bit)
        for table in tables {
            var symbols = try SymbolValues(object, table: Int(table.link), usedBy: table)
            try apply(table, object.contents(of: table), &symbols, types, to: buffer)
        }
    }

    private func entrySize(of table: ELFSection) -> Int {
        let words = table.type == ELFSection.relocationsWithAddends ? 3 : 2
        return words * (object.header.is64Bit ? 8 : 4)
    }

    private func apply(
        _ table: ELFSection, _ contents: SectionContents, _ symbols: inout SymbolValues, _ types: RelocationTypes,
        to buffer: UnsafeMutableRawBufferPointer
    ) throws(ELFError) {
        let is64Bit = object.header.is64Bit
        let hasAddends = table.type == ELFSection.relocationsWithAddends
        let entrySize = entrySize(of: table)
        let count = contents.count / entrySize
        guard contents.count % entrySize == 0, table.entrySize == UInt64(entrySize) else {
            throw .malformed(
                file: object.name, place: "section \(table.name)",
                problem: "\(contents.count) bytes of entries of \(table.entrySize), not of \(entrySize) bytes")
        }
        let entries = FieldReader(contents.bytes, byteOrder: object.header.byteOrder, is64Bit: is64Bit)
        var place = RelocationPlace(buffer, object.header.byteOrder)
        var discarded = 0
        for index in 0..<count {
            if index * entrySize - discarded >= decompressionPiece {
                let start = discarded
                discarded = index * entrySize
                contents.withUnsafeBytes { if let base = $0.baseAddress { discardPages(base, start..<discarded) } }
            }
            guard let entry = entries.record(at: UInt64(index * entrySize), size: UInt64(entrySize)) else { break }
            let offset = entry.word(0, 0)
            let information = entry.word(4, 8)
            let type = is64Bit ? UInt32(truncatingIfNeeded: information) : UInt32(information & 0xff)
            let action = types[type]
            switch action.operation {
            case .none: continue
            case .unknown:
                throw .unsupportedRelocation(
                    file: object.name, section: target.name, machine: object.architecture, type: type)
            default: break
            }
            func damaged(_ problem: String) -> ELFError {
                .malformed(file: object.name, place: "entry \(index) of section \(table.name)", problem: problem)
            }
            guard place.move(to: offset, action) else {
                throw damaged("its place, offset \(offset), is outside section \(target.name)")
            }
            let symbolIndex = is64Bit ? information >> 32 : information >> 8
            guard let symbol = symbols.value(of: symbolIndex) else {
                throw damaged("its symbol \(symbolIndex) is not in the table, or in no section")
            }
            let addend =
                hasAddends
                ? (is64Bit ? entry.u64(16) : UInt64(truncatingIfNeeded: Int32(truncatingIfNeeded: entry.u32(8))))
                : place.signedValue
            var value: UInt64
            switch action.value {
            case .address: value = symbol.address &+ addend
            case .distance: value = symbol.address &+ addend &- target.address &- offset
            case .offset: value = symbol.offset &+ addend
            case .size: value = symbol.size &+ addend
            }
            // A program of this class counts modulo its word.
            if !is64Bit { value = UInt64(truncatingIfNeeded: Int32(truncatingIfNeeded: value)) }
            guard place.apply(action.operation, value) else {
                throw damaged("its value 0x\(String(value, radix: 16)) does not fit into \(action.width) bytes")
            }
        }
    }
}

/// The values that the symbols of a relocatable file have in its layout, read from the symbol table as they are asked
/// for; the last ones are remembered, because most relocations name one of a few sections.
private struct SymbolValues {
    struct Value {
        /// Which symbol this is, for those remembered.
        var index: UInt64 = 0
        /// The address in the layout, or the offset in a section that is not part of it.
        var address: UInt64 = 0
        /// The value as it stands in the table.
        var offset: UInt64 = 0
        /// The symbol's size.
        var size: UInt64 = 0
    }

    private let object: ELFObject
    private let contents: SectionContents
    private let extended: SectionContents?
    private let entrySize: Int
    private var recent = [Value](repeating: Value(), count: 64)

    /// - Parameter user: The relocation section, for errors.
    init(_ object: ELFObject, table index: Int, usedBy user: ELFSection) throws(ELFError) {
        guard object.sections.indices.contains(index), object.sections[index].type == ELFSection.symbolTable else {
            throw .malformed(
                file: object.name, place: "section \(user.name)", problem: "section \(index) is no symbol table")
        }
        self.object = object
        contents = try object.contents(of: object.sections[index])
        entrySize = object.header.is64Bit ? 24 : 16
        extended = try object.extendedIndexes(of: object.sections[index], count: contents.count / entrySize)
    }

    /// `nil` when the table has no such symbol, or the symbol's section does not exist. Symbol 0 has the value 0.
    mutating func value(of index: UInt64) -> Value? {
        let slot = Int(index & 63)
        let known = recent[slot]
        if known.index == index { return known }
        guard var value = read(index) else { return nil }
        value.index = index
        recent[slot] = value
        return value
    }

    private func read(_ index: UInt64) -> Value? {
        if index == 0 { return Value() }
        let reader = FieldReader(
            contents.bytes, byteOrder: object.header.byteOrder, is64Bit: object.header.is64Bit)
        guard index < UInt64(contents.count / entrySize),
            let record = reader.record(at: index * UInt64(entrySize), size: UInt64(entrySize))
        else { return nil }
        var value = Value(offset: record.word(4, 8), size: record.word(8, 16))
        var section = UInt32(record.u16(object.header.is64Bit ? 6 : 14))
        switch section {
        // Undefined and common symbols have no place; what else is reserved has no section.
        case 0, 0xfff2: return Value(size: value.size)
        case 0xffff:
            guard let extended,
                let entry = FieldReader(
                    extended.bytes, byteOrder: object.header.byteOrder, is64Bit: object.header.is64Bit
                ).record(at: index * 4, size: 4)
            else { return nil }
            section = entry.u32(0)
        case 0xff00...:
            value.address = value.offset
            return value
        default: break
        }
        guard Int(section) < object.sections.count else { return nil }
        value.address = value.offset &+ object.sections[Int(section)].address
        return value
    }
}
