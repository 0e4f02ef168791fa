import Glibc

/// One unit being read: header, abbreviations, libdw's view of it, and how values are taken from its entries.
struct UnitReader: ~Escapable {
    let information: RawSpan
    let header: UnitHeader
    let table: AbbreviationTable
    let libdw: LibdwUnit
    let bigEndian: Bool
    let limits: DWARFLimits

    @_lifetime(copy information)
    init(
        _ information: RawSpan, header: UnitHeader, table: AbbreviationTable, libdw: LibdwUnit, bigEndian: Bool,
        limits: DWARFLimits
    ) {
        self.information = information
        self.header = header
        self.table = table
        self.libdw = libdw
        self.bigEndian = bigEndian
        self.limits = limits
    }

    /// A cursor over the whole unit, or for looking at the entry at `offset`.
    @_lifetime(copy self)
    func cursor(at offset: Int? = nil) throws(ReadFailure) -> EntryCursor {
        try EntryCursor(information, unit: header, table: table, bigEndian: bigEndian, limits: limits, at: offset)
    }

    /// The unit is a `DW_TAG_partial_unit`: a piece that several units import.
    var isPartial: Bool {
        do throws(ReadFailure) {
            var cursor = try cursor()
            return try cursor.next()?.tag == Tag.partialUnit
        } catch {
            return false
        }
    }

    /// A constant, flag or section offset; `nil` when absent, negative or of another class.
    func number(_ value: AttributeValue) -> UInt64? {
        switch value.form {
        case 0: return nil
        case Form.implicitConst: return value.position < 0 ? nil : UInt64(value.position)
        case Form.flagPresent: return 1
        default: break
        }
        do throws(ReadFailure) {
            var reader = ByteReader(information, bigEndian: bigEndian)
            try reader.seek(to: UInt64(value.position))
            switch value.form {
            case Form.data1, Form.flag: return UInt64(try reader.u8())
            case Form.data2: return UInt64(try reader.u16())
            case Form.data4: return UInt64(try reader.u32())
            case Form.data8: return try reader.u64()
            case Form.udata: return try reader.uleb()
            case Form.sdata:
                let number = try reader.sleb()
                return number < 0 ? nil : UInt64(number)
            case Form.secOffset: return try reader.offset(is64Bit: header.is64Bit)
            default: return nil
            }
        } catch {
            return nil
        }
    }

    /// A number cut to the 32 bits of lines and columns.
    func clamped(_ value: AttributeValue) -> UInt32 {
        UInt32(min(number(value) ?? 0, UInt64(UInt32.max)))
    }

    /// An address; the ones that stand in the entry are read here, indexed ones by libdw.
    func address(_ value: AttributeValue) -> UInt64? {
        guard value.hasBytes else { return nil }
        guard value.form == Form.addr else { return libdw.address(value) }
        do throws(ReadFailure) {
            var reader = ByteReader(information, bigEndian: bigEndian)
            try reader.seek(to: UInt64(value.position))
            return try reader.unsigned(size: header.addressSize)
        } catch {
            return nil
        }
    }

    /// Where a reference leads in `.debug_info`; `nil` for one into a type unit or supplementary file, or out of bounds.
    func reference(_ value: AttributeValue) -> Int? {
        guard value.hasBytes else { return nil }
        do throws(ReadFailure) {
            var reader = ByteReader(information, bigEndian: bigEndian)
            try reader.seek(to: UInt64(value.position))
            let offset: UInt64
            switch value.form {
            case Form.ref1: offset = UInt64(try reader.u8())
            case Form.ref2: offset = UInt64(try reader.u16())
            case Form.ref4: offset = UInt64(try reader.u32())
            case Form.ref8: offset = try reader.u64()
            case Form.refUdata: offset = try reader.uleb()
            case Form.refAddr:
                let target = try reader.unsigned(size: header.sizes.reference)
                return target < UInt64(information.byteCount) ? Int(target) : nil
            default: return nil
            }
            let (target, overflow) = offset.addingReportingOverflow(UInt64(header.offset))
            guard !overflow, target >= UInt64(header.firstEntry), target < UInt64(header.end) else { return nil }
            return Int(target)
        } catch {
            return nil
        }
    }

    /// A string's text. `nil` when absent, unreadable or above the length limit.
    func string(_ value: AttributeValue) -> String? {
        guard value.hasBytes, let text = libdw.string(value) else { return nil }
        let length = strnlen(text, limits.nameLength + 1)
        guard length <= limits.nameLength else { return nil }
        return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
    }
}
