import ELFObject
import Testing

@Suite("Binaries made by compilers and binutils")
struct RealBinaryTests {
    /// The contents of every debug section under its plain name, and how many were compressed.
    private func debugSections(_ path: String) throws -> (contents: [String: [UInt8]], compressed: Int) {
        let object = try ELFObject(path: path)
        var contents: [String: [UInt8]] = [:]
        var compressed = 0
        for section in object.sections where section.name.hasPrefix(".debug") || section.name.hasPrefix(".zdebug") {
            let name = section.name.hasPrefix(".z") ? "." + section.name.dropFirst(2) : section.name
            contents[name] = try object.contents(of: section).withUnsafeBytes { Array($0) }
            #expect(try object.contentSize(of: section) == contents[name]?.count)
            let streamed = try #require(try object.debugSection(named: name))
            #expect(streamed.name == name)
            try streamed.fill()
            #expect(streamed.withUnsafeBytes { Array($0) } == contents[name])
            if section.isCompressed { compressed += 1 }
        }
        return (contents, compressed)
    }

    /// Compresses a linked program by `objcopy` and compares every debug section with the plain one.
    private func compressesLosslessly(_ kind: String) throws {
        let workshop = try Workshop()
        let source = try workshop.write(sampleSource, to: "a.c")
        let (plain, packed) = (workshop.path("plain"), workshop.path("packed"))
        try workshop.run("gcc", "-g3", source, "-o", plain)
        try workshop.run("objcopy", "--compress-debug-sections=" + kind, plain, packed)
        let expected = try debugSections(plain)
        let found = try debugSections(packed)
        #expect(expected.compressed == 0)
        #expect(found.compressed >= 3)
        #expect(found.contents == expected.contents)
        #expect(expected.contents[".debug_info"]?.isEmpty == false)
        let (first, second) = (try ELFObject(path: plain), try ELFObject(path: packed))
        #expect(first.features == second.features)
        #expect(first.debugID == second.debugID)
    }

    @Test("objcopy's zlib sections") func zlib() throws { try compressesLosslessly("zlib-gabi") }

    @Test(
        "llvm-objcopy's sections: every form, and several in one file", .enabled(if: Tools.compressesSections),
        arguments: [
            ["--compress-debug-sections=zlib"], ["--compress-debug-sections=zstd"],
            ["--compress-sections=.debug_info=zlib", "--compress-sections=.debug_line=zstd"],
            ["--compress-sections=.debug_*=zstd", "--compress-sections=.debug_str=none"],
            ["--compress-sections=.debug_*=zlib", "--compress-sections=.debug_abbrev=zstd"],
        ])
    func mixtures(options: [String]) throws {
        let workshop = try Workshop()
        let source = try workshop.write(sampleSource, to: "a.c")
        let (plain, packed) = (workshop.path("plain"), workshop.path("packed"))
        try workshop.run("gcc", "-g3", source, "-o", plain)
        try workshop.run([Tools.llvmObjcopy] + options + [plain, packed])
        let found = try debugSections(packed)
        #expect(found.compressed >= 2)
        #expect(try found.contents == debugSections(plain).contents)
    }

    @Test("lld's compressed sections", arguments: Tools.compressingLinkers)
    func linkerCompression(linker: String, kind: String) throws {
        let workshop = try Workshop()
        let source = try workshop.write(freestandingSource, to: "a.c")
        try workshop.run("clang", "-g", "-c", source, "-o", workshop.path("a.o"))
        let (plain, packed) = (workshop.path("plain"), workshop.path("packed"))
        try workshop.run(linker, workshop.path("a.o"), "-o", plain)
        try workshop.run(linker, "--compress-debug-sections=" + kind, workshop.path("a.o"), "-o", packed)
        let found = try debugSections(packed)
        #expect(found.compressed >= 2)
        #expect(try found.contents == debugSections(plain).contents)
    }

    @Test("objcopy's .zdebug sections", .enabled(if: Tools.compressesGNU, "gcc -gz=zlib-gnu is not supported here"))
    func zlibGNU() throws { try compressesLosslessly("zlib-gnu") }

    @Test("objcopy's zstd sections", .enabled(if: Tools.compressesZstd, "objcopy without zstd"))
    func zstd() throws { try compressesLosslessly("zstd") }

