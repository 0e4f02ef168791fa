/// What the walk wants from an entry, decided once per abbreviation.
enum EntryInterest: UInt8 {
    /// Only stepped over (its children are visited all the same).
    case none
    /// Names a namespace, module or type that functions are declared in.
    case context
    case function
    case inlinedSubroutine
    /// A function or inlined call without code: a declaration or the abstract form of an inlined function.
    case declaration
    /// A unit's root.
    case unit

    init(tag: UInt16) {
        switch tag {
        case Tag.namespace, Tag.module, Tag.classType, Tag.structureType, Tag.unionType, Tag.interfaceType,
            Tag.enumerationType:
            self = .context
        case Tag.subprogram: self = .function
        case Tag.inlinedSubroutine: self = .inlinedSubroutine
        case 0x11, 0x3c, 0x41, 0x4a: self = .unit  // compile, partial, type and skeleton unit
        default: self = .none
        }
    }
}

/// One abbreviation table (DWARF 5, section 7.5.3), compiled for stepping: an entry whose attributes all have fixed sizes
/// is skipped by one addition.
struct AbbreviationTable {
    struct AttributeSpecification {
        var name: UInt16
        var form: UInt16
        /// The value of a `DW_FORM_implicit_const`, which stands here instead of in the entry.
        var constant: Int64
    }

    struct Abbreviation {
        var tag: UInt16
        var hasChildren: Bool
        var interest: EntryInterest
        /// Bytes of all attributes, or −1 when that differs from entry to entry.
        var fixedSize: Int32
        /// Indices in `attributes`.
        var attributes: Range<Int32>
    }

    private(set) var attributes: [AttributeSpecification] = []
    private var abbreviations: [Abbreviation] = []
    /// Codes are 1, 2, 3 … in every compiler's output; others go through the dictionary.
    private var otherCodes: [UInt64: Int] = [:]
    private var denseCount = 0

    /// Reads the table at `unit.abbreviations`; at most `budget` attribute specifications.
    init(_ section: RawSpan, unit: UnitHeader, bigEndian: Bool, budget: Int, limits: DWARFLimits) throws(ReadFailure) {
        var reader = ByteReader(section, bigEndian: bigEndian)
        try reader.seek(to: unit.abbreviations)
        while true {
            // A table that ends with its section instead of with a 0 is complete too.
            if reader.isAtEnd { break }
            let code = try reader.uleb()
            if code == 0 { break }
            let tag = try reader.uleb()
            let hasChildren = try reader.u8() != 0
            let start = attributes.count
            var size: Int? = 0
            var hasCode = false
            while true {
                let name = try reader.uleb()
                let form = try reader.uleb()
                if name == 0 && form == 0 { break }
                guard attributes.count < budget else {
                    throw .limit(name: "abbreviationAttributes", maximum: limits.abbreviationAttributes)
                }
                if name == UInt64(Attribute.highPC) || name == UInt64(Attribute.ranges) { hasCode = true }
                let short = UInt16(truncatingIfNeeded: min(form, 0xffff))
                let constant = short == Form.implicitConst ? try reader.sleb() : 0
                attributes.append(
                    AttributeSpecification(
                        name: UInt16(truncatingIfNeeded: min(name, 0xffff)), form: short, constant: constant))
                if let known = size, let more = Form.fixedSize(short, unit.sizes) {
                    size = known + more
                } else {
                    size = nil
                }
            }
            guard attributes.count < Int(Int32.max) else { throw .malformed("abbreviation table too large") }
            let short = UInt16(truncatingIfNeeded: min(tag, 0xffff))
            var interest = EntryInterest(tag: short)
            if !hasCode, interest == .function || interest == .inlinedSubroutine { interest = .declaration }
            add(
                Abbreviation(
                    tag: short, hasChildren: hasChildren, interest: interest,
                    fixedSize: size.flatMap { Int32(exactly: $0) } ?? -1,
                    attributes: Int32(start)..<Int32(attributes.count)),
                code: code)
        }
    }

    private mutating func add(_ abbreviation: Abbreviation, code: UInt64) {
        if code == UInt64(abbreviations.count) + 1, denseCount == abbreviations.count {
            denseCount += 1
        } else if otherCodes[code] == nil {
            otherCodes[code] = abbreviations.count
        }
        abbreviations.append(abbreviation)
    }

    /// The abbreviation with `code`; the first one when a damaged table has several.
    @inline(__always)
    func abbreviation(_ code: UInt64) -> Abbreviation? {
        if code &- 1 < UInt64(denseCount) { return abbreviations[Int(code) - 1] }
        return otherCodes[code].map { abbreviations[$0] }
    }
}

/// The sizes in bytes that a unit's header decides.
struct FormSizes: Hashable {
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

extension Form {
    /// Bytes of a value when they do not depend on the value; `nil` otherwise or when the form is unknown.
    static func fixedSize(_ form: UInt16, _ sizes: FormSizes) -> Int? {
        switch form {
        case flagPresent, implicitConst: 0
        case data1, ref1, flag, strx1, addrx1: 1
        case data2, ref2, strx2, addrx2: 2
        case strx3, addrx3: 3
        case data4, ref4, refSup4, strx4, addrx4: 4
        case data8, ref8, refSup8, refSig8: 8
        case data16: 16
        case addr: sizes.address
        case strp, secOffset, lineStrp, strpSup, gnuRefAlt, gnuStrpAlt: sizes.offset
        case refAddr: sizes.reference
        default: nil
        }
    }
}

extension ByteReader {
    /// Moves behind a value of `form`.
    @_lifetime(self: copy self)
    mutating func skip(form: UInt16, _ sizes: FormSizes) throws(ReadFailure) {
        if let size = Form.fixedSize(form, sizes) { return try skip(UInt64(size)) }
        switch form {
        case Form.string: _ = try cString()
        case Form.udata, Form.refUdata, Form.strx, Form.addrx, Form.loclistx, Form.rnglistx, Form.gnuAddrIndex,
            Form.gnuStrIndex, Form.sdata:
            _ = try uleb()
        case Form.block, Form.exprloc: try skip(try uleb())
        case Form.block1: try skip(UInt64(try u8()))
        case Form.block2: try skip(UInt64(try u16()))
        case Form.block4: try skip(UInt64(try u32()))
        case Form.indirect:
            let actual = try indirectForm()
            try skip(form: actual, sizes)
        default: throw .unsupported("form 0x\(String(form, radix: 16))")
        }
    }

    /// The form that stands in the entry itself. Chains of indirections, and constants that would stand in the
    /// abbreviation, make no sense and are refused.
    @_lifetime(self: copy self)
    mutating func indirectForm() throws(ReadFailure) -> UInt16 {
        let form = try uleb()
        guard form < 0xffff, form != UInt64(Form.indirect), form != UInt64(Form.implicitConst) else {
            throw .malformed("DW_FORM_indirect to form 0x\(String(form, radix: 16))")
        }
        return UInt16(form)
    }
}
