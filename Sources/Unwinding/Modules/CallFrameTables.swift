import ELFObject

/// A module's call-frame information, taken out of its file or out of memory.
///
/// libdw never sees the file that was handed in: it gets an ELF file of five sections made here, in memory. So a damaged
/// container, a compressed section that claims gigabytes or a link to another file cannot reach it; the tables
/// themselves, which only libdw interprets, are as hostile as before.
struct CallFrameTables {
    /// A section's bytes and its link address.
    struct Table {
        var address: UInt64
        var bytes: [UInt8]
    }

    /// `.eh_frame_hdr`, the index of `.eh_frame` (LSB, "Exception Frames").
    var index: Table?
    /// `.eh_frame`.
    var frames: Table?
    /// `.debug_frame` (DWARF 5, section 6.4), decompressed.
    var debugFrames: Table?

    /// More than the largest programs have.
    static let limit = 256 << 20

    /// Memory does not tell where tables end: less is taken on trust.
    static let memoryLimit = 32 << 20

    /// Bytes of all tables.
    var size: Int { [index, frames, debugFrames].reduce(0) { $0 + ($1?.bytes.count ?? 0) } }

    /// Whether there is nothing.
    var isEmpty: Bool { frames == nil && debugFrames == nil }

    init() {}

    /// Those of a file, and `.debug_frame` also of its separate debug file.
    init(_ object: ELFObject, debugFile: ELFObject?) throws(ELFError) {
        frames = try Self.section(".eh_frame", object)
        if frames != nil {
            index = try Self.section(".eh_frame_hdr", object)
        } else if let image = object.loadedImage {
            let tables = CallFrameTables(image)
            (index, frames) = (tables.index, tables.frames)
        }
        for file in [object, debugFile] {
            guard debugFrames == nil, let file, let section = file.debugSection("frame"), section.hasContents else {
                continue
            }
            debugFrames = Table(address: 0, bytes: try Self.bytes(section, file))
        }
    }

    /// Those in memory: the vDSO's, and any module's whose pages were dumped. Link addresses.
    init(_ image: LoadedImage) {
        guard let header = image.segments.first(where: { $0.type == 0x6474_e550 }),
            let bytes = image.bytes(atLinkAddress: header.address, count: header.memorySize, limit: Self.memoryLimit),
            // Version 1, .eh_frame's address relative to the field: what every linker writes.
            bytes.count >= 8, bytes[0] == 1, bytes[1] == 0x1b
        else { return }
        let distance = Int64(Int32(bitPattern: UInt32(LoadedImage.number(bytes, 4, 4))))
        let address = header.address &+ 4 &+ UInt64(bitPattern: distance)
        var size: UInt64 = 0
        // Entry by entry to the terminator: memory does not tell the section's size.
        while size < UInt64(Self.memoryLimit),
            let length = image.bytes(atLinkAddress: address &+ size, count: 4, limit: 4)
        {
            let value = LoadedImage.number(length, 0, 4)
            if value == 0 || value >= 0xffff_fff0 { break }
            size += 4 + value
        }
        guard size > 0, let contents = image.bytes(atLinkAddress: address, count: size, limit: Self.memoryLimit) else {
            return
        }
        index = Table(address: header.address, bytes: bytes)
        frames = Table(address: address, bytes: contents + [0, 0, 0, 0])
    }

    private static func section(_ name: String, _ object: ELFObject) throws(ELFError) -> Table? {
        guard let section = object.section(named: name), section.hasContents else { return nil }
        return Table(address: section.address, bytes: try bytes(section, object))
    }

    private static func bytes(_ section: ELFSection, _ object: ELFObject) throws(ELFError) -> [UInt8] {
        guard section.size <= UInt64(limit) else {
            throw .limitExceeded(
                file: object.name, place: "section \(section.name)", value: section.size, limit: UInt64(limit),
                setting: "CallFrameTables.limit")
        }
        return try object.contents(of: section).withUnsafeBytes { Array($0) }
    }

    /// An ELF file with just these tables, for a module that is linked at `base`.
    func synthesizedFile(base: UInt64, size: UInt64, _ processor: SnapshotProcessor) -> [UInt8] {
        var file = ByteSink()
        let sections: [(name: String, type: UInt32, flags: UInt64, table: Table)] = [
            (".eh_frame_hdr", 1, 2, index), (".eh_frame", 1, 2, frames), (".debug_frame", 1, 0, debugFrames),
        ].compactMap { (name: String, type: UInt32, flags: UInt64, table: Table?) in
            table.map { (name, type, flags, $0) }
        }
        var names: [UInt8] = [0]
        let nameOffsets = (sections.map(\.name) + [".shstrtab"]).map { name in
            defer { names += Array(name.utf8) + [0] }
            return UInt32(names.count)
        }
        let first: UInt64 = 64 + 56
        var offset = first
        var offsets: [UInt64] = []
        for section in sections {
            offsets.append(offset)
            offset = (offset + UInt64(section.table.bytes.count) + 7) & ~7
        }
        let nameOffset = offset
        let headerOffset = (nameOffset + UInt64(names.count) + 7) & ~7

        file.append([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        // ET_DYN: at whatever address it is reported.
        file.append(UInt16(3), UInt16(processor == .x86_64 ? 62 : 183))
        file.append(UInt32(1))
        file.append(UInt64(0), UInt64(64), headerOffset)
        file.append(UInt32(0))
        file.append(
            UInt16(64), UInt16(56), UInt16(1), UInt16(64), UInt16(sections.count + 2), UInt16(sections.count + 1))
        // PT_LOAD, readable and executable.
        file.append(UInt32(1), UInt32(5))
        file.append(UInt64(0), base, base, UInt64(0), size, UInt64(4096))
        for (section, start) in zip(sections, offsets) {
            file.pad(to: start)
            file.append(section.table.bytes)
        }
        file.pad(to: nameOffset)
        file.append(names)
        file.pad(to: headerOffset)
        file.append([UInt8](repeating: 0, count: 64))
        for (index, section) in sections.enumerated() {
            file.append(nameOffsets[index], section.type)
            file.append(section.flags, section.table.address, offsets[index], UInt64(section.table.bytes.count))
            file.append(UInt32(0), UInt32(0))
            file.append(UInt64(8), UInt64(0))
        }
        file.append(nameOffsets[sections.count], UInt32(3))
        file.append(UInt64(0), UInt64(0), nameOffset, UInt64(names.count))
        file.append(UInt32(0), UInt32(0))
        file.append(UInt64(1), UInt64(0))
        return file.bytes
    }
}

/// Little-endian bytes, growing.
private struct ByteSink {
    var bytes: [UInt8] = []

    mutating func append<Value: FixedWidthInteger>(_ values: Value...) {
        for value in values { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
    }

    mutating func append(_ more: [UInt8]) {
        bytes.append(contentsOf: more)
    }

    mutating func pad(to offset: UInt64) {
        while bytes.count < Int(offset) { bytes.append(0) }
    }
}
