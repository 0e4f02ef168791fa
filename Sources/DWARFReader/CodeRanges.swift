/// The attributes that say where an entry's code is.
struct CodeAttributes {
    var lowPC: EntryValues.Value
    var highPC: EntryValues.Value
    var ranges: EntryValues.Value
    var entryPC: EntryValues.Value

    @inline(__always)
    init(_ values: EntryValues) {
        lowPC = values[Slot.lowPC]
        highPC = values[Slot.highPC]
        ranges = values[Slot.ranges]
        entryPC = values[Slot.entryPC]
    }
}

extension UnitReader {
    /// `DW_AT_entry_pc` is an address, or since DWARF 5 an offset from the lowest address.
    func entryAddress(_ attributes: CodeAttributes, _ first: UInt64, _ unit: UnitContext) -> UInt64 {
        let entry = attributes.entryPC
        if entry.valueClass == ValueClass.number || entry.valueClass == ValueClass.sectionOffset {
            return (unit.address(attributes.lowPC) ?? first) &+ entry.raw
        }
        return unit.address(entry) ?? first
    }

    /// The code of an entry: `DW_AT_low_pc` with `DW_AT_high_pc`, or `DW_AT_ranges`. Empty ranges are left out, reversed
    /// ones too but counted.
    @inline(never)
    func appendRanges(
        of attributes: CodeAttributes, _ unit: UnitContext, to result: inout [UnitRange], _ counts: inout RangeCounts
    ) throws(ReadFailure) {
        if attributes.highPC.valueClass != ValueClass.absent {
            guard let low = unit.address(attributes.lowPC) else {
                counts.invalid += 1
                return
            }
            var high: UInt64?
            if attributes.highPC.valueClass == ValueClass.number
                || attributes.highPC.valueClass == ValueClass.sectionOffset
            {
                let (sum, overflow) = low.addingReportingOverflow(attributes.highPC.raw)
                high = overflow ? nil : sum
            } else {
                high = unit.address(attributes.highPC)
            }
            guard let high, low <= high else {
                counts.invalid += 1
                return
            }
            guard low < high else { return }
            guard result.count < limits.rangesPerUnit else {
                throw .limit(name: "rangesPerUnit", maximum: limits.rangesPerUnit)
            }
            result.append(UnitRange(start: low, end: high))
            return
        }
        guard attributes.ranges.valueClass != ValueClass.absent else { return }
        let problems = try unit.appendRanges(attributes.ranges, to: &result, maximum: limits.rangesPerUnit)
        counts.invalid += problems.reversed
        counts.unresolved += problems.unknownAddresses
    }
}

/// What reading ranges has to tell beside the ranges.
struct RangeCounts {
    var invalid = 0
    var unresolved = 0
}
