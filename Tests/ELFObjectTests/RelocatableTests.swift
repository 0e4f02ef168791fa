import ELFObject
import Testing

/// Object files of every machine, relocated here and by a linker that was told to use the same addresses.
@Suite("Relocatable files")
struct RelocatableTests {
    /// Links `path` with every section where `ELFObject.layout` has put it.
    private static func link(_ object: ELFObject, _ path: String, in workshop: Workshop) throws -> ELFObject {
        var script = "SECTIONS {\n"
        for placement in object.layout where placement.size > 0 {
            script += "  \(placement.name) \(placement.address) : { *(\(placement.name)) }\n"
        }
        // What the linker adds must not get in between.
        script += "  .got 0x80000 : { *(.got .toc) }\n  .got.plt 0x81000 : { *(.got.plt) }\n"
        let linked = workshop.path("linked")
        // -O0: strings are not merged, which would move them.
        try workshop.run(
            Tools.linker, "-O0", "--no-relax", "-e", "0", "-T", workshop.write(script + "}\n", to: "script"), path,
            "-o", linked)
        return try ELFObject(path: linked)
    }

    /// Every debug section, relocated here, has the bytes that the linker gave it.
    static func agreesWithLinker(_ path: String, in workshop: Workshop, least: Int) throws {
        let object = try ELFObject(path: path)
        let linked = try link(object, path, in: workshop)
        var relocated = 0
        for section in object.sections where section.name.hasPrefix(".debug_") {
            let found = try #require(try object.debugSection(named: section.name))
            #expect(found.count == object.contentSize(named: section.name))
            try found.fill()
            let bytes = found.withUnsafeBytes { Array($0) }
            #expect(try bytes == linked.bytes(of: section.name), "\(section.name)")
            if try bytes != object.bytes(of: section.name) { relocated += 1 }
        }
        #expect(relocated >= least, "\(relocated) sections were changed by relocations")
        let symbols = try object.symbols()
        let there = try linked.symbols()
        for name in ["_start", "global_function", "local_function", "cold", "table", "weak_function"] {
            let here = try #require(try symbols.first { try symbols.name(of: $0) == name }, "\(name)")
            let expected = try #require(try there.first { try there.name(of: $0) == name }, "\(name)")
            #expect(here.value == expected.value, "\(name)")
            #expect(here.isThumb == expected.isThumb, "\(name)")
            #expect(here.size == expected.size, "\(name)")
            let section = try #require(here.section)
            let placement = try #require(object.placement(at: here.value))
            #expect(placement.section == section)
            #expect(placement.name == object.sections[section].name)
        }
    }

    @Test("clang's object files", .enabled(if: Tools.linksAllMachines, "no lld"), arguments: Tools.targets, [4, 5])
    func clang(target: String, version: Int) throws {
        let workshop = try Workshop()
        let source = try workshop.write(relocatableSource, to: "a.c")
        let path = workshop.path("a.o")
        try workshop.run(
            "clang", "--target=" + target, "-O1", "-g", "-gdwarf-\(version)", "-ffunction-sections", "-c", source,
            "-o", path)
        try RelocatableTests.agreesWithLinker(path, in: workshop, least: 2)
    }

    @Test("Compressed debug sections are relocated after they are decompressed", .enabled(if: Tools.linksAllMachines))
    func compressed() throws {
        let workshop = try Workshop()
        let source = try workshop.write(relocatableSource, to: "a.c")
        let (plain, packed) = (workshop.path("a.o"), workshop.path("b.o"))
        try workshop.run("clang", "-O1", "-g", "-ffunction-sections", "-c", source, "-o", plain)
        try workshop.run("objcopy", "--compress-debug-sections=zlib", plain, packed)
        #expect(try ELFObject(path: packed).sections.contains { $0.isCompressed })
        try RelocatableTests.agreesWithLinker(packed, in: workshop, least: 2)
    }

    @Test("gcc's object files, of other machines where it is installed", arguments: Tools.crossCompilers)
    func gcc(compiler: String) throws {
        let workshop = try Workshop()
        let source = try workshop.write(relocatableSource, to: "a.c")
        let path = workshop.path("a.o")
        // Without unwind tables the call frames go to .debug_frame, which on RISC-V has relocations of 6 bits.
        try workshop.run(
            compiler, "-O1", "-g", "-fno-asynchronous-unwind-tables", "-ffunction-sections", "-c", source, "-o", path)
        try RelocatableTests.agreesWithLinker(path, in: workshop, least: 2)
    }

