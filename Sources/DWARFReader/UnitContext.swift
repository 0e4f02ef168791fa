/// One unit whose entries are read: its header and abbreviations, and the bases that its indexed addresses, texts and
/// range lists are counted from. A split unit's context takes addresses from its skeleton.
final class UnitContext {
    let space: DebugSpace
    let header: UnitHeader
    let table: AbbreviationTable
    let bytes: EntryBytes

    /// `.debug_str_offsets` and where this unit's part starts.
    var stringOffsets: SectionBytes
    var stringOffsetsBase: UInt64
    /// `.debug_addr` and where this unit's part starts.
    var addresses: SectionBytes
    var addressBase: UInt64
    /// `.debug_ranges`, and what its offsets are counted from in a split unit.
    var ranges: SectionBytes
    var rangesBase: UInt64 = 0
    /// `.debug_rnglists` and where this unit's table of offsets starts.
    var rangeLists: SectionBytes
    var rangeListsBase: UInt64
    /// `DW_AT_low_pc` of the unit, which range lists are relative to.
    var baseAddress: UInt64 = 0
    /// The byte order of the sections above; the split file's and the main file's are the same or nothing fits.
    let bigEndian: Bool
    var language: UInt16 = 0
    /// What is added to `DW_FORM_ref_addr`: where a package's unit has its part of `.debug_info`.
    var informationBase: UInt64 = 0
    /// The number of the unit among those of its file; only set for units that others refer to.
    var index = -1

    init(_ space: DebugSpace, _ header: UnitHeader, _ table: AbbreviationTable) {
        self.space = space
        self.header = header
        self.table = table
        bigEndian = space.bigEndian
        bytes = EntryBytes(
            base: space.information.base, start: space.information.base + header.offset,
            end: space.information.base + header.end,
            // Every platform Symbolist runs on is little-endian; the comparison says so rather than assumes it.
            swapped: space.bigEndian != (UInt16(1).bigEndian == 1), sizes: header.sizes)
        stringOffsets = space.stringOffsets
        addresses = space.addresses
        ranges = space.ranges
        rangeLists = space.rangeLists
        // Without an attribute that says where: behind the header of the section's first table.
        let word: UInt64 = header.is64Bit ? 16 : 8
        stringOffsetsBase = header.version >= 5 ? word : 0
        addressBase = header.version >= 5 ? word : 0
        rangeListsBase = word + 4
    }

    /// Reads the attributes of the entry at `offset`; its abbreviation, or `nil` when no entry starts there.
    func entry(
        at offset: Int, _ values: inout EntryValues
    ) throws(ReadFailure) -> UnsafePointer<Abbreviation>? {
        values.removeAll()
        guard offset >= header.firstEntry, offset < header.end else { return nil }
        var place = bytes.base + offset
        let code = try bytes.uleb(at: &place)
        guard code != 0, let abbreviation = table.abbreviation(code) else { return nil }
        try values.read(abbreviation, table, bytes, at: &place)
        return abbreviation
    }

    /// Takes the bases from the attributes of the unit's root entry.
    func takeBases(_ root: EntryValues) {
        if let base = root.number(Slot.stringOffsetsBase) { stringOffsetsBase = base }
        if let base = root.number(Slot.addressBase) { addressBase = base }
        if let base = root.number(Slot.rangeListsBase) { rangeListsBase = base }
        language = UInt16(truncatingIfNeeded: root.number(Slot.language) ?? 0)
        if let address = address(root[Slot.lowPC]) { baseAddress = address }
    }

    // MARK: Values

    /// An address, indexed ones looked up.
    @inline(__always)
    func address(_ value: EntryValues.Value) -> UInt64? {
        if value.valueClass == ValueClass.address { return value.raw }
        if value.valueClass == ValueClass.addressIndex { return address(index: value.raw) }
        return nil
    }

    /// Number `index` of the unit's addresses.
    func address(index: UInt64) -> UInt64? {
        let size = UInt64(header.addressSize)
        let (distance, overflow) = index.multipliedReportingOverflow(by: size)
        guard !overflow else { return nil }
        return number(addresses, addressBase, distance, size: header.addressSize)
    }

    private func number(_ section: SectionBytes, _ base: UInt64, _ distance: UInt64, size: Int) -> UInt64? {
        let (offset, overflow) = base.addingReportingOverflow(distance)
        guard !overflow, offset < UInt64(section.count) else { return nil }
        do throws(ReadFailure) {
            var reader = ByteReader(section, bigEndian: bigEndian)
            try reader.seek(to: offset)
            return try reader.unsigned(size: size)
        } catch {
            return nil
        }
    }

    /// Where a text attribute's bytes stand.
    enum Text {
        case absent
        case found(TextReference, length: Int)
        /// In the supplementary file, which is not at hand.
        case missingFile
        case unresolved
    }

    /// The text of a value, which is looked at once to see that it ends.
    func text(_ value: EntryValues.Value, _ inputs: DebugInputs) -> Text {
        let section: DebugSpace.TextSection
        var offset = value.raw
        var space = space
        switch value.valueClass {
        case ValueClass.absent: return .absent
        case ValueClass.string: section = .strings
        case ValueClass.lineString: section = .lineStrings
        case ValueClass.inlineString: section = .information
        case ValueClass.stringIndex:
            section = .strings
            let size = header.is64Bit ? 8 : 4
            let (distance, overflow) = value.raw.multipliedReportingOverflow(by: UInt64(size))
            guard !overflow, let found = number(stringOffsets, stringOffsetsBase, distance, size: size) else {
                return .unresolved
            }
            offset = found
        case ValueClass.supplementaryString:
            guard let supplementary = inputs.supplementary else { return .missingFile }
            space = supplementary
            section = .strings
        default: return .unresolved
        }
        guard let place = Int(exactly: offset),
            let length = space.bytes(section).textLength(at: place, maximum: inputs.limits.nameLength)
        else { return .unresolved }
        if length == 0 { return .absent }
        return .found(TextReference(section: space.textSection(section), offset: offset), length: length)
    }

    /// A text that the unit can do without.
    func optionalText(_ value: EntryValues.Value, _ inputs: DebugInputs) -> TextReference {
        if case .found(let reference, _) = text(value, inputs) { return reference }
        return .none
    }
}
