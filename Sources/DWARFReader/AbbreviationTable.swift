/// What the walk does with an entry, decided once per abbreviation.
enum EntryKind {
    /// Only stepped over; its children are visited all the same.
    static let plain: UInt8 = 0
    /// A namespace or module with children: names are declared in it.
    static let namespace: UInt8 = 1
    /// A type with children: names are declared in it, and its subtree may be jumped over.
    static let type: UInt8 = 2
    /// A subtree without code that may be jumped over.
    static let data: UInt8 = 3
    /// A function without code of its own, with children: a declaration or the abstract form of an inlined function.
    static let declaration: UInt8 = 4
    /// A function that may have code.
    static let function: UInt8 = 5
    /// An inlined call that may have code.
    static let inlinedSubroutine: UInt8 = 6

    static func of(tag: UInt16, hasCode: Bool, hasChildren: Bool) -> UInt8 {
        switch tag {
        case Tag.subprogram: hasCode ? function : hasChildren ? declaration : plain
        case Tag.inlinedSubroutine: hasCode ? inlinedSubroutine : plain
        case _ where !hasChildren: plain
        case Tag.namespace, Tag.module: namespace
        case Tag.classType, Tag.structureType, Tag.unionType, Tag.interfaceType, Tag.enumerationType: type
        case Tag.arrayType, Tag.subroutineType: data
        default: plain
        }
    }
}

/// One abbreviation, compiled for stepping. 24 bytes.
struct Abbreviation {
    /// Bytes of all attributes, or −1 when that differs from entry to entry.
    var size: Int32 = 0
    /// Steps through the attributes, as indices in the table's list.
    var firstStep: UInt32 = 0
    var endStep: UInt32 = 0
    /// Where `DW_AT_sibling` stands, counted from behind the abbreviation code; −1 when it has no fixed place.
    var siblingOffset: Int32 = -1
    var siblingWidth: UInt8 = 0
    var hasSibling = false
    var kind: UInt8 = 0
    /// 1 = has children: added to the depth.
    var children: UInt8 = 0
    var tag: UInt16 = 0
}

/// One step through an entry's attributes: skip some bytes, then read one value.
struct AttributeStep {
    /// Bytes of the attributes before that nobody wants.
    var skip: UInt32
    /// Where the value goes.
    var slot: UInt8
    var width: UInt8
    var valueClass: UInt8
    var form: UInt16
    /// The value of a `DW_FORM_implicit_const` or `DW_FORM_flag_present`.
    var constant: Int64
}

/// One abbreviation table (DWARF 5, section 7.5.3), compiled: an entry whose attributes all have fixed sizes is stepped
/// over by one addition, the wanted attributes of the others are read along a list of steps.
///
///     DW_AT_name strp, DW_AT_decl_file data1, DW_AT_type ref4, DW_AT_low_pc addr       size 17
///     steps: (skip 0, name, 4 bytes) (skip 0, decl_file, 1 byte) (skip 4, low_pc, 8 bytes)
///
/// `@unchecked Sendable`: written by `init`, only read after that, freed by `deinit`.
final class AbbreviationTable: @unchecked Sendable {
    /// The abbreviations with the codes 1, 2, 3 … that every compiler writes, in this order, then the others.
    let abbreviations: UnsafePointer<Abbreviation>
    /// How many of them have the code that their place says.
    let denseCount: UInt64
    let steps: UnsafePointer<AttributeStep>
    /// Attribute specifications of the table.
    let attributeCount: Int
    /// Functions described by it may refer to other units of the file.
    let hasCrossUnitReferences: Bool
    private let abbreviationMemory: UnsafeMutableBufferPointer<Abbreviation>
    private let stepMemory: UnsafeMutableBufferPointer<AttributeStep>
    private let otherCodes: [UInt64: Int]

    /// Reads the table at `offset`; at most `budget` attribute specifications.
    init(
        _ section: SectionBytes, at offset: UInt64, sizes: FormSizes, bigEndian: Bool, budget: Int
    ) throws(ReadFailure) {
        var reader = ByteReader(section, bigEndian: bigEndian)
        try reader.seek(to: offset)
        var compiler = AbbreviationCompiler(sizes: sizes, budget: budget)
        try compiler.read(&reader)
        attributeCount = compiler.attributeCount
        hasCrossUnitReferences = compiler.hasCrossUnitReferences
        denseCount = UInt64(compiler.denseCount)
        otherCodes = compiler.otherCodes
        abbreviationMemory = .allocate(capacity: max(1, compiler.abbreviations.count))
        _ = abbreviationMemory.initialize(from: compiler.abbreviations)
        stepMemory = .allocate(capacity: max(1, compiler.steps.count))
        _ = stepMemory.initialize(from: compiler.steps)
        abbreviations = UnsafePointer(abbreviationMemory.baseAddress.unsafelyUnwrapped)
        steps = UnsafePointer(stepMemory.baseAddress.unsafelyUnwrapped)
    }

