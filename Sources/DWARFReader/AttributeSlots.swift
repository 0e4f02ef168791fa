/// The attributes that reading wants, numbered for ``EntryValues``. Everything else is stepped over.
enum Slot {
    /// Read and forgotten.
    static let ignored: UInt8 = 0
    static let name: UInt8 = 1
    static let linkageName: UInt8 = 2
    static let lowPC: UInt8 = 3
    static let highPC: UInt8 = 4
    static let ranges: UInt8 = 5
    static let entryPC: UInt8 = 6
    static let abstractOrigin: UInt8 = 7
    static let specification: UInt8 = 8
    static let declarationFile: UInt8 = 9
    static let declarationLine: UInt8 = 10
    static let callFile: UInt8 = 11
    static let callLine: UInt8 = 12
    static let callColumn: UInt8 = 13
    static let artificial: UInt8 = 14
    static let sibling: UInt8 = 15
    // Of units only:
    static let compilationDirectory: UInt8 = 16
    static let producer: UInt8 = 17
    static let language: UInt8 = 18
    static let statementList: UInt8 = 19
    static let dwoName: UInt8 = 20
    static let dwoID: UInt8 = 21
    static let stringOffsetsBase: UInt8 = 22
    static let addressBase: UInt8 = 23
    static let rangeListsBase: UInt8 = 24
    static let gnuRangesBase: UInt8 = 25

    static let count = 26

    /// The attributes that say something about a function itself, as bits of ``EntryValues/mask``.
    static let descriptionBits =
        bit(name) | bit(linkageName) | bit(declarationFile) | bit(declarationLine) | bit(artificial)

    @inline(__always)
    static func bit(_ slot: UInt8) -> UInt32 { 1 &<< UInt32(slot) }

    static func of(_ attribute: UInt16) -> UInt8 {
        switch attribute {
        case Attribute.name: name
        case Attribute.linkageName, Attribute.mipsLinkageName: linkageName
        case Attribute.lowPC: lowPC
        case Attribute.highPC: highPC
        case Attribute.ranges: ranges
        case Attribute.entryPC: entryPC
        case Attribute.abstractOrigin: abstractOrigin
        case Attribute.specification: specification
        case Attribute.declarationFile: declarationFile
        case Attribute.declarationLine: declarationLine
        case Attribute.callFile: callFile
        case Attribute.callLine: callLine
        case Attribute.callColumn: callColumn
        case Attribute.artificial: artificial
        case Attribute.sibling: sibling
        case Attribute.compilationDirectory: compilationDirectory
        case Attribute.producer: producer
        case Attribute.language: language
        case Attribute.statementList: statementList
        case Attribute.dwoName, Attribute.gnuDwoName: dwoName
        case Attribute.gnuDwoID: dwoID
        case Attribute.stringOffsetsBase: stringOffsetsBase
        case Attribute.addressBase, Attribute.gnuAddressBase: addressBase
        case Attribute.rangeListsBase: rangeListsBase
        case Attribute.gnuRangesBase: gnuRangesBase
        default: ignored
        }
    }
}

/// What the number that was read for an attribute means.
enum ValueClass {
    static let absent: UInt8 = 0
    static let number: UInt8 = 1
    /// A signed number below zero.
    static let negative: UInt8 = 2
    static let address: UInt8 = 3
    /// Index in the unit's part of `.debug_addr`.
    static let addressIndex: UInt8 = 4
    /// Offset from the unit's header.
    static let unitReference: UInt8 = 5
    /// Offset in `.debug_info`.
    static let sectionReference: UInt8 = 6
    /// Offset in `.debug_info` of the supplementary file.
    static let supplementaryReference: UInt8 = 7
    /// Signature of a type unit.
    static let signature: UInt8 = 8
    /// Offset in `.debug_str`.
    static let string: UInt8 = 9
    /// Offset in `.debug_line_str`.
    static let lineString: UInt8 = 10
    /// Index in the unit's part of `.debug_str_offsets`.
    static let stringIndex: UInt8 = 11
    /// Offset in `.debug_str` of the supplementary file.
    static let supplementaryString: UInt8 = 12
    /// The text itself: offset in `.debug_info`.
    static let inlineString: UInt8 = 13
    /// Offset in a section that the attribute decides.
    static let sectionOffset: UInt8 = 14
    /// Index in the unit's list of range or location lists.
    static let listIndex: UInt8 = 15
    /// Blocks, expressions, checksums.
    static let other: UInt8 = 16
}

