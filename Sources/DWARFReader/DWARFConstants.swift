/// The numbers of the DWARF standard that the reader uses (DWARF 5, chapter 7, and the GNU and LLVM extensions). They are
/// spelled out because the C header's macros arrive in Swift as `Int`.
enum Tag {
    static let arrayType: UInt16 = 0x01
    static let classType: UInt16 = 0x02
    static let enumerationType: UInt16 = 0x04
    static let structureType: UInt16 = 0x13
    static let subroutineType: UInt16 = 0x15
    static let unionType: UInt16 = 0x17
    static let inlinedSubroutine: UInt16 = 0x1d
    static let module: UInt16 = 0x1e
    static let subprogram: UInt16 = 0x2e
    static let interfaceType: UInt16 = 0x38
    static let namespace: UInt16 = 0x39
    static let partialUnit: UInt16 = 0x3c
    static let lexicalBlock: UInt16 = 0x0b
    static let compileUnit: UInt16 = 0x11
    static let typeUnit: UInt16 = 0x41
    static let skeletonUnit: UInt16 = 0x4a
}

enum Attribute {
    static let sibling: UInt16 = 0x01
    static let name: UInt16 = 0x03
    static let statementList: UInt16 = 0x10
    static let lowPC: UInt16 = 0x11
    static let highPC: UInt16 = 0x12
    static let language: UInt16 = 0x13
    static let compilationDirectory: UInt16 = 0x1b
    static let producer: UInt16 = 0x25
    static let abstractOrigin: UInt16 = 0x31
    static let artificial: UInt16 = 0x34
    static let declarationFile: UInt16 = 0x3a
    static let declarationLine: UInt16 = 0x3b
    static let specification: UInt16 = 0x47
    static let entryPC: UInt16 = 0x52
    static let ranges: UInt16 = 0x55
    static let callColumn: UInt16 = 0x57
    static let callFile: UInt16 = 0x58
    static let callLine: UInt16 = 0x59
    static let linkageName: UInt16 = 0x6e
    static let stringOffsetsBase: UInt16 = 0x72
    static let addressBase: UInt16 = 0x73
    static let rangeListsBase: UInt16 = 0x74
    static let dwoName: UInt16 = 0x76
    static let mipsLinkageName: UInt16 = 0x2007
    static let gnuDwoName: UInt16 = 0x2130
    static let gnuDwoID: UInt16 = 0x2131
    static let gnuRangesBase: UInt16 = 0x2132
    static let gnuAddressBase: UInt16 = 0x2133
}

enum Form {
    static let addr: UInt16 = 0x01
    static let block2: UInt16 = 0x03
    static let block4: UInt16 = 0x04
    static let data2: UInt16 = 0x05
    static let data4: UInt16 = 0x06
    static let data8: UInt16 = 0x07
    static let string: UInt16 = 0x08
    static let block: UInt16 = 0x09
    static let block1: UInt16 = 0x0a
    static let data1: UInt16 = 0x0b
    static let flag: UInt16 = 0x0c
    static let sdata: UInt16 = 0x0d
    static let strp: UInt16 = 0x0e
    static let udata: UInt16 = 0x0f
    static let refAddr: UInt16 = 0x10
    static let ref1: UInt16 = 0x11
    static let ref2: UInt16 = 0x12
    static let ref4: UInt16 = 0x13
    static let ref8: UInt16 = 0x14
    static let refUdata: UInt16 = 0x15
    static let indirect: UInt16 = 0x16
    static let secOffset: UInt16 = 0x17
    static let exprloc: UInt16 = 0x18
    static let flagPresent: UInt16 = 0x19
    static let strx: UInt16 = 0x1a
    static let addrx: UInt16 = 0x1b
    static let refSup4: UInt16 = 0x1c
    static let strpSup: UInt16 = 0x1d
    static let data16: UInt16 = 0x1e
    static let lineStrp: UInt16 = 0x1f
    static let refSig8: UInt16 = 0x20
    static let implicitConst: UInt16 = 0x21
    static let loclistx: UInt16 = 0x22
    static let rnglistx: UInt16 = 0x23
    static let refSup8: UInt16 = 0x24
    static let strx1: UInt16 = 0x25
    static let strx2: UInt16 = 0x26
    static let strx3: UInt16 = 0x27
    static let strx4: UInt16 = 0x28
    static let addrx1: UInt16 = 0x29
    static let addrx2: UInt16 = 0x2a
    static let addrx3: UInt16 = 0x2b
    static let addrx4: UInt16 = 0x2c
    static let gnuAddrIndex: UInt16 = 0x1f01
    static let gnuStrIndex: UInt16 = 0x1f02
    static let gnuRefAlt: UInt16 = 0x1f20
    static let gnuStrpAlt: UInt16 = 0x1f21
}

/// Content types of a DWARF 5 line header's directory and file entries (section 6.2.4.1).
enum LineContent {
    static let path: UInt64 = 0x1
    static let directoryIndex: UInt64 = 0x2
    static let md5: UInt64 = 0x5
    static let llvmSource: UInt64 = 0x2001
}
