import Bytes
import CLZMA
import ELFObject
import Testing

/// `.gnu_debugdata`, `.debug_sup` and the checksum of `.gnu_debuglink`.
@Suite("Packed symbol tables and links")
struct PackedSymbolTests {
    private static func compressedXZ(_ bytes: [UInt8], preset: UInt32 = 6) -> [UInt8] {
        var result = zeros(lzma_stream_buffer_bound(bytes.count))
        var size = 0
        let status = lzma_easy_buffer_encode(
            preset, LZMA_CHECK_CRC64, nil, bytes, bytes.count, &result, &size, result.count)
        return status == LZMA_OK ? Array(result.prefix(size)) : []
    }

    /// A file with `.dynsym` (`shown`) and, packed inside, one with `.symtab`: `hidden` in a section of the same place,
    /// `moved` in one that is not here.
    static func image(is64Bit: Bool = true, byteOrder: ByteOrder = .little) -> (outer: ELFImage, inner: ELFImage) {
        var outer = ELFImage(is64Bit: is64Bit, byteOrder: byteOrder, type: 3)
        var inner = outer
        let entrySize: UInt64 = is64Bit ? 24 : 16
        let (hidden, hiddenNames) = inner.symbolTable([
            ("hidden", 0x1010, 4, 0x02, 2), ("moved", 0x7000, 4, 0x02, 1), ("fixed", 3, 0, 0x02, 0xfff1),
        ])
        inner.sections = [
            .init(name: ".gone", type: 8, flags: 6, address: 0x7000, size: 64),
            .init(name: ".text", type: 8, flags: 6, address: 0x1000, size: 64),
            .init(name: ".symtab", type: 2, data: hidden, link: 4, entrySize: entrySize),
            .init(name: ".strtab", type: 3, data: hiddenNames),
        ]
        let (shown, shownNames) = outer.symbolTable([("shown", 0x1020, 4, 0x12, 1)])
        outer.sections = [
            .init(name: ".text", type: 1, flags: 6, address: 0x1000, data: zeros(64)),
            .init(name: ".dynsym", type: 11, flags: 2, data: shown, link: 3, entrySize: entrySize),
            .init(name: ".dynstr", type: 3, flags: 2, data: shownNames),
            .init(name: ".gnu_debugdata", type: 1, data: PackedSymbolTests.compressedXZ(inner.bytes())),
        ]
        return (outer, inner)
    }

    private func names(_ object: ELFObject) throws -> [String] {
        let table = try object.symbols()
        return try table.map { "\($0.table) \(try table.name(of: $0)) \($0.value) \($0.section ?? -1)" }
    }

