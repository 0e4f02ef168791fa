/// The header of one unit in `.debug_info` (DWARF 5, section 7.5.1).
struct UnitHeader: Sendable {
    /// Of the header, in `.debug_info`.
    var offset: Int
    /// Of the unit's first entry.
    var firstEntry = 0
    /// Behind the unit.
    var end: Int
    var version: UInt16 = 0
    var is64Bit = false
    var addressSize = 8
    var abbreviations: UInt64 = 0
    var isTypeUnit = false
    /// The dwo id of a DWARF 5 skeleton or split unit.
    var splitID: UInt64?
    /// A run of units of length 0.
    var isPadding = false
    /// Set when the unit cannot be read though its length is known.
    var failure: DWARFError.Reason?

    /// All units of a section. A bad header costs its own unit only, unless its length leads out of the section: then
    /// nothing behind it can be found, and the last element says so; as it does for units above the limit. A run of
    /// units of length 0, which is what padding with zeros looks like, is one unit here.
    static func scan(
        _ info: RawSpan, abbreviationsSize: Int, bigEndian: Bool, limits: DWARFLimits = .default
    ) -> [UnitHeader] {
        var units: [UnitHeader] = []
        var position = 0
        while position < info.byteCount {
            var unit = UnitHeader(offset: position, end: info.byteCount)
            guard units.count < limits.units else {
                unit.failure = .limit(name: "units", maximum: limits.units)
                units.append(unit)
                break
            }
            do throws(ReadFailure) {
                var reader = ByteReader(info, bigEndian: bigEndian)
                try reader.seek(to: UInt64(position))
                let (length, is64Bit) = try reader.initialLength()
                unit.is64Bit = is64Bit
                let isPadding = length == 0 && !is64Bit
                if isPadding, let last = units.last, last.isPadding {
                    units[units.count - 1].end = reader.position
                    position = reader.position
                    continue
                }
                try reader.limit(toNext: length)
                unit.end = reader.end
                unit.isPadding = isPadding
                do throws(ReadFailure) {
                    try unit.readFields(&reader, abbreviationsSize)
                } catch {
                    unit.failure = error.reason
                }
            } catch {
                let lost = info.byteCount - position
                unit.failure = .malformed("\(error.reason) in a unit header; \(lost) bytes from here on are not read")
            }
            units.append(unit)
            position = unit.end
        }
        return units
    }

    private mutating func readFields(_ reader: inout ByteReader, _ abbreviationsSize: Int) throws(ReadFailure) {
        version = try reader.u16()
        guard (2...5).contains(version) else { throw .unsupported("unit version \(version)") }
        var type: UInt8 = 1
        if version >= 5 {
            type = try reader.u8()
            addressSize = Int(try reader.u8())
            abbreviations = try reader.offset(is64Bit: is64Bit)
        } else {
            abbreviations = try reader.offset(is64Bit: is64Bit)
            addressSize = Int(try reader.u8())
        }
        guard abbreviations < UInt64(abbreviationsSize) else {
            throw .malformed("debug_abbrev_offset 0x\(String(abbreviations, radix: 16)) is outside of .debug_abbrev")
        }
        guard addressSize == 4 || addressSize == 8 else { throw .malformed("address_size \(addressSize)") }
        switch type {
        case 1, 3: break  // DW_UT_compile, DW_UT_partial
        case 4, 5: splitID = try reader.u64()  // DW_UT_skeleton, DW_UT_split_compile
        case 2, 6:  // DW_UT_type, DW_UT_split_type
            isTypeUnit = true
            _ = try reader.u64()
            _ = try reader.offset(is64Bit: is64Bit)
        default: throw .unsupported("unit_type \(type)")
        }
        firstEntry = reader.position
    }
}
