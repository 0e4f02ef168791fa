/// A piece of the file that the loader maps (`PT_LOAD`; gABI, "Program Header").
///
/// In a separate debug file the addresses and `memorySize` are still the program's; `fileOffset` and `fileSize` are not
/// to be relied on there, tools disagree about what to write.
public struct ELFLoadSegment: Sendable, Equatable {
    /// Where its bytes begin in the file.
    public let fileOffset: UInt64
    /// Its first address as linked (`p_vaddr`).
    public let address: UInt64
    /// The bytes taken from the file.
    public let fileSize: UInt64
    /// The bytes in memory; those beyond `fileSize` are zero.
    public let memorySize: UInt64
    /// `p_flags`: 1 execute, 2 write, 4 read.
    public let flags: UInt32
    /// `p_align`.
    public let alignment: UInt64

    /// Holds machine code (`PF_X`).
    public var isExecutable: Bool { flags & 1 != 0 }
}

/// Any program header; its claims are unchecked.
struct ELFProgramHeader: Sendable {
    static let load: UInt32 = 1
    static let interpreter: UInt32 = 3
    static let note: UInt32 = 4

    var type: UInt32
    var flags: UInt32
    var fileOffset: UInt64
    var address: UInt64
    var fileSize: UInt64
    var memorySize: UInt64
    var alignment: UInt64
}

/// Reads `count` program headers.
func readProgramHeaders(
    _ reader: borrowing FieldReader, _ locations: ELFTableLocations, count: UInt64, file: String, limits: ELFLimits
) throws(ELFError) -> [ELFProgramHeader] {
    guard locations.programHeaderOffset != 0, count != 0 else { return [] }
    guard count <= UInt64(limits.maximumSections) else {
        throw .limitExceeded(
            file: file, place: "number of program headers", value: count, limit: UInt64(limits.maximumSections),
            setting: "ELFLimits.maximumSections")
    }
    let entrySize: UInt64 = reader.is64Bit ? 56 : 32
    guard let table = reader.record(at: locations.programHeaderOffset, size: count * entrySize) else {
        throw .malformed(
            file: file, place: "program header table", problem: "its \(count) entries reach beyond the end of the file")
    }
    var result: [ELFProgramHeader] = []
    result.reserveCapacity(Int(count))
    for index in 0..<count {
        guard let record = table.record(at: index * entrySize, size: entrySize) else { break }
        result.append(
            ELFProgramHeader(
                type: record.u32(0), flags: record.u32(24, 4), fileOffset: record.word(4, 8),
                address: record.word(8, 16), fileSize: record.word(16, 32), memorySize: record.word(20, 40),
                alignment: record.word(28, 48)))
    }
    return result
}

/// The address that the beginning of the loaded file has as linked; see `ELFObject.baseAddress`.
func lowestPage(of segments: [ELFLoadSegment]) -> UInt64 {
    guard let lowest = segments.min(by: { $0.address < $1.address }) else { return 0 }
    // Old linkers align to 2 MiB, but no kernel maps by more than 64 KiB; 0 and 1 mean "not aligned".
    var page = min(lowest.alignment, 65536)
    if page == 0 { page = 1 }
    if page & (page - 1) != 0 { page = 4096 }
    return lowest.address & ~(page - 1)
}
