/// The index of a `.dwp` package (DWARF 5, section 7.3.5, and the GNU format it grew from): which parts of the package's
/// sections belong to which split unit.
///
///     version  columns  units  slots │ ids (slots × 8) │ rows (slots × 4) │ column kinds │ offsets │ sizes
///                                       id ──────────────▶ row 1 … units                   row × column
struct PackageIndex {
    /// A part of one section.
    struct Contribution {
        var offset: UInt64 = 0
        var size: UInt64 = 0
    }

    /// The parts that one unit has.
    struct Row {
        var id: UInt64
        var information = Contribution()
        var abbreviations = Contribution()
        var stringOffsets = Contribution()
        var rangeLists = Contribution()
    }

    /// In the order of the table of ids.
    private(set) var rows: [Row] = []

    init(_ section: SectionBytes, bigEndian: Bool, limits: DWARFLimits) throws(ReadFailure) {
        var reader = ByteReader(section, bigEndian: bigEndian)
        // Version 2 fills a word, version 5 half a word with padding behind it.
        let word = try reader.u32()
        let first = bigEndian ? UInt16(truncatingIfNeeded: word >> 16) : UInt16(truncatingIfNeeded: word)
        let version = word == 2 ? 2 : first
        guard version == 2 || version == 5 else { throw .unsupported("package index version \(word)") }
        let columns = Int(try reader.u32())
        let units = Int(try reader.u32())
        let slots = Int(try reader.u32())
        guard units <= limits.units else { throw .limit(name: "units", maximum: limits.units) }
        guard columns > 0 || units == 0, columns <= 16, units <= slots || slots == 0 else {
            throw .malformed("package index of \(columns) columns, \(units) units, \(slots) slots")
        }
        // Everything below is inside of this, so no offset can overflow.
        guard slots <= section.count / 12, units <= section.count / 4 else { throw .truncated }
        let ids = reader.position
        let numbers = ids + 8 * slots
        let kinds = numbers + 4 * slots
        let offsets = kinds + 4 * columns
        let sizes = offsets + 4 * columns * units
        guard sizes + 4 * columns * units <= section.count else { throw .truncated }
        for slot in 0..<slots {
            try reader.seek(to: UInt64(numbers + 4 * slot))
            let number = Int(try reader.u32())
            if number == 0 { continue }
            guard number <= units else { throw .malformed("package index row \(number) of \(units)") }
            try reader.seek(to: UInt64(ids + 8 * slot))
            var row = Row(id: try reader.u64())
            for column in 0..<columns {
                try reader.seek(to: UInt64(kinds + 4 * column))
                let kind = try reader.u32()
                let cell = 4 * ((number - 1) * columns + column)
                try reader.seek(to: UInt64(offsets + cell))
                let offset = UInt64(try reader.u32())
                try reader.seek(to: UInt64(sizes + cell))
                let part = Contribution(offset: offset, size: UInt64(try reader.u32()))
                switch kind {
                case 1: row.information = part
                case 3: row.abbreviations = part
                case 6: row.stringOffsets = part
                // Macros in version 2.
                case 8 where version == 5: row.rangeLists = part
                default: break
                }
            }
            rows.append(row)
        }
    }
}
