import ELFObject
import Testing

/// Every class and byte order that the format knows.
let allFormats: [(Bool, ByteOrder)] = [(true, .little), (true, .big), (false, .little), (false, .big)]

@Suite("Hand-built files")
struct HandBuiltTests {
    @Test("Everything is read in every class and byte order", arguments: allFormats)
    func everything(is64Bit: Bool, byteOrder: ByteOrder) throws {
        let object = try ELFObject(bytes: ELFImage.sample(is64Bit: is64Bit, byteOrder: byteOrder).bytes())
        #expect(object.header.is64Bit == is64Bit)
        #expect(object.header.byteOrder == byteOrder)
        #expect(object.header.type == .executable)
        #expect(object.header.entry == 0x1000)
        #expect(object.warnings == [])
        #expect(object.buildID == ELFImage.sampleID)
        #expect(
            object.debugID
                == (byteOrder == .little
                    ? "13121110-1514-1716-1819-1a1b1c1d1e1f" : "10111213-1415-1617-1819-1a1b1c1d1e1f"))
        #expect(object.debugLink == DebugLink(name: "app.debug", checksum: 0x1234_5678))
        #expect(object.alternateLink == AlternateLink(path: "/x/y.dwz", buildID: [0xab, 0xcd]))
        #expect(object.baseAddress == 0x1000)
        #expect(object.loadSegments.map(\.memorySize) == [600])
        #expect(object.loadSegments.map(\.isExecutable) == [true])
        #expect(try object.bytes(of: ".text") == ELFImage.sampleText)
        for name in [".debug_info", ".debug_line", ".zdebug_str"] {
            #expect(try object.bytes(of: name) == ELFImage.sampleDebug, "\(name)")
        }
        #expect(object.debugSection("str")?.name == ".zdebug_str")
        #expect(throws: ELFError.noContents(file: "hand-built", section: ".bss")) { try object.bytes(of: ".bss") }
    }

    @Test("Symbols: what is kept, and as what", arguments: allFormats)
    func symbols(is64Bit: Bool, byteOrder: ByteOrder) throws {
        let object = try ELFObject(bytes: ELFImage.sample(is64Bit: is64Bit, byteOrder: byteOrder).bytes())
        let table = try object.symbols()
        let names = try table.map { try table.name(of: $0) }
        #expect(
            names == ["$x", "$d.1", "$s4main3fooyyF", "label", "data", "absolute", "resolver", "weak@@V1"])
        #expect(table.omittedCount == 5)
        #expect(
            table.map(\.kind) == [
                .unspecified, .unspecified, .function, .unspecified, .object, .unspecified, .indirectFunction,
                .function,
            ])
        #expect(table.map(\.value) == [0x1000, 0x1004, 0x1000, 0x1040, 0x2000, 0x99, 0x1080, 0x1100])
        #expect(table.map(\.size) == [0, 0, 40, 0, 8, 0, 16, 4])
        #expect(table.map(\.section) == [2, 2, 2, 2, 3, nil, 2, 2])
        #expect(table.map(\.binding) == [.local, .local, .global, .local, .global, .global, .global, .weak])
        #expect(table.allSatisfy { $0.table == .symtab })
        let length = try table.withName(of: table[2]) { $0.count }
        #expect(length == 14)
    }

    @Test("Mapping symbols go on ARM machines only, Swift's $s names stay", arguments: [40, 183, 243] as [UInt16])
    func mappingSymbols(machine: UInt16) throws {
        let table = try ELFObject(bytes: ELFImage.sample(machine: machine).bytes()).symbols()
        let names = try table.map { try table.name(of: $0) }
        #expect(names == ["$s4main3fooyyF", "label", "data", "absolute", "resolver", "weak@@V1"])
        #expect(table.omittedCount == 7)
    }

    @Test("Without a build id the debug id is folded from .text", arguments: allFormats)
    func foldedIdentifier(is64Bit: Bool, byteOrder: ByteOrder) throws {
        var image = ELFImage.sample(is64Bit: is64Bit, byteOrder: byteOrder)
        image.sections[0].data = image.note([1, 2, 3], type: 4)
        // 5000 bytes: byte i of the id would change if more than 4096 were read.
        image.change(".text") { $0.data = zeros(4096) + [UInt8](repeating: 0xff, count: 904) }
        image.change(".text") { $0.data[0] = 0x01 }
        image.change(".text") { $0.data[16] = 0x80 }
        image.change(".text") { $0.data[4095] = 0x33 }
        let object = try ELFObject(bytes: image.bytes())
        #expect(object.buildID == nil)
        #expect(
            object.debugID
                == (byteOrder == .little
                    ? "00000081-0000-0000-0000-000000000033" : "81000000-0000-0000-0000-000000000033"))
        image.change(".text") { $0.type = 8 }
        #expect(try ELFObject(bytes: image.bytes()).debugID == nil)
        image.sections.removeAll { $0.name == ".text" }
        #expect(try ELFObject(bytes: image.bytes()).debugID == nil)
    }

    @Test("A short build id is filled with zeros, a long one cut")
    func identifierLengths() throws {
        var image = ELFImage.sample()
        image.sections[0].data = image.note([0xaa, 0xbb, 0xcc, 0xdd, 1])
        #expect(try ELFObject(bytes: image.bytes()).debugID == "ddccbbaa-0001-0000-0000-000000000000")
        image.sections[0].data = image.note([UInt8](repeating: 0x11, count: 64))
        #expect(try ELFObject(bytes: image.bytes()).debugID == "11111111-1111-1111-1111-111111111111")
    }

    @Test("The build id after other notes, in segments before sections, with both alignments")
    func noteOrder() throws {
        var image = ELFImage.sample()
        let property = image.note(zeros(16), type: 5)
        let foreign = image.note(Array(1...8), name: "Xyz\0")
        // Declared aligned to 8, with a 4-aligned note of odd length before the id.
        image.sections[0].data = property + image.note(zeros(20), type: 1) + image.note(ELFImage.sampleID)
        image.sections[0].alignment = 8
        image.segments[1].alignment = 8
        #expect(try ELFObject(bytes: image.bytes()).buildID == ELFImage.sampleID)
        // Truly aligned to 8: the second note begins at a multiple of 8 after a 20-byte descriptor.
        image.sections[0].data = image.note(zeros(20), type: 1) + zeros(4) + image.note(ELFImage.sampleID)
        #expect(try ELFObject(bytes: image.bytes()).buildID == ELFImage.sampleID)
        // A foreign owner's type 3 is no build id.
        image.sections[0].data = foreign
        #expect(try ELFObject(bytes: image.bytes()).buildID == nil)
        // The program header of a debug file points to nowhere: the section answers, without a warning.
        image = .sample()
        image.segments[1] = ELFImage.Segment(type: 4, offset: 1 << 30, size: 36)
        var object = try ELFObject(bytes: image.bytes())
        #expect(object.buildID == ELFImage.sampleID)
        #expect(object.warnings == [])
        // And when there is none at all, the damage is told.
        image.sections[0].data = foreign
        object = try ELFObject(bytes: image.bytes())
        #expect(object.buildID == nil)
        #expect(object.warnings.count == 1)
    }

    @Test("Counts in the null section", arguments: allFormats)
    func extendedNumbering(is64Bit: Bool, byteOrder: ByteOrder) throws {
        var image = ELFImage.sample(is64Bit: is64Bit, byteOrder: byteOrder)
        let plain = try ELFObject(bytes: image.bytes())
        image.usesExtendedNumbering = true
        let extended = try ELFObject(bytes: image.bytes())
        #expect(extended.sections.dropFirst() == plain.sections.dropFirst())
        #expect(extended.loadSegments == plain.loadSegments)
        #expect(extended.buildID == ELFImage.sampleID)
    }

    @Test("Kinds as Sentry's tools name them")
    func kinds() throws {
        var image = ELFImage.sample()
        #expect(try ELFObject(bytes: image.bytes()).kind == .debug)
        image.segments.append(ELFImage.Segment(type: 3, section: ".data"))
        #expect(try ELFObject(bytes: image.bytes()).kind == .executable)
        for (type, kind) in [(1, .relocatable), (3, .library), (4, .dump), (0, .other), (0xfe00, .other)]
            as [(UInt16, ObjectKind)]
        {
            image.type = type
            #expect(try ELFObject(bytes: image.bytes()).kind == kind)
        }
        image.type = 3
        image.change(".text") { $0.type = 8 }
        #expect(try ELFObject(bytes: image.bytes()).kind == .debug)
    }

    @Test("Features")
    func features() throws {
        var image = ELFImage.sample()
        #expect(
            try ELFObject(bytes: image.bytes()).features
                == ObjectFeatures(hasDebugInformation: true, hasSymbols: true, hasUnwindInformation: false))
        image.sections.append(ELFImage.Section(name: ".eh_frame", type: 1, data: zeros(8)))
        image.change(".debug_info") { $0.type = 8 }
        image.change(".symtab") { $0.data = zeros(24) }
        #expect(
            try ELFObject(bytes: image.bytes()).features
                == ObjectFeatures(hasDebugInformation: false, hasSymbols: false, hasUnwindInformation: true))
    }

    @Test("The base address is rounded to a page that some kernel has")
    func baseAddress() throws {
        var image = ELFImage.sample()
        let cases: [(UInt64, UInt64, UInt64)] = [
            (0x20_1234, 0x1000, 0x20_1000), (0x21_1234, 0x20_0000, 0x21_0000), (0x1234, 0, 0x1234),
            (0x1234, 1, 0x1234), (0x1234, 3, 0x1000), (0xffff_ffff_ffff_ffff, 0x1000, 0xffff_ffff_ffff_f000),
        ]
        for (address, alignment, base) in cases {
            image.segments = [ELFImage.Segment(type: 1, address: address, alignment: alignment)]
            #expect(try ELFObject(bytes: image.bytes()).baseAddress == base)
        }
        image.segments = [
            ELFImage.Segment(type: 1, address: 0x9000, alignment: 0x1000),
            ELFImage.Segment(type: 1, address: 0x5000, alignment: 0x1000),
        ]
        #expect(try ELFObject(bytes: image.bytes()).baseAddress == 0x5000)
        image.segments = []
        #expect(try ELFObject(bytes: image.bytes()).baseAddress == 0)
    }

    @Test("Architectures")
    func architectures() throws {
        let cases: [(UInt16, Bool, ByteOrder, String)] = [
            (62, true, .little, "x86_64"), (62, false, .little, "x32"), (3, false, .little, "i386"),
            (183, true, .little, "aarch64"), (40, false, .little, "arm"), (243, true, .little, "riscv64"),
            (21, true, .big, "powerpc64"), (21, true, .little, "powerpc64le"), (22, true, .big, "s390x"),
            (8, false, .little, "mipsel"), (4242, true, .little, "unknown-4242"),
        ]
        for (machine, is64Bit, byteOrder, name) in cases {
            let image = ELFImage(is64Bit: is64Bit, byteOrder: byteOrder, machine: machine)
            #expect(try ELFObject(bytes: image.bytes()).architecture == name)
        }
    }
}
