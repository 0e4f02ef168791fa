/// What an ELF file says it is (gABI, `e_type`).
public enum ELFType: Sendable, Equatable {
    /// `ET_NONE`.
    case none
    /// `ET_REL`: an object file or kernel module; addresses are relative to sections.
    case relocatable
    /// `ET_EXEC`: linked to a fixed address.
    case executable
    /// `ET_DYN`: a library, or a position-independent executable.
    case sharedObject
    /// `ET_CORE`: the memory of a process.
    case core
    /// Any other value.
    case other(UInt16)

    init(_ value: UInt16) {
        switch value {
        case 0: self = .none
        case 1: self = .relocatable
        case 2: self = .executable
        case 3: self = .sharedObject
        case 4: self = .core
        default: self = .other(value)
        }
    }
}

/// The facts of the ELF header that matter after the tables have been found.
public struct ELFHeader: Sendable, Equatable {
    /// ELF64 when true, ELF32 otherwise (`EI_CLASS`).
    public let is64Bit: Bool
    /// The byte order of every integer in the file (`EI_DATA`).
    public let byteOrder: ByteOrder
    /// `e_type`.
    public let type: ELFType
    /// `e_machine`; `ELFObject.architecture` has its name.
    public let machine: UInt16
    /// `e_flags`, whose meaning depends on the machine.
    public let flags: UInt32
    /// `e_entry`, an address as linked, 0 when there is none.
    public let entry: UInt64
}

/// Where the tables are, as the header says: still unchecked claims.
struct ELFTableLocations {
    var programHeaderOffset: UInt64
    var programHeaderCount: UInt16
    var sectionHeaderOffset: UInt64
    var sectionHeaderCount: UInt16
    var sectionNameIndex: UInt16
}

/// Reads the identification and the header (gABI, chapter 4, "ELF Header").
func readHeader(_ bytes: RawSpan, file: String) throws(ELFError) -> (ELFHeader, ELFTableLocations) {
    guard bytes.byteCount >= 16,
        bytes.unsafeLoadUnaligned(as: UInt32.self) == UInt32(bigEndian: 0x7f45_4c46)
    else { throw .notELF(file: file) }
    func identification(_ index: Int) -> UInt8 { bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt8.self) }
    let fileClass = identification(4)
    guard fileClass == 1 || fileClass == 2 else {
        throw .unsupported(file: file, field: "EI_CLASS", value: UInt64(fileClass))
    }
    let encoding = identification(5)
    guard encoding == 1 || encoding == 2 else {
        throw .unsupported(file: file, field: "EI_DATA", value: UInt64(encoding))
    }
    guard identification(6) == 1 else {
        throw .unsupported(file: file, field: "EI_VERSION", value: UInt64(identification(6)))
    }
    let is64Bit = fileClass == 2
    let all = FieldReader(bytes, byteOrder: encoding == 1 ? .little : .big, is64Bit: is64Bit)
    guard let record = all.record(at: 0, size: is64Bit ? 64 : 52) else {
        throw .malformed(file: file, place: "ELF header", problem: "the file ends inside it")
    }
    let header = ELFHeader(
        is64Bit: is64Bit, byteOrder: record.byteOrder, type: ELFType(record.u16(16)), machine: record.u16(18),
        flags: record.u32(36, 48), entry: record.word(24, 24))
    func short(_ offset32: Int, _ offset64: Int) -> UInt16 { record.u16(is64Bit ? offset64 : offset32) }
    let locations = ELFTableLocations(
        programHeaderOffset: record.word(28, 32), programHeaderCount: short(44, 56),
        sectionHeaderOffset: record.word(32, 40), sectionHeaderCount: short(48, 60),
        sectionNameIndex: short(50, 62))
    // The entry sizes are fixed by the class; another size means another format, or damage.
    if locations.programHeaderOffset != 0, locations.programHeaderCount != 0 {
        let size = short(42, 54)
        guard size == (is64Bit ? 56 : 32) else {
            throw .unsupported(file: file, field: "e_phentsize", value: UInt64(size))
        }
    }
    if locations.sectionHeaderOffset != 0 {
        let size = short(46, 58)
        guard size == (is64Bit ? 64 : 40) else {
            throw .unsupported(file: file, field: "e_shentsize", value: UInt64(size))
        }
    }
    return (header, locations)
}