    @Test("Symbols of .gnu_debugdata are merged", arguments: allFormats)
    func merged(is64Bit: Bool, byteOrder: ByteOrder) throws {
        let (outer, _) = PackedSymbolTests.image(is64Bit: is64Bit, byteOrder: byteOrder)
        let object = try ELFObject(bytes: outer.bytes())
        #expect(
            try names(object) == [
                "dynsym shown 4128 1", "miniDebugInformation hidden 4112 1", "miniDebugInformation fixed 3 -1",
            ])
        let table = try object.symbols()
        #expect(table.omittedCount == 1)
        #expect(table.problem == nil)
        #expect(try object.miniDebugInformation()?.sections.count == 6)
        #expect(try ELFObject(bytes: ELFImage.sample().bytes()).miniDebugInformation() == nil)
    }

    @Test("With .symtab the packed table is not asked")
    func symbolTableWins() throws {
        var (outer, inner) = PackedSymbolTests.image()
        let table = inner.sections[2].data
        let names = inner.sections[3].data
        outer.sections += [
            .init(name: ".symtab", type: 2, data: table, link: 6, entrySize: 24),
            .init(name: ".strtab", type: 3, data: names),
        ]
        outer.change(".gnu_debugdata") { $0.data = [1, 2, 3] }
        let found = try ELFObject(bytes: outer.bytes()).symbols()
        #expect(Set(found.map(\.table)) == [.symtab, .dynsym])
        #expect(found.problem == nil)
        inner.sections = []
    }

    @Test("Damage is told, and costs nothing else")
    func damage() throws {
        let (outer, inner) = PackedSymbolTests.image()
        let packed = PackedSymbolTests.compressedXZ(inner.bytes())
        func problem(_ data: [UInt8], limits: ELFLimits = .default) throws -> ELFError? {
            var outer = outer
            outer.change(".gnu_debugdata") { $0.data = data }
            let table = try ELFObject(bytes: outer.bytes(), limits: limits).symbols()
            #expect(table.map(\.table).filter { $0 == .dynsym }.count == 1)
            if table.problem != nil { #expect(table.count == 1) }
            return table.problem
        }
        #expect(try problem(packed) == nil)
        for length in 0..<packed.count {
            let found = try problem(Array(packed.prefix(length)))
            #expect(
                reason(found)?.hasPrefix("xz: ") == true || length % 4 == 0, "\(length): \(String(describing: found))")
            #expect(found != nil)
        }
        #expect(reason(try problem(packed + [1, 2, 3, 4]))?.hasPrefix("xz: ") == true)
        #expect(try problem(packed + zeros(4)) == nil)
        #expect(try problem(PackedSymbolTests.compressedXZ([1, 2, 3])) == .notELF(file: file + "(.gnu_debugdata)"))
        #expect(try problem(PackedSymbolTests.compressedXZ([])) == .notELF(file: file + "(.gnu_debugdata)"))
        var other = inner
        other.machine = 183
        #expect(place(try problem(PackedSymbolTests.compressedXZ(other.bytes()))) == "section .gnu_debugdata")
        let size = inner.bytes().count
        let small = try problem(packed, limits: ELFLimits(maximumMiniDebugSize: UInt64(size - 1)))
        #expect(setting(small) == "ELFLimits.maximumMiniDebugSize")
        #expect(try problem(packed, limits: ELFLimits(maximumMiniDebugSize: UInt64(size))) == nil)
        let memory = try problem(packed, limits: ELFLimits(maximumDecoderMemory: 1 << 20))
        guard case .limitExceeded(file, let where_, let value, 1_048_576, "ELFLimits.maximumDecoderMemory") = memory
        else {
            Issue.record("\(String(describing: memory))")
            return
        }
        #expect(where_.contains(".gnu_debugdata") && value > 1 << 20)
        // A bomb: 300 MB of zeros in 44 KB.
        let bomb = PackedSymbolTests.compressedXZ(zeros(300 << 20), preset: 0)
        #expect(bomb.count < 100_000)
        #expect(setting(try problem(bomb)) == "ELFLimits.maximumMiniDebugSize")
    }

    @Test("A file in a file in a file is opened once")
    func nested() throws {
        var (outer, inner) = PackedSymbolTests.image()
        inner.sections.removeLast(2)
        inner.sections.append(.init(name: ".gnu_debugdata", type: 1, data: outer.sections[3].data))
        let packed = PackedSymbolTests.compressedXZ(inner.bytes())
        outer.change(".gnu_debugdata") { $0.data = packed }
        let table = try ELFObject(bytes: outer.bytes()).symbols()
        #expect(table.map(\.table) == [.dynsym])
    }

    @Test("A stripped program with .gnu_debugdata, made as GDB's manual says", .enabled(if: Tools.packsXZ, "no xz"))
    func real() throws {
        let workshop = try Workshop()
        let source = try workshop.write(sampleSource, to: "a.c")
        let (full, debug, mini, small) = (
            workshop.path("full"), workshop.path("debug"), workshop.path("mini"), workshop.path("small")
        )
        try workshop.run("gcc", "-g", source, "-o", full)
        try workshop.run("objcopy", "--only-keep-debug", full, debug)
        try workshop.run(
            "objcopy", "-S", "--keep-symbol=local_function", "--keep-symbol=weak_function", "--remove-section=.comment",
            debug, mini)
        try workshop.run("strip", "--strip-all", "-R", ".comment", full, "-o", small)
        try workshop.run("xz", mini)
        try workshop.run("objcopy", "--add-section=.gnu_debugdata=" + mini + ".xz", small)
        let program = try ELFObject(path: full)
        let stripped = try ELFObject(path: small)
        for name in ["local_function", "weak_function"] {
            let expected = try #require(try program.symbol(named: name))
            let found = try #require(try stripped.symbol(named: name))
            #expect(found.table == .miniDebugInformation)
            #expect(found.value == expected.value && found.size == expected.size)
            let section = try #require(found.section)
            #expect(stripped.sections[section].name == ".text")
        }
    }

    @Test("The checksum of .gnu_debuglink")
    func checksum() throws {
        var generator = SeededGenerator(seed: 1)
        for count in [0, 1, 7, 4096, 100_001] {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }
            #expect(try ELFObject.checksum(of: MappedFile.holding(bytes)) == crc32(bytes))
        }
        let workshop = try Workshop()
        let source = try workshop.write(sampleSource, to: "a.c")
        try workshop.run("gcc", "-g", source, "-o", workshop.path("a"))
        try workshop.run("objcopy", "--only-keep-debug", workshop.path("a"), workshop.path("a.debug"))
        try workshop.run("objcopy", "--add-gnu-debuglink=" + workshop.path("a.debug"), workshop.path("a"))
        let link = try #require(try ELFObject(path: workshop.path("a")).debugLink)
        #expect(try ELFObject.checksum(of: MappedFile(path: workshop.path("a.debug"))) == link.checksum)
    }

    @Test("Supplementary links", arguments: allFormats)
    func supplementary(is64Bit: Bool, byteOrder: ByteOrder) throws {
        func object(_ version: UInt16, _ rest: [UInt8]) throws -> ELFObject {
            var image = ELFImage(is64Bit: is64Bit, byteOrder: byteOrder, type: 3)
            var sink = image.sink()
            sink.u16(version)
            image.sections = [.init(name: ".debug_sup", type: 1, data: sink.bytes + rest)]
            return try ELFObject(bytes: image.bytes())
        }
        let name = Array("/a/b.sup".utf8)
        #expect(
            try object(5, [0] + name + [0, 3, 7, 8, 9]).supplementaryLink
                == SupplementaryLink(isSupplementary: false, name: "/a/b.sup", checksum: [7, 8, 9]))
        #expect(
            try object(5, [1, 0, 0x82, 0, 7, 8]).supplementaryLink
                == SupplementaryLink(isSupplementary: true, name: "", checksum: [7, 8]))
        for (version, rest) in [
            (5, []), (5, [0]), (4, [0] + name + [0, 1, 7]), (5, [2] + name + [0, 1, 7]), (5, [0] + name),
            (5, [0] + name + [0]), (5, [0] + name + [0, 0]), (5, [0] + name + [0, 2, 7]), (5, [0] + name + [0, 0x80]),
            (5, [0] + name + [0, 0x80, 0x80, 0x80, 1]), (5, [0] + name + [0, 0xff, 0x7f] + zeros(20_000)),
        ] as [(UInt16, [UInt8])] {
            let object = try object(version, rest)
            #expect(object.supplementaryLink == nil)
            #expect(object.warnings.count == 1)
            #expect(place(object.warnings.first) == ".debug_sup")
        }
    }

    @Test("dwz's supplementary file", .enabled(if: Tools.splitsDWARF5, "no dwz"))
    func dwz() throws {
        let workshop = try Workshop()
        let source = try workshop.write(sampleSource, to: "a.c")
        for name in ["a", "b"] {
            try workshop.run("gcc", "-g3", "-gdwarf-5", "-Dvariant_" + name, source, "-o", workshop.path(name))
        }
        try workshop.run("dwz", "-5", "-m", workshop.path("common"), workshop.path("a"), workshop.path("b"))
        let (first, second) = (try ELFObject(path: workshop.path("a")), try ELFObject(path: workshop.path("b")))
        let common = try ELFObject(path: workshop.path("common"))
        let link = try #require(first.supplementaryLink)
        #expect(!link.isSupplementary)
        #expect(link.name.hasSuffix("common"))
        #expect(second.supplementaryLink == link)
        let other = try #require(common.supplementaryLink)
        #expect(other.isSupplementary)
        #expect(other.name == "")
        #expect(other.checksum == link.checksum)
    }
}