    deinit {
        abbreviationMemory.deallocate()
        stepMemory.deallocate()
    }

    /// The abbreviation with `code`; the first one when a damaged table has several. Lives as long as the table.
    @inline(__always)
    func abbreviation(_ code: UInt64) -> UnsafePointer<Abbreviation>? {
        if code &- 1 < denseCount { return abbreviations + Int(truncatingIfNeeded: code &- 1) }
        return other(code)
    }

    @inline(never)
    private func other(_ code: UInt64) -> UnsafePointer<Abbreviation>? {
        otherCodes[code].map { abbreviations + $0 }
    }
}

/// Reads a table into arrays.
private struct AbbreviationCompiler {
    let sizes: FormSizes
    let budget: Int
    var abbreviations: [Abbreviation] = []
    var steps: [AttributeStep] = []
    var otherCodes: [UInt64: Int] = [:]
    var denseCount = 0
    var attributeCount = 0
    var hasCrossUnitReferences = false

    init(sizes: FormSizes, budget: Int) {
        self.sizes = sizes
        self.budget = budget
    }

    mutating func read(_ reader: inout ByteReader) throws(ReadFailure) {
        // A table that ends with its section instead of with a 0 is complete too.
        while !reader.isAtEnd {
            let code = try reader.uleb()
            if code == 0 { break }
            let tag = try reader.uleb()
            let hasChildren = try reader.u8() != 0
            let abbreviation = try attributes(
                &reader, tag: UInt16(truncatingIfNeeded: min(tag, 0xffff)), hasChildren: hasChildren)
            if code == UInt64(abbreviations.count) + 1, denseCount == abbreviations.count {
                denseCount += 1
            } else if otherCodes[code] == nil, code > UInt64(denseCount) {
                otherCodes[code] = abbreviations.count
            }
            abbreviations.append(abbreviation)
        }
    }

    private mutating func attributes(
        _ reader: inout ByteReader, tag: UInt16, hasChildren: Bool
    ) throws(ReadFailure) -> Abbreviation {
        var result = Abbreviation()
        result.firstStep = UInt32(truncatingIfNeeded: steps.count)
        var size: Int? = 0
        var skip = 0
        var hasCode = false
        while true {
            let name = try reader.uleb()
            let form = try reader.uleb()
            if name == 0 && form == 0 { break }
            guard attributeCount < budget else { throw .limit(name: "abbreviationAttributes", maximum: budget) }
            attributeCount += 1
            let attribute = UInt16(truncatingIfNeeded: min(name, 0xffff))
            let short = UInt16(truncatingIfNeeded: min(form, 0xffff))
            let constant = short == Form.implicitConst ? try reader.sleb() : 1
            let layout = FormLayout(short, sizes)
            let slot = Slot.of(attribute)
            if attribute == Attribute.highPC || attribute == Attribute.ranges { hasCode = true }
            if slot == Slot.abstractOrigin || slot == Slot.specification,
                layout.valueClass == ValueClass.sectionReference || layout.width == ValueWidth.indirect
            {
                hasCrossUnitReferences = true
            }
            if slot == Slot.sibling {
                result.hasSibling = true
                if layout.valueClass == ValueClass.unitReference, layout.width <= 8, let size {
                    result.siblingOffset = Int32(clamping: size)
                    result.siblingWidth = layout.width
                }
            }
            let fixed = ValueWidth.fixedSize(layout.width)
            if let known = size, let fixed { size = known + fixed } else { size = nil }
            if slot == Slot.ignored, let fixed, skip + fixed < Int(UInt32.max) {
                skip += fixed
                continue
            }
            steps.append(
                AttributeStep(
                    skip: UInt32(skip), slot: slot, width: layout.width, valueClass: layout.valueClass, form: short,
                    constant: constant))
            skip = 0
        }
        if skip > 0 {
            steps.append(
                AttributeStep(
                    skip: UInt32(skip), slot: Slot.ignored, width: ValueWidth.none, valueClass: ValueClass.other,
                    form: 0, constant: 0))
        }
        guard steps.count < Int(UInt32.max) else { throw .malformed("abbreviation table too large") }
        result.endStep = UInt32(steps.count)
        result.size = size.flatMap { Int32(exactly: $0) } ?? -1
        result.tag = tag
        result.children = hasChildren ? 1 : 0
        result.kind = EntryKind.of(tag: tag, hasCode: hasCode, hasChildren: hasChildren)
        return result
    }
}
