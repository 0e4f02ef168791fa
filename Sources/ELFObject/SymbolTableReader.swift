extension ELFObject {
    /// All symbols that may name code or data; see `ELFSymbolTable`. An object without symbol tables has none.
    ///
    /// - Throws: `malformed` when a table or its strings are damaged as a whole, `limitExceeded` when both tables have
    ///   more entries than `ELFLimits.maximumSymbols`. Costs 32 bytes an entry.
    public func symbols() throws(ELFError) -> ELFSymbolTable {
        var symbols: [ELFSymbol] = []
        var strings: [ELFSymbol.Table: SectionContents] = [:]
        var omitted = 0
        var entries = 0
        for (type, table) in [(ELFSection.symbolTable, ELFSymbol.Table.symtab), (ELFSection.dynamicSymbols, .dynsym)] {
            // The specification allows one of each (gABI, "Sections", SHT_SYMTAB).
            guard let section = sections.first(where: { $0.type == type }) else { continue }
            let found = try symbolStrings(of: section)
            strings[table] = found
            try readSymbols(section, table, found, entries: &entries, into: &symbols, omitted: &omitted)
        }
        return ELFSymbolTable(
            symbols: symbols, strings: strings, file: name, nameLimit: limits.maximumNameLength, omittedCount: omitted)
    }

    private func symbolStrings(of section: ELFSection) throws(ELFError) -> SectionContents {
        guard sections.indices.contains(Int(section.link)) else {
            throw .malformed(
                file: name, place: "section \(section.name)", problem: "its string table \(section.link) does not exist"
            )
        }
        let strings = sections[Int(section.link)]
        guard strings.type == ELFSection.stringTable else {
            throw .malformed(
                file: name, place: "section \(section.name)", problem: "section \(section.link) is no string table")
        }
        return try contents(of: strings)
    }

    private func readSymbols(
        _ section: ELFSection, _ table: ELFSymbol.Table, _ strings: SectionContents, entries: inout Int,
        into symbols: inout [ELFSymbol], omitted: inout Int
    ) throws(ELFError) {
        let entrySize = header.is64Bit ? 24 : 16
        let contents = try contents(of: section)
        guard section.entrySize == UInt64(entrySize), contents.count % entrySize == 0 else {
            throw .malformed(
                file: name, place: "section \(section.name)",
                problem: "\(contents.count) bytes of entries of \(section.entrySize), not of \(entrySize) bytes")
        }
        let count = contents.count / entrySize
        entries += count
        guard entries <= limits.maximumSymbols else {
            throw .limitExceeded(
                file: name, place: "number of symbols", value: UInt64(entries), limit: UInt64(limits.maximumSymbols),
                setting: "ELFLimits.maximumSymbols")
        }
        guard count > 1 else { return }
        let extended = try extendedIndexes(of: section, count: count)
        let reader = FieldReader(contents.bytes, byteOrder: header.byteOrder, is64Bit: header.is64Bit)
        symbols.reserveCapacity(symbols.count + count)
        for index in 1..<count {
            guard let record = reader.record(at: UInt64(index * entrySize), size: UInt64(entrySize)),
                let symbol = symbol(record, index: index, table, extended: extended),
                !(hasMappingSymbols && isMappingSymbol(symbol, strings.bytes))
            else {
                omitted += 1
                continue
            }
            symbols.append(symbol)
        }
    }

    /// The sections that do not fit into `st_shndx`, one 32-bit number a symbol (gABI, "Symbol Table", SHN_XINDEX).
    private func extendedIndexes(of table: ELFSection, count: Int) throws(ELFError) -> SectionContents? {
        guard
            let section = sections.first(where: {
                $0.type == ELFSection.symbolSectionIndexes && Int($0.link) == table.index
            })
        else { return nil }
        let contents = try contents(of: section)
        guard contents.count / 4 >= count else {
            throw .malformed(
                file: name, place: "section \(section.name)", problem: "has fewer entries than the symbol table")
        }
        return contents
    }

    /// `nil` for symbols that are no place in this object.
    private func symbol(
        _ record: borrowing FieldReader, index: Int, _ table: ELFSymbol.Table, extended: SectionContents?
    ) -> ELFSymbol? {
        let info = record.u8(header.is64Bit ? 4 : 12)
        guard let kind = ELFSymbol.Kind(rawValue: info & 15) else { return nil }
        var section = UInt32(record.u16(header.is64Bit ? 6 : 14))
        switch section {
        case 0xfff1: section = .max
        case 0xffff:
            guard let extended else { return nil }
            let reader = FieldReader(extended.bytes, byteOrder: header.byteOrder, is64Bit: header.is64Bit)
            guard let entry = reader.record(at: UInt64(index) * 4, size: 4) else { return nil }
            section = entry.u32(0)
        // Undefined, or reserved: common symbols have no place yet, the others are the processor's own.
        case 0, 0xff00...: return nil
        default: break
        }
        guard section == .max || Int(section) < sections.count else { return nil }
        return ELFSymbol(
            value: record.word(4, 8), size: record.word(8, 16), nameOffset: record.u32(0), kind: kind,
            binding: ELFSymbol.Binding(rawValue: info >> 4) ?? .other, table: table, sectionIndex: section)
    }

    /// `$a`, `$d`, `$t` or `$x`, alone or with a suffix after a dot, or RISC-V's `$x` with an instruction set. Swift's
    /// mangled names begin with `$s` and its older ones with `$S`, and stay.
    private func isMappingSymbol(_ symbol: ELFSymbol, _ strings: RawSpan) -> Bool {
        guard symbol.kind == .unspecified, symbol.binding == .local else { return false }
        let offset = Int(symbol.nameOffset)
        guard offset < strings.byteCount, strings.byteCount - offset >= 3 else { return false }
        func character(_ index: Int) -> UInt8 {
            strings.unsafeLoadUnaligned(fromByteOffset: offset + index, as: UInt8.self)
        }
        guard character(0) == UInt8(ascii: "$") else { return false }
        let ends = character(2) == 0 || character(2) == UInt8(ascii: ".")
        switch character(1) {
        case UInt8(ascii: "a"), UInt8(ascii: "d"), UInt8(ascii: "t"): return ends
        case UInt8(ascii: "x"): return ends || (header.machine == 243 && character(2) == UInt8(ascii: "r"))
        default: return false
        }
    }
}
