extension ELFObject {
    /// All symbols that may name code or data; see `ELFSymbolTable`. An object without symbol tables has none.
    ///
    /// - Throws: `malformed` when a table or its strings are damaged as a whole, `limitExceeded` when all tables have
    ///   more entries than `ELFLimits.maximumSymbols`. Costs 32 bytes an entry.
    public func symbols() throws(ELFError) -> ELFSymbolTable {
        var found = FoundSymbols()
        try readSymbols(ofType: ELFSection.symbolTable, as: .symtab, into: &found)
        try readSymbols(ofType: ELFSection.dynamicSymbols, as: .dynsym, into: &found)
        var problem: ELFError?
        if found.strings[.symtab] == nil {
            // What this adds is less than what a damaged piece may take away.
            let before = found
            do throws(ELFError) {
                try readMiniSymbols(into: &found)
            } catch {
                found = before
                problem = error
            }
        }
        return ELFSymbolTable(
            symbols: found.symbols, strings: found.strings, file: name, nameLimit: limits.maximumNameLength,
            omittedCount: found.omitted, problem: problem)
    }

    /// Adds the symbols of the file in `.gnu_debugdata`, whose sections are found again in this one.
    private func readMiniSymbols(into found: inout FoundSymbols) throws(ELFError) {
        guard let mini = try miniDebugInformation() else { return }
        let first = found.symbols.count
        try mini.readSymbols(ofType: ELFSection.symbolTable, as: .miniDebugInformation, into: &found)
        var places: [UInt64: Int] = [:]
        for section in sections where section.isAllocated { places[section.address] = section.index }
        let own = mini.sections.map { there -> UInt32? in
            if let index = places[there.address], sections[index].name == there.name { return UInt32(index) }
            return sections.first { $0.isAllocated && $0.address == there.address && $0.name == there.name }
                .map { UInt32($0.index) }
        }
        let added = found.symbols.count - first
        let kept = found.symbols[first...].compactMap { symbol -> ELFSymbol? in
            guard let index = symbol.section else { return symbol }
            guard let section = own[index] else { return nil }
            return symbol.moved(to: section)
        }
        found.symbols.replaceSubrange(first..., with: kept)
        found.omitted += added - kept.count
    }

    /// What the tables read so far had.
    private struct FoundSymbols {
        var symbols: [ELFSymbol] = []
        var strings: [ELFSymbol.Table: SectionContents] = [:]
        var omitted = 0
        var entries = 0
    }

    /// Reads the first table of a type: the specification allows one of each (gABI, "Sections", SHT_SYMTAB).
    private func readSymbols(
        ofType type: UInt32, as table: ELFSymbol.Table, into found: inout FoundSymbols
    ) throws(ELFError) {
        guard let section = sections.first(where: { $0.type == type }) else { return }
        let strings = try symbolStrings(of: section)
        found.strings[table] = strings
        try readSymbols(section, table, strings, into: &found)
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
        _ section: ELFSection, _ table: ELFSymbol.Table, _ strings: SectionContents, into found: inout FoundSymbols
    ) throws(ELFError) {
        let entrySize = header.is64Bit ? 24 : 16
        let contents = try contents(of: section)
        guard section.entrySize == UInt64(entrySize), contents.count % entrySize == 0 else {
            throw .malformed(
                file: name, place: "section \(section.name)",
                problem: "\(contents.count) bytes of entries of \(section.entrySize), not of \(entrySize) bytes")
        }
        let count = contents.count / entrySize
        found.entries += count
        guard found.entries <= limits.maximumSymbols else {
            throw .limitExceeded(
                file: name, place: "number of symbols", value: UInt64(found.entries),
                limit: UInt64(limits.maximumSymbols),
                setting: "ELFLimits.maximumSymbols")
        }
        guard count > 1 else { return }
        let extended = try extendedIndexes(of: section, count: count)
        let reader = FieldReader(contents.bytes, byteOrder: header.byteOrder, is64Bit: header.is64Bit)
        found.symbols.reserveCapacity(found.symbols.count + count)
        for index in 1..<count {
            guard let record = reader.record(at: UInt64(index * entrySize), size: UInt64(entrySize)),
                let symbol = symbol(record, index: index, table, extended: extended),
                !(hasMappingSymbols && isMappingSymbol(symbol, strings.bytes))
            else {
                found.omitted += 1
                continue
            }
            found.symbols.append(symbol)
        }
    }

    /// The sections that do not fit into `st_shndx`, one 32-bit number a symbol (gABI, "Symbol Table", SHN_XINDEX).
    func extendedIndexes(of table: ELFSection, count: Int) throws(ELFError) -> SectionContents? {
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
        var value = record.word(4, 8)
        if header.type == .relocatable, section != .max {
            // Labels in debug sections and the like are no places in memory.
            guard sections[Int(section)].isAllocated else { return nil }
            value &+= sections[Int(section)].address
        }
        let isThumb = header.machine == 40 && (kind == .function || kind == .indirectFunction) && value & 1 == 1
        return ELFSymbol(
            value: isThumb ? value - 1 : value, size: record.word(8, 16), nameOffset: record.u32(0), kind: kind,
            binding: ELFSymbol.Binding(rawValue: info >> 4) ?? .other, table: table, isThumb: isThumb,
            sectionIndex: section)
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