    @Test("swiftc's object files", .enabled(if: Tools.compilesSwift, "no swiftc"))
    func swift() throws {
        let workshop = try Workshop()
        let source = try workshop.write(
            """
            public func double(_ value: Int) -> Int { value &* 2 }
            public func sum(_ values: [Int]) -> Int { values.reduce(0) { $0 &+ double($1) } }

            """, to: "a.swift")
        let path = workshop.path("a.o")
        try workshop.run("swiftc", "-g", "-O", "-parse-as-library", "-module-name", "a", "-c", source, "-o", path)
        let object = try ELFObject(path: path)
        let section = try #require(try object.debugSection(named: ".debug_info"))
        try section.fill()
        // llvm-dwarfdump relocates too, but leaves every section at 0: its offsets are those in the sections.
        #expect(try section.withUnsafeBytes { Array($0) } != object.bytes(of: ".debug_info"))
        let symbol = try #require(try object.symbol(named: "$s1a6doubleyS2iF"))
        let placement = try #require(object.placement(at: symbol.value))
        #expect(placement.isExecutable)
        let bytes = section.withUnsafeBytes { Array($0) }
        let wanted = withUnsafeBytes(of: symbol.value.littleEndian) { Array($0) }
        #expect(bytes.indices.dropLast(8).contains { Array(bytes[$0..<$0 + 8]) == wanted })
    }

    @Test("The layout: order, alignment, gaps")
    func layout() throws {
        var image = ELFImage(type: 1)
        image.sections = [
            .init(name: ".text", type: 1, flags: 6, address: 77, data: zeros(100), alignment: 4),
            .init(name: ".comment", type: 1, address: 5, data: zeros(10)),
            .init(name: ".empty", type: 1, flags: 2),
            .init(name: ".init.text", type: 1, flags: 6, data: zeros(5), alignment: 64),
            .init(name: ".bss", type: 8, flags: 3, size: 1 << 40, alignment: 4096),
            .init(name: ".odd", type: 1, flags: 6, data: zeros(1), alignment: 48),
        ]
        let object = try ELFObject(bytes: image.bytes())
        #expect(object.layout.map(\.name) == [".text", ".empty", ".init.text", ".bss", ".odd"])
        #expect(
            object.layout.map(\.address) == [0x10000, 0x10070, 0x10080, 0x11000, 0x11000 + (1 << 40)])
        #expect(object.layout.map(\.isExecutable) == [true, false, true, false, true])
        #expect(object.sections.map(\.address)[1...6] == [0x10000, 0, 0x10070, 0x10080, 0x11000, 0x11000 + (1 << 40)])
        #expect(object.placement(at: 0xffff) == nil)
        #expect(object.placement(at: 0x10000)?.name == ".text")
        #expect(object.placement(at: 0x10064)?.name == ".text")
        #expect(object.placement(at: 0x10065) == nil)
        #expect(object.placement(at: 0x10084)?.name == ".init.text")
        #expect(object.placement(at: .max) == nil)
        #expect(object.baseAddress == 0)
        image.type = 3
        let linked = try ELFObject(bytes: image.bytes())
        #expect(linked.layout.isEmpty)
        #expect(linked.placement(at: 77) == nil)
        #expect(linked.sections[1].address == 77)
    }

    @Test("Sections that do not fit into the address space", arguments: allFormats)
    func layoutTooLarge(is64Bit: Bool, byteOrder: ByteOrder) throws {
        var image = ELFImage(is64Bit: is64Bit, byteOrder: byteOrder, type: 1)
        let huge: UInt64 = is64Bit ? 1 << 62 : 1 << 31
        image.sections = [
            .init(name: ".bss", type: 8, flags: 3, size: huge), .init(name: ".text", type: 1, flags: 6, data: zeros(4)),
        ]
        #expect(try ELFObject(bytes: image.bytes()).layout.count == 2)
        image.sections.insert(.init(name: ".more", type: 8, flags: 3, size: huge), at: 1)
        #expect(place(refusal(image.bytes())) == "section 2 (.more)")
        image.sections[1].alignment = .max
        image.sections[1].size = 1
        image.sections[0].alignment = 1 << 63
        #expect(try ELFObject(bytes: image.bytes()).layout.count == 3)
    }
}

extension ELFObject {
    func contentSize(named name: String) -> Int? {
        section(named: name).flatMap { try? contentSize(of: $0) }
    }
}

/// Functions in sections of their own, inlined calls, thread-local variables; nothing from outside.
let relocatableSource = """
    int table[64] = {1, 2, 3};
    static _Thread_local int per_thread = 7;
    static int counter;
    struct point { int x, y; struct point *next; };
    static inline __attribute__((always_inline)) int inlined(struct point *p, int a) {
        int s = 0;
        for (int i = 0; i < a; i++) { int t = p->x ^ i; s += t ^ table[i & 63]; }
        return s;
    }
    __attribute__((weak, noinline)) int weak_function(int a) { return a + counter; }
    static __attribute__((noinline)) int local_function(struct point *p) {
        return inlined(p, p->y) + table[p->x & 63];
    }
    __attribute__((noinline, section(".text.unlikely"))) int cold(int a) {
        struct point q = {a, a, 0};
        return inlined(&q, 3);
    }
    int global_function(int a) {
        struct point q = {a, 2, 0};
        counter += local_function(&q);
        if (a > 99) return cold(a);
        return weak_function(a) + per_thread;
    }
    void _start(void) { for (;;) global_function(table[1]); }

    """
