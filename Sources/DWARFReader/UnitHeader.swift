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

    /// Bytes that must be there before the length of a unit can be read.
    static let lengthSize = 12

    /// The length field at `position`: where the unit ends; `nil` when the length leads out of the section, so that
    /// nothing behind it can be found.
    static func end(_ info: SectionBytes, at position: Int, bigEndian: Bool) -> Int? {
        do throws(ReadFailure) {
            var reader = ByteReader(info, bigEndian: bigEndian)
            try reader.seek(to: UInt64(position))
            let length = try reader.initialLength().length
            try reader.limit(toNext: length)
            return reader.end
        } catch {
            return nil
        }
    }

    /// The unit at `position`. A bad header costs its own unit only, unless its length leads out of the section: then it
    /// ends with the section. A run of units of length 0, which is what padding with zeros looks like, is one unit here;
    /// it ends at `available`, how many bytes of the section are there.
    init(_ info: SectionBytes, at position: Int, available: Int, abbreviationsSize: Int, bigEndian: Bool) {
        offset = position
        end = info.count
        do throws(ReadFailure) {
            var reader = ByteReader(info, bigEndian: bigEndian)
            try reader.seek(to: UInt64(position))
            let (length, is64Bit) = try reader.initialLength()
            self.is64Bit = is64Bit
            if length == 0, !is64Bit {
                isPadding = true
                end = reader.position
                while end + 4 <= available {
                    var next = ByteReader(info, bigEndian: bigEndian)
                    try next.seek(to: UInt64(end))
                    if try next.u32() != 0 { break }
                    end = next.position
                }
                failure = .truncated
                return
            }
            try reader.limit(toNext: length)
            end = reader.end
            do throws(ReadFailure) {
                try readFields(&reader, abbreviationsSize)
            } catch {
                failure = error.reason
            }
        } catch {
            let lost = info.count - position
            failure = .malformed("\(error.reason) in a unit header; \(lost) bytes from here on are not read")
        }
    }

    /// All units of a section that is wholly there; the last element says when there are more than the limit.
    static func scan(
        _ info: SectionBytes, abbreviationsSize: Int, bigEndian: Bool, limits: DWARFLimits = .default
    ) -> [UnitHeader] {
        var units: [UnitHeader] = []
        var position = 0
        while position < info.count {
            var unit = UnitHeader(
                info, at: position, available: info.count, abbreviationsSize: abbreviationsSize, bigEndian: bigEndian)
            if units.count >= limits.units {
                unit.failure = .limit(name: "units", maximum: limits.units)
                unit.end = info.count
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
        guard [2, 4, 8].contains(addressSize) else { throw .malformed("address_size \(addressSize)") }
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

/// The sizes in bytes that a unit's header decides.
struct FormSizes: Hashable, Sendable {
    var address: Int
    /// Of a section offset.
    var offset: Int
    /// Of a reference to another unit.
    var reference: Int
}

extension UnitHeader {
    var sizes: FormSizes {
        let offset = is64Bit ? 8 : 4
        // Version 2 gave references to other units the size of an address.
        return FormSizes(address: addressSize, offset: offset, reference: version == 2 ? addressSize : offset)
    }
}

/// Where a unit stands in `.debug_info`: what ``DebugInputs/nextUnit()`` hands out and ``UnitReader`` takes.
public struct UnitLocation: Sendable {
    /// Number of the unit among all units, type units and unreadable ones included, in the order of the file.
    public let index: Int
    /// Offset of the unit's header in `.debug_info`.
    public var offset: UInt64 { UInt64(header.offset) }
    /// Bytes of the unit with its header.
    public var count: Int { header.end - header.offset }

    let header: UnitHeader
}
