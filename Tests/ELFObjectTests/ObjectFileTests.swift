import ELFObject
import Testing

/// What is particular about object files, and about files that look like them.
@Suite("Object files and their likes")
struct ObjectFileTests {
    @Test("Of several sections of a name the one outside of groups counts")
    func groups() throws {
        var image = RelocationTests.image(RelocationTests.machines[0], [.init(type: 1, symbol: 1)])
        image.sections.append(.init(name: ".debug_line", type: 1, flags: 0x200, data: [1]))
        image.sections.append(.init(name: ".debug_line", type: 1, data: [2]))
        let object = try ELFObject(bytes: image.bytes())
        let section = try #require(try object.debugSection(named: ".debug_line"))
        #expect(section.withUnsafeBytes { Array($0) } == [2])
    }

    @Test("ARM's Thumb functions have even addresses and a mark")
    func thumb() throws {
        var image = ELFImage(is64Bit: false, type: 3, machine: 40)
        let symbols: [(String, UInt64, UInt64, UInt8, UInt16)] = [
            ("thumb", 0x1001, 4, 0x12, 1), ("arm", 0x1008, 4, 0x12, 1), ("data", 0x2001, 4, 0x11, 1),
            ("resolver", 0x1011, 4, 0x1a, 1), ("label", 0x1015, 0, 0x10, 1),
        ]
        let (table, strings) = image.symbolTable(symbols)
        image.sections = [
            .init(name: ".text", type: 1, flags: 6, address: 0x1000, data: zeros(64)),
            .init(name: ".symtab", type: 2, data: table, link: 3, entrySize: 16),
            .init(name: ".strtab", type: 3, data: strings),
        ]
        let found = try ELFObject(bytes: image.bytes()).symbols()
        #expect(found.map(\.value) == [0x1000, 0x1008, 0x2001, 0x1010, 0x1015])
        #expect(found.map(\.isThumb) == [true, false, false, true, false])
        image.machine = 3
        #expect(try ELFObject(bytes: image.bytes()).symbols().map(\.value) == symbols.map(\.1))
    }

    @Test("Object files joined by ld -r", .enabled(if: Tools.linksAllMachines))
    func joined() throws {
        let workshop = try Workshop()
        let first = try workshop.write(relocatableSource, to: "a.c")
        let second = try workshop.write(
            """
            extern int global_function(int);
            __attribute__((section(".init.text"))) int other(int a) { return global_function(a) + 1; }

            """, to: "b.c")
        for (source, name) in [(first, "a.o"), (second, "b.o")] {
            try workshop.run("gcc", "-O1", "-g", "-ffunction-sections", "-c", source, "-o", workshop.path(name))
        }
        let path = workshop.path("module.ko")
        try workshop.run("ld", "-r", workshop.path("a.o"), workshop.path("b.o"), "-o", path)
        let object = try ELFObject(path: path)
        #expect(object.placement(at: try #require(try object.symbol(named: "other")).value)?.name == ".init.text")
        try RelocatableTests.agreesWithLinker(path, in: workshop, least: 2)
    }

    @Test("Split units and packages", .enabled(if: Tools.linksAllMachines))
    func split() throws {
        let workshop = try Workshop()
        let source = try workshop.write(freestandingSource, to: "a.c")
        try workshop.run("clang", "-g", "-gsplit-dwarf", "-c", source, "-o", workshop.path("a.o"))
        try workshop.run("clang", "-g", "-gsplit-dwarf=single", "-c", source, "-o", workshop.path("single.o"))
        let split = try ELFObject(path: workshop.path("a.dwo"))
        #expect(split.kind == .relocatable)
        #expect(split.splitContents == .units)
        #expect(split.layout.isEmpty || split.layout.allSatisfy { $0.size == 0 })
        let object = try ELFObject(path: workshop.path("a.o"))
        #expect(object.splitContents == nil)
        #expect(try object.debugSection(named: ".debug_info.dwo") == nil)
        let single = try ELFObject(path: workshop.path("single.o"))
        #expect(single.splitContents == .units)
        for name in [".debug_abbrev.dwo", ".debug_str.dwo"] {
            let expected = try #require(try split.debugSection(named: name))
            let found = try #require(try single.debugSection(named: name))
            // Nothing to relocate: there from the start.
            #expect(expected.available == expected.count && found.available == found.count)
            // The text holds the file's name.
            if name != ".debug_str.dwo" {
                #expect(expected.withUnsafeBytes { Array($0) } == found.withUnsafeBytes { Array($0) })
            }
        }
        var image = ELFImage(type: 1)
        image.sections = [
            .init(name: ".debug_info.dwo", type: 1, data: [1]), .init(name: ".debug_cu_index", type: 1, data: [1]),
        ]
        #expect(try ELFObject(bytes: image.bytes()).splitContents == .package)
        image.sections[1].name = ".debug_tu_index"
        #expect(try ELFObject(bytes: image.bytes()).splitContents == .package)
        image.sections[0].type = 8
        #expect(try ELFObject(bytes: image.bytes()).splitContents == nil)
    }
}
