import Bytes

/// The ELF and program headers of a core (gABI, "ELF Header", "Program Header"), checked against the file.
struct CoreHeader {
    /// A program header, as it is in the file.
    struct Segment {
        var type: UInt32
        var flags: UInt32
        var offset: UInt64
        var address: UInt64
        var fileSize: UInt64
        var memorySize: UInt64
    }

    /// More mappings than a kernel allows by default (65,530), and than a large `vm.max_map_count` is set to in practice.
    static let maximumSegments: UInt64 = 1 << 20

    var processor: SnapshotProcessor
    var segments: [Segment]
    /// Whether program headers are missing because the file ends before them.
    var missingHeaders: UInt64 = 0

    /// Reads the headers of `file`.
    ///
    /// - Throws: `unsupported` for other ELF files and other processors' cores, saying what the file is.
    init(_ file: DumpBytes, name: String) throws(DumpError) {
        processor = try Self.identify(file, name: name)
        guard let tableOffset = file.u64(32), let sectionOffset = file.u64(40), let entrySize = file.u16(54),
            let shortCount = file.u16(56)
        else { throw .malformed(name, "ELF header", "the file ends inside it") }
        guard shortCount == 0 || entrySize == 56 else {
            throw .malformed(name, "e_phentsize", "\(entrySize), not 56")
        }
        var count = UInt64(shortCount)
        // PN_XNUM: so many that their number is in the first section header's sh_info.
        if shortCount == 0xffff {
            let (place, isOverflow) = sectionOffset.addingReportingOverflow(44)
            guard !isOverflow, let extended = file.u32(place) else {
                throw .malformed(name, "e_phnum", "the section header that has the number of segments is not there")
            }
            count = UInt64(extended)
        }
        guard count <= Self.maximumSegments else {
            throw .limit(name, "e_phnum", value: count, limit: Self.maximumSegments, name: "segments of a core")
        }
        segments = []
        segments.reserveCapacity(Int(count))
        for index in 0..<count {
            guard let record = file.piece(tableOffset &+ index &* 56, 56), tableOffset < file.count,
                let segment = Self.segment(record)
            else {
                missingHeaders = count - index
                break
            }
            segments.append(segment)
        }
        guard !segments.isEmpty else {
            throw .malformed(name, "program headers", "there are none: no memory and no threads")
        }
    }

    private static func segment(_ record: borrowing DumpBytes) -> Segment? {
        guard let type = record.u32(0), let flags = record.u32(4), let offset = record.u64(8),
            let address = record.u64(16), let fileSize = record.u64(32), let memorySize = record.u64(40)
        else { return nil }
        return Segment(
            type: type, flags: flags, offset: offset, address: address, fileSize: fileSize, memorySize: memorySize)
    }

    private static func identify(_ file: borrowing DumpBytes, name: String) throws(DumpError) -> SnapshotProcessor {
        guard file.u32(0) == 0x464c_457f, let fileClass = file.u8(4), let order = file.u8(5), file.count >= 20 else {
            throw .malformed(name, "ELF header", "not an ELF file, or it ends inside the header")
        }
        let machine = order == 2 ? file.u16(18)?.byteSwapped : file.u16(18)
        let type = order == 2 ? file.u16(16)?.byteSwapped : file.u16(16)
        let known = machineName(machine ?? 0)
        guard type == 4 else {
            throw .unsupported(name, "an ELF file for \(known) that is no core: \(typeName(type ?? 0))")
        }
        guard fileClass == 2, order == 1 else {
            let bits = fileClass == 2 ? "64-bit" : "32-bit"
            throw .unsupported(
                name,
                "a \(bits) \(order == 2 ? "big" : "little")-endian core of \(known); "
                    + "64-bit little-endian cores of x86-64 and AArch64 are read")
        }
        switch machine {
        case 62: return .x86_64
        case 183: return .aarch64
        default: throw .unsupported(name, "a core of \(known); those of x86-64 and AArch64 are read")
        }
    }

    private static func machineName(_ machine: UInt16) -> String {
        switch machine {
        case 3: "x86 (i386)"
        case 8: "MIPS"
        case 20: "PowerPC"
        case 21: "64-bit PowerPC"
        case 22: "S/390"
        case 40: "ARM (32-bit)"
        case 62: "x86-64"
        case 183: "AArch64"
        case 243: "RISC-V"
        case 258: "LoongArch"
        default: "machine \(machine)"
        }
    }

    private static func typeName(_ type: UInt16) -> String {
        switch type {
        case 1: "a relocatable object"
        case 2: "an executable"
        case 3: "an executable or shared library"
        default: "type \(type)"
        }
    }
}