/// How the bytes of a value are laid out.
enum ValueWidth {
    static let none: UInt8 = 0
    // 1, 2, 3, 4 and 8 mean that many bytes.
    static let uleb: UInt8 = 9
    static let sleb: UInt8 = 10
    static let text: UInt8 = 11
    static let block1: UInt8 = 12
    static let block2: UInt8 = 13
    static let block4: UInt8 = 14
    static let block: UInt8 = 15
    /// In the abbreviation, not in the entry.
    static let constant: UInt8 = 16
    static let bytes16: UInt8 = 17
    /// The form stands in the entry.
    static let indirect: UInt8 = 18
    static let unknown: UInt8 = 19

    /// Bytes of a value when they do not depend on the value.
    static func fixedSize(_ width: UInt8) -> Int? {
        switch width {
        case 0, 1, 2, 3, 4, 8: Int(width)
        case constant: 0
        case bytes16: 16
        default: nil
        }
    }
}

/// A form, taken apart for a unit's sizes.
struct FormLayout {
    var width: UInt8
    var valueClass: UInt8

    init(_ width: UInt8, _ valueClass: UInt8) {
        self.width = width
        self.valueClass = valueClass
    }

    init(_ form: UInt16, _ sizes: FormSizes) {
        let offset = UInt8(sizes.offset)
        switch form {
        case Form.addr: self.init(UInt8(sizes.address), ValueClass.address)
        case Form.data1, Form.flag: self.init(1, ValueClass.number)
        case Form.data2: self.init(2, ValueClass.number)
        case Form.data4: self.init(4, ValueClass.number)
        case Form.data8: self.init(8, ValueClass.number)
        case Form.data16: self.init(ValueWidth.bytes16, ValueClass.other)
        case Form.udata: self.init(ValueWidth.uleb, ValueClass.number)
        case Form.sdata: self.init(ValueWidth.sleb, ValueClass.number)
        // A text, address or reference that stands in the abbreviation makes no sense, so the class is never one of them.
        case Form.flagPresent, Form.implicitConst: self.init(ValueWidth.constant, ValueClass.number)
        case Form.string: self.init(ValueWidth.text, ValueClass.inlineString)
        case Form.strp: self.init(offset, ValueClass.string)
        case Form.lineStrp: self.init(offset, ValueClass.lineString)
        case Form.strpSup, Form.gnuStrpAlt: self.init(offset, ValueClass.supplementaryString)
        case Form.strx, Form.gnuStrIndex: self.init(ValueWidth.uleb, ValueClass.stringIndex)
        case Form.strx1: self.init(1, ValueClass.stringIndex)
        case Form.strx2: self.init(2, ValueClass.stringIndex)
        case Form.strx3: self.init(3, ValueClass.stringIndex)
        case Form.strx4: self.init(4, ValueClass.stringIndex)
        case Form.addrx, Form.gnuAddrIndex: self.init(ValueWidth.uleb, ValueClass.addressIndex)
        case Form.addrx1: self.init(1, ValueClass.addressIndex)
        case Form.addrx2: self.init(2, ValueClass.addressIndex)
        case Form.addrx3: self.init(3, ValueClass.addressIndex)
        case Form.addrx4: self.init(4, ValueClass.addressIndex)
        case Form.ref1: self.init(1, ValueClass.unitReference)
        case Form.ref2: self.init(2, ValueClass.unitReference)
        case Form.ref4: self.init(4, ValueClass.unitReference)
        case Form.ref8: self.init(8, ValueClass.unitReference)
        case Form.refUdata: self.init(ValueWidth.uleb, ValueClass.unitReference)
        case Form.refAddr: self.init(UInt8(sizes.reference), ValueClass.sectionReference)
        case Form.refSup4: self.init(4, ValueClass.supplementaryReference)
        case Form.refSup8: self.init(8, ValueClass.supplementaryReference)
        case Form.gnuRefAlt: self.init(offset, ValueClass.supplementaryReference)
        case Form.refSig8: self.init(8, ValueClass.signature)
        case Form.secOffset: self.init(offset, ValueClass.sectionOffset)
        case Form.rnglistx, Form.loclistx: self.init(ValueWidth.uleb, ValueClass.listIndex)
        case Form.block1: self.init(ValueWidth.block1, ValueClass.other)
        case Form.block2: self.init(ValueWidth.block2, ValueClass.other)
        case Form.block4: self.init(ValueWidth.block4, ValueClass.other)
        case Form.block, Form.exprloc: self.init(ValueWidth.block, ValueClass.other)
        case Form.indirect: self.init(ValueWidth.indirect, ValueClass.other)
        default: self.init(ValueWidth.unknown, ValueClass.other)
        }
    }
}
