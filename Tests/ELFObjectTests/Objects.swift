import Bytes
import ELFObject
import Glibc
import Testing

extension MappedFile {
    /// The bytes as a file that has no name and disappears with the mapping.
    static func holding(_ bytes: some Collection<UInt8>) throws -> MappedFile {
        var template = Array("/tmp/symbolist-elf-XXXXXX".utf8CString)
        let descriptor = template.withUnsafeMutableBufferPointer { buffer -> Int32 in
            guard let path = buffer.baseAddress else { return -1 }
            let descriptor = mkstemp(path)
            unlink(path)
            return descriptor
        }
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let written = Array(bytes).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        try #require(written == bytes.count)
        return try MappedFile(descriptor: descriptor, name: "test")
    }

    var allBytes: [UInt8] { withUnsafeBytes { Array($0) } }
}

extension ELFObject {
    init(path: String, limits: ELFLimits = .default) throws {
        try self.init(try MappedFile(path: path), name: path, limits: limits)
    }

    init(bytes: some Collection<UInt8>, limits: ELFLimits = .default) throws {
        try self.init(try MappedFile.holding(bytes), name: "hand-built", limits: limits)
    }

    func bytes(of name: String) throws -> [UInt8] {
        let found = try #require(self.section(named: name), "no section \(name)")
        return try contents(of: found).withUnsafeBytes { Array($0) }
    }

    func symbol(named name: String) throws -> ELFSymbol? {
        let table = try symbols()
        return try table.first { try table.name(of: $0) == name }
    }
}

/// An ELF file put together field by field, of either class and byte order, right or deliberately wrong.
struct ELFImage {
    struct Section {
        var name: String
        var type: UInt32
        var flags: UInt64 = 0
        var address: UInt64 = 0
        var data: [UInt8] = []
        /// Replace what follows from `data`, to lie.
        var size: UInt64?
        var offset: UInt64?
        var nameOffset: UInt32?
        var link: UInt32 = 0
        var info: UInt32 = 0
        var alignment: UInt64 = 1
        var entrySize: UInt64 = 0
    }

    struct Segment {
        var type: UInt32
        var flags: UInt32 = 5
        /// The section whose place in the file it has; else `offset` and `size`.
        var section: String?
        var offset: UInt64 = 0
        var size: UInt64 = 0
        var address: UInt64 = 0
        var memorySize: UInt64 = 0
        var alignment: UInt64 = 4
    }

    var is64Bit = true
    var byteOrder = ByteOrder.little
    var type: UInt16 = 2
    var machine: UInt16 = 62
    var entry: UInt64 = 0
    /// Without the null section and the name table, which are added.
    var sections: [Section] = []
    var segments: [Segment] = []
    /// Counts in the null section instead of in the header.
    var usesExtendedNumbering = false

    func bytes() -> [UInt8] {
        var all = [Section(name: "", type: 0)] + sections + [Section(name: ".shstrtab", type: 3)]
        var names: [UInt8] = [0]
        for index in all.indices.dropFirst() {
            all[index].nameOffset = all[index].nameOffset ?? UInt32(names.count)
            names += Array(all[index].name.utf8) + [0]
        }
        all[all.count - 1].data = names
        let headerSize = is64Bit ? 64 : 52
        let segmentSize = is64Bit ? 56 : 32
        var body: [UInt8] = []
        let bodyStart = headerSize + segments.count * segmentSize
        for index in all.indices.dropFirst() {
            let alignment = max(1, min(64, Int(clamping: all[index].alignment)))
            while (bodyStart + body.count) % alignment != 0 { body.append(0) }
            all[index].offset = all[index].offset ?? UInt64(bodyStart + body.count)
            all[index].size = all[index].size ?? UInt64(all[index].data.count)
            body += all[index].data
        }
        while (bodyStart + body.count) % 8 != 0 { body.append(0) }
        let tableOffset = bodyStart + body.count
        if usesExtendedNumbering {
            all[0].size = UInt64(all.count)
            all[0].link = UInt32(all.count - 1)
            all[0].info = UInt32(segments.count)
        }
        var sink = sink()
        sink.bytes = [0x7f, 0x45, 0x4c, 0x46, is64Bit ? 2 : 1, byteOrder == .little ? 1 : 2, 1] + zeros(9)
        sink.u16(type)
        sink.u16(machine)
        sink.u32(1)
        sink.word(entry)
        sink.word(segments.isEmpty ? 0 : UInt64(headerSize))
        sink.word(UInt64(tableOffset))
        sink.u32(0)
        sink.u16(UInt16(headerSize))
        sink.u16(UInt16(segmentSize))
        sink.u16(usesExtendedNumbering ? 0xffff : UInt16(segments.count))
        sink.u16(is64Bit ? 64 : 40)
        sink.u16(usesExtendedNumbering ? 0 : UInt16(all.count))
        sink.u16(usesExtendedNumbering ? 0xffff : UInt16(all.count - 1))
        for segment in segments { append(segment, all, to: &sink) }
        sink.bytes += body
        for section in all { append(section, to: &sink) }
        return sink.bytes
    }

    func sink() -> FieldSink { FieldSink(is64Bit: is64Bit, byteOrder: byteOrder) }

    private func append(_ segment: Segment, _ sections: [Section], to sink: inout FieldSink) {
        let place = sections.first { $0.name == segment.section }
        sink.u32(segment.type)
        if is64Bit { sink.u32(segment.flags) }
        sink.word(place?.offset ?? segment.offset)
        sink.word(segment.address)
        sink.word(segment.address)
        sink.word(place?.size ?? segment.size)
        sink.word(segment.memorySize)
        if !is64Bit { sink.u32(segment.flags) }
        sink.word(segment.alignment)
    }

    private func append(_ section: Section, to sink: inout FieldSink) {
        sink.u32(section.nameOffset ?? 0)
        sink.u32(section.type)
        sink.word(section.flags)
        sink.word(section.address)
        sink.word(section.offset ?? 0)
        sink.word(section.size ?? 0)
        sink.u32(section.link)
        sink.u32(section.info)
        sink.word(section.alignment)
        sink.word(section.entrySize)
    }
}

func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

/// Appends fields in a file's class and byte order.
struct FieldSink {
    let is64Bit: Bool
    let byteOrder: ByteOrder
    var bytes: [UInt8] = []

    mutating func u8(_ value: UInt8) { bytes.append(value) }
    mutating func u16(_ value: UInt16) { integer(value) }
    mutating func u32(_ value: UInt32) { integer(value) }
    mutating func u64(_ value: UInt64) { integer(value) }
    mutating func word(_ value: UInt64) {
        if is64Bit { u64(value) } else { u32(UInt32(truncatingIfNeeded: value)) }
    }

    private mutating func integer(_ value: some FixedWidthInteger) {
        let ordered = byteOrder == .little ? value.littleEndian : value.bigEndian
        withUnsafeBytes(of: ordered) { bytes += $0 }
    }
}

/// Compares megabytes quickly in a debug build, too.
func same(_ bytes: UnsafeRawBufferPointer, _ expected: ArraySlice<UInt8>) -> Bool {
    expected.withUnsafeBytes { expected in
        guard bytes.count == expected.count else { return false }
        guard let first = bytes.baseAddress, let second = expected.baseAddress else { return bytes.isEmpty }
        return memcmp(first, second, bytes.count) == 0
    }
}
