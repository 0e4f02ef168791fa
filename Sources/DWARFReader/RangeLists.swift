/// Reads lists of address ranges: `.debug_ranges` up to DWARF 4 (section 2.17.3 there), `.debug_rnglists` since DWARF 5
/// (section 7.25).
extension UnitContext {
    /// What a list gave beside the ranges.
    struct RangeProblems {
        /// Ranges whose end is before their start.
        var reversed = 0
        /// Addresses with an index outside the unit's table.
        var unknownAddresses = 0
    }

    /// Appends the ranges of a `DW_AT_ranges` to `result`, empty ones left out, until `result` has `maximum` elements.
    func appendRanges(
        _ value: EntryValues.Value, to result: inout [UnitRange], maximum: Int
    ) throws(ReadFailure) -> RangeProblems {
        var problems = RangeProblems()
        if header.version >= 5 {
            var offset = value.raw
            if value.valueClass == ValueClass.listIndex {
                let size: UInt64 = header.is64Bit ? 8 : 4
                let (distance, overflow) = value.raw.multipliedReportingOverflow(by: size)
                let (place, overflow2) = rangeListsBase.addingReportingOverflow(distance)
                guard !overflow, !overflow2 else { throw .truncated }
                var reader = ByteReader(rangeLists, bigEndian: bigEndian)
                try reader.seek(to: place)
                let (sum, overflow3) = try reader.offset(is64Bit: header.is64Bit)
                    .addingReportingOverflow(rangeListsBase)
                guard !overflow3 else { throw .truncated }
                offset = sum
            } else if value.valueClass != ValueClass.sectionOffset, value.valueClass != ValueClass.number {
                throw .malformed("DW_AT_ranges is not a list")
            }
            try appendModern(at: offset, to: &result, maximum, &problems)
        } else {
            guard value.valueClass == ValueClass.sectionOffset || value.valueClass == ValueClass.number else {
                throw .malformed("DW_AT_ranges is not a list")
            }
            try appendClassic(at: value.raw &+ rangesBase, to: &result, maximum, &problems)
        }
        return problems
    }

    private func appendClassic(
        at offset: UInt64, to result: inout [UnitRange], _ maximum: Int, _ problems: inout RangeProblems
    ) throws(ReadFailure) {
        var reader = ByteReader(ranges, bigEndian: bigEndian)
        try reader.seek(to: offset)
        let size = header.addressSize
        let highest = UInt64.max &>> UInt64(64 - 8 * size)
        var base = baseAddress
        while true {
            let start = try reader.unsigned(size: size)
            let end = try reader.unsigned(size: size)
            if start == 0 && end == 0 { return }
            if start == highest {
                base = end
                continue
            }
            // The sum wraps as the machine's addresses do.
            try add((start &+ base) & highest, (end &+ base) & highest, &result, maximum, &problems)
        }
    }

    private func appendModern(
        at offset: UInt64, to result: inout [UnitRange], _ maximum: Int, _ problems: inout RangeProblems
    ) throws(ReadFailure) {
        var reader = ByteReader(rangeLists, bigEndian: bigEndian)
        try reader.seek(to: offset)
        let size = header.addressSize
        let highest = UInt64.max &>> UInt64(64 - 8 * size)
        var base: UInt64? = baseAddress
        while true {
            switch try reader.u8() {
            case 0: return  // DW_RLE_end_of_list
            case 1:  // DW_RLE_base_addressx
                base = indexed(try reader.uleb(), &problems)
            case 2:  // DW_RLE_startx_endx
                let start = indexed(try reader.uleb(), &problems)
                let end = indexed(try reader.uleb(), &problems)
                if let start, let end { try add(start, end, &result, maximum, &problems) }
            case 3:  // DW_RLE_startx_length
                let start = indexed(try reader.uleb(), &problems)
                let length = try reader.uleb()
                if let start { try add(start, (start &+ length) & highest, &result, maximum, &problems) }
            case 4:  // DW_RLE_offset_pair
                let start = try reader.uleb()
                let end = try reader.uleb()
                if let base {
                    try add((start &+ base) & highest, (end &+ base) & highest, &result, maximum, &problems)
                }
            case 5:  // DW_RLE_base_address
                base = try reader.unsigned(size: size)
            case 6:  // DW_RLE_start_end
                let start = try reader.unsigned(size: size)
                try add(start, try reader.unsigned(size: size), &result, maximum, &problems)
            case 7:  // DW_RLE_start_length
                let start = try reader.unsigned(size: size)
                try add(start, (start &+ (try reader.uleb())) & highest, &result, maximum, &problems)
            case let kind: throw .malformed("range list entry 0x\(String(kind, radix: 16))")
            }
        }
    }

    private func indexed(_ index: UInt64, _ problems: inout RangeProblems) -> UInt64? {
        let address = address(index: index)
        if address == nil { problems.unknownAddresses += 1 }
        return address
    }

    @inline(__always)
    private func add(
        _ start: UInt64, _ end: UInt64, _ result: inout [UnitRange], _ maximum: Int, _ problems: inout RangeProblems
    ) throws(ReadFailure) {
        if start < end {
            guard result.count < maximum else { throw .limit(name: "rangesPerUnit", maximum: maximum) }
            result.append(UnitRange(start: start, end: end))
        } else if start > end {
            problems.reversed += 1
        }
    }
}
