import CZlib
import CZstd
import ELFObject

func compressedZlib(_ bytes: [UInt8]) -> [UInt8] {
    var size = compressBound(UInt(bytes.count))
    var result = zeros(Int(size))
    guard compress2(&result, &size, bytes, UInt(bytes.count), 9) == Z_OK else { return [] }
    return Array(result.prefix(Int(size)))
}

func compressedZstd(_ bytes: [UInt8]) -> [UInt8] {
    var result = zeros(ZSTD_compressBound(bytes.count))
    let size = ZSTD_compress(&result, result.count, bytes, bytes.count, 3)
    return ZSTD_isError(size) == 0 ? Array(result.prefix(size)) : []
}

extension ELFImage {
    static let sampleID: [UInt8] = Array(0x10..<0x24)
    static let sampleText: [UInt8] = (0..<600).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 3) }
    static let sampleDebug: [UInt8] = (0..<3000).map { UInt8(truncatingIfNeeded: $0 / 9) }

    /// One of everything that this room reads, in the given class and byte order.
    static func sample(is64Bit: Bool = true, byteOrder: ByteOrder = .little, machine: UInt16 = 62) -> ELFImage {
        var image = ELFImage(is64Bit: is64Bit, byteOrder: byteOrder, machine: machine)
        let symbols: [(String, UInt64, UInt64, UInt8, UInt16)] = [
            ("file.c", 0, 0, 4, 0xfff1), ("", 0x1000, 0, 3, 2), ("$x", 0x1000, 0, 0, 2), ("$d.1", 0x1004, 0, 0, 2),
            ("$s4main3fooyyF", 0x1000, 40, 0x12, 2), ("label", 0x1040, 0, 0, 2), ("data", 0x2000, 8, 0x11, 3),
            ("undefined", 0, 0, 0x10, 0), ("thread_local", 0, 4, 0x16, 3), ("common", 8, 8, 0x11, 0xfff2),
            ("absolute", 0x99, 0, 0x10, 0xfff1), ("resolver", 0x1080, 16, 0x1a, 2), ("weak@@V1", 0x1100, 4, 0x22, 2),
        ]
        let (table, strings) = image.symbolTable(symbols)
        var crc = image.sink()
        crc.u32(0x1234_5678)
        let entrySize: UInt64 = is64Bit ? 24 : 16
        image.entry = 0x1000
        image.sections = [
            Section(
                name: ".note.gnu.build-id", type: 7, flags: 2, address: 0xff0, data: image.note(sampleID),
                alignment: 4),
            Section(name: ".text", type: 1, flags: 6, address: 0x1000, data: sampleText, alignment: 16),
            Section(name: ".data", type: 1, flags: 3, address: 0x2000, data: zeros(16)),
            Section(name: ".bss", type: 8, flags: 3, address: 0x2010, size: 4096),
            Section(
                name: ".debug_info", type: 1, flags: 0x800,
                data: image.compressionHeader(1, 3000) + compressedZlib(sampleDebug)),
            Section(
                name: ".debug_line", type: 1, flags: 0x800,
                data: image.compressionHeader(2, 3000) + compressedZstd(sampleDebug)),
            Section(
                name: ".zdebug_str", type: 1,
                data: Array("ZLIB".utf8) + [0, 0, 0, 0, 0, 0, 0x0b, 0xb8] + compressedZlib(sampleDebug)),
            Section(name: ".symtab", type: 2, data: table, link: 9, info: 4, alignment: 8, entrySize: entrySize),
            Section(name: ".strtab", type: 3, data: strings),
            Section(name: ".gnu_debuglink", type: 1, data: Array("app.debug".utf8) + zeros(3) + crc.bytes),
            Section(name: ".gnu_debugaltlink", type: 1, data: Array("/x/y.dwz".utf8) + [0, 0xab, 0xcd]),
        ]
        image.segments = [
            Segment(type: 1, section: ".text", address: 0x1234, memorySize: 600, alignment: 0x1000),
            Segment(type: 4, section: ".note.gnu.build-id", address: 0xff0),
        ]
        return image
    }

    /// A note named GNU with alignment 4.
    func note(_ descriptor: [UInt8], type: UInt32 = 3, name: String = "GNU\0") -> [UInt8] {
        var sink = sink()
        sink.u32(UInt32(name.utf8.count))
        sink.u32(UInt32(descriptor.count))
        sink.u32(type)
        sink.bytes += Array(name.utf8)
        while sink.bytes.count % 4 != 0 { sink.u8(0) }
        sink.bytes += descriptor
        while sink.bytes.count % 4 != 0 { sink.u8(0) }
        return sink.bytes
    }

    func compressionHeader(_ type: UInt32, _ size: UInt64) -> [UInt8] {
        var sink = sink()
        sink.u32(type)
        if is64Bit { sink.u32(0) }
        sink.word(size)
        sink.word(1)
        return sink.bytes
    }

    /// A table of (name, value, size, st_info, st_shndx) after the null symbol, and its strings.
    func symbolTable(_ symbols: [(String, UInt64, UInt64, UInt8, UInt16)]) -> (table: [UInt8], strings: [UInt8]) {
        var strings: [UInt8] = [0]
        var sink = sink()
        sink.bytes = zeros(is64Bit ? 24 : 16)
        for (name, value, size, info, section) in symbols {
            sink.u32(name.isEmpty ? 0 : UInt32(strings.count))
            if !name.isEmpty { strings += Array(name.utf8) + [0] }
            if !is64Bit {
                sink.word(value)
                sink.word(size)
            }
            sink.u8(info)
            sink.u8(0)
            sink.u16(section)
            if is64Bit {
                sink.word(value)
                sink.word(size)
            }
        }
        return (sink.bytes, strings)
    }

    mutating func change(_ name: String, _ body: (inout Section) -> Void) {
        for index in sections.indices where sections[index].name == name { body(&sections[index]) }
    }
}