    @Test(
        "gcc's own compression gives what objcopy decompresses",
        arguments: Tools.compressesGNU ? ["zlib", "zlib-gnu"] : ["zlib"])
    func compilerCompression(kind: String) throws {
        let workshop = try Workshop()
        let source = try workshop.write(sampleSource, to: "a.c")
        let (packed, plain) = (workshop.path("packed"), workshop.path("plain"))
        try workshop.run("gcc", "-g3", "-gz=" + kind, source, "-o", packed)
        try workshop.run("objcopy", "--decompress-debug-sections", packed, plain)
        let found = try debugSections(packed)
        #expect(found.compressed >= 3)
        #expect(try debugSections(plain).contents == found.contents)
    }

    @Test("A program and its separate debug file")
    func separateDebugFile() throws {
        let workshop = try Workshop()
        let source = try workshop.write(sampleSource, to: "a.c")
        let (full, debug, stripped) = (workshop.path("app"), workshop.path("app.debug"), workshop.path("stripped"))
        try workshop.run("gcc", "-g", "-no-pie", "-Wl,--build-id", source, "-o", full)
        try workshop.run("objcopy", "--only-keep-debug", full, debug)
        try workshop.run("strip", full, "-o", stripped)
        try workshop.run("objcopy", "--add-gnu-debuglink=" + debug, stripped)
        let (program, symbols, small) = (
            try ELFObject(path: full), try ELFObject(path: debug), try ELFObject(path: stripped)
        )
        #expect(program.buildID?.count == 20)
        #expect([symbols.buildID, small.buildID] == [program.buildID, program.buildID])
        #expect([symbols.debugID, small.debugID] == [program.debugID, program.debugID])
        #expect([program.kind, symbols.kind, small.kind] == [.executable, .debug, .executable])
        #expect([program.baseAddress, symbols.baseAddress, small.baseAddress] == [0x40_0000, 0x40_0000, 0x40_0000])
        #expect(
            symbols.features
                == ObjectFeatures(hasDebugInformation: true, hasSymbols: true, hasUnwindInformation: false))
        #expect(
            small.features
                == ObjectFeatures(hasDebugInformation: false, hasSymbols: true, hasUnwindInformation: true))
        let text = try #require(symbols.section(named: ".text"))
        #expect(throws: ELFError.noContents(file: debug, section: ".text")) { try symbols.contents(of: text) }
        #expect(try symbols.symbol(named: "local_function") == program.symbol(named: "local_function"))
        #expect(try small.symbol(named: "local_function") == nil)
        #expect(program.debugLink == nil)
        let link = try #require(small.debugLink)
        #expect(link.name == "app.debug")
        #expect(link.checksum == crc32(symbols.file.allBytes))
    }

    @Test("Without a build id the program has a debug id, its debug file has none")
    func noBuildID() throws {
        let workshop = try Workshop()
        let source = try workshop.write(sampleSource, to: "a.c")
        let (full, debug) = (workshop.path("app"), workshop.path("app.debug"))
        try workshop.run("gcc", "-g", "-Wl,--build-id=none", source, "-o", full)
        try workshop.run("objcopy", "--only-keep-debug", full, debug)
        let program = try ELFObject(path: full)
        #expect(program.buildID == nil)
        #expect(program.debugID?.count == 36)
        #expect(try program.debugID == ELFObject(path: full).debugID)
        let symbols = try ELFObject(path: debug)
        #expect(symbols.buildID == nil)
        #expect(symbols.debugID == nil)
        #expect(symbols.kind == .debug)
        #expect(program.kind == .library)
    }

    @Test("The linker's build ids of other lengths", arguments: [("md5", 16), ("sha1", 20), ("0xabcdef", 3)])
    func buildIDStyles(style: String, length: Int) throws {
        let workshop = try Workshop()
        let source = try workshop.write(sampleSource, to: "a.c")
        try workshop.run("gcc", "-Wl,--build-id=" + style, source, "-o", workshop.path("a"))
        let object = try ELFObject(path: workshop.path("a"))
        #expect(object.buildID?.count == length)
        if length == 3 { #expect(object.debugID == "00efcdab-0000-0000-0000-000000000000") }
    }

    @Test("Symbols of a program")
    func symbols() throws {
        let workshop = try Workshop()
        let source = try workshop.write(sampleSource, to: "a.c")
        try workshop.run("gcc", "-g", "-rdynamic", source, "-o", workshop.path("a"))
        let object = try ELFObject(path: workshop.path("a"))
        #expect(try object.symbol(named: "local_function")?.kind == .function)
        #expect(try object.symbol(named: "local_function")?.binding == .local)
        #expect(try object.symbol(named: "weak_function")?.binding == .weak)
        #expect(try object.symbol(named: "chosen")?.kind == .indirectFunction)
        #expect(try object.symbol(named: "table")?.kind == .object)
        #expect(try object.symbol(named: "table")?.size == 256)
        #expect(try object.symbol(named: "per_thread") == nil)
        #expect(try object.symbol(named: "a.c") == nil)
        let table = try object.symbols()
        let tables = try table.filter { try table.name(of: $0) == "global_function" }.map(\.table)
        #expect(tables == [.symtab, .dynsym])
        let text = try #require(object.section(named: ".text"))
        #expect(try object.symbol(named: "main")?.section == text.index)
    }

    @Test("An object file with 70,000 sections")
    func manySections() throws {
        let workshop = try Workshop()
        let source = try workshop.write(
            """
            .altmacro
            .macro one n
            .section .text.f\\n,"ax",@progbits
            f\\n: .byte 0x90
            .type f\\n,@function
            .endm
            .set i,0
            .rept 70000
            one %i
            .set i,i+1
            .endr

            """, to: "a.s")
        try workshop.run("gcc", "-c", source, "-o", workshop.path("a.o"))
        let object = try ELFObject(path: workshop.path("a.o"))
        #expect(object.kind == .relocatable)
        #expect(object.sections.count > 70_000)
        let last = try #require(try object.symbol(named: "f69999"))
        let index = try #require(last.section)
        #expect(index > 0xffff)
        #expect(object.sections[index].name == ".text.f69999")
        #expect(try object.bytes(of: ".text.f69999") == [0x90])
        #expect(object.loadSegments.isEmpty)
        #expect(object.baseAddress == 0)
    }

    @Test("A 32-bit program", .enabled(if: Tools.builds32Bit, "gcc -m32 does not link here"))
    func program32() throws {
        let workshop = try Workshop()
        let source = try workshop.write(freestandingSource, to: "a.c")
        let path = workshop.path("a")
        try workshop.run("gcc", "-m32", "-g3", "-gz=zlib", "-nostdlib", "-static", "-Wl,--build-id", source, "-o", path)
        let object = try ELFObject(path: path)
        #expect(!object.header.is64Bit)
        #expect(object.architecture == "i386")
        #expect(object.buildID?.count == 20)
        #expect(object.kind == .debug)
        let start = try #require(try object.symbol(named: "_start"))
        #expect(start.value == object.header.entry)
        let info = try #require(object.debugSection("info"))
        #expect(info.isCompressed)
        try workshop.run("objcopy", "--decompress-debug-sections", path, workshop.path("b"))
        #expect(try debugSections(workshop.path("b")).contents == debugSections(path).contents)
    }

    @Test("A big-endian object file", .enabled(if: Tools.buildsBigEndian, "clang without PowerPC"))
    func bigEndian() throws {
        let workshop = try Workshop()
        let source = try workshop.write(freestandingSource, to: "a.c")
        let path = workshop.path("a.o")
        try workshop.run("clang", "--target=powerpc64-linux-gnu", "-g", "-c", source, "-o", path)
        let object = try ELFObject(path: path)
        #expect(object.header.byteOrder == .big)
        #expect(object.architecture == "powerpc64")
        #expect(object.kind == .relocatable)
        #expect(try object.symbol(named: "table")?.size == 256)
        #expect(object.features.hasDebugInformation)
    }

    @Test("AArch64's mapping symbols are left out", .enabled(if: Tools.buildsAArch64, "clang without AArch64"))
    func mappingSymbols() throws {
        let workshop = try Workshop()
        let source = try workshop.write(freestandingSource, to: "a.c")
        let path = workshop.path("a.o")
        try workshop.run("clang", "--target=aarch64-linux-gnu", "-g", "-c", source, "-o", path)
        #expect(try workshop.run("readelf", "-sW", path).contains("$x"))
        let object = try ELFObject(path: path)
        #expect(object.architecture == "aarch64")
        let table = try object.symbols()
        let names = try table.map { try table.name(of: $0) }
        #expect(names.contains("_start"))
        #expect(!names.contains { $0.hasPrefix("$") })
    }
}

/// The CRC-32 of IEEE 802.3, bit by bit.
func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(UInt32.max) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1 }
    }
}
