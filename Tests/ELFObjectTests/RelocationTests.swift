import ELFObject
import Testing

/// Relocations made by hand, for every machine, class and byte order, right and wrong.
@Suite("Relocations")
struct RelocationTests {
    struct Machine: Sendable, CustomTestStringConvertible {
        var name: String
        var number: UInt16
        var is64Bit = true
        var byteOrder = ByteOrder.little
        var hasAddends = true
        /// Types that store so many bytes of an address, a distance, an offset of a thread-local variable, a size.
        var address: [UInt32: Int] = [:]
        var distance: [UInt32: Int] = [:]
        var offset: [UInt32: Int] = [:]
        var size: [UInt32: Int] = [:]
        var ignored: [UInt32] = [0]
        var testDescription: String { name }
    }

    static let machines = [
        Machine(
            name: "x86_64", number: 62, address: [1: 8, 10: 4, 11: 4, 12: 2, 14: 1],
            distance: [2: 4, 4: 4, 13: 2, 15: 1, 24: 8], offset: [17: 8, 21: 4], size: [32: 4, 33: 8]),
        Machine(name: "x32", number: 62, is64Bit: false, address: [1: 8, 10: 4], distance: [2: 4], offset: [21: 4]),
        Machine(
            name: "i386", number: 3, is64Bit: false, hasAddends: false, address: [1: 4, 20: 2, 22: 1],
            distance: [2: 4, 4: 4, 21: 2, 23: 1], offset: [32: 4, 36: 4], size: [38: 4]),
        Machine(
            name: "aarch64", number: 183, address: [257: 8, 258: 4, 259: 2], distance: [260: 8, 261: 4, 262: 2],
            offset: [1029: 8], ignored: [0, 256]),
        Machine(
            name: "aarch64_be", number: 183, byteOrder: .big, address: [257: 8, 258: 4, 259: 2],
            distance: [260: 8, 261: 4, 262: 2], offset: [1029: 8], ignored: [0, 256]),
        Machine(name: "aarch64 ILP32", number: 183, is64Bit: false, address: [1: 4, 2: 2], distance: [3: 4, 4: 2]),
        Machine(
            name: "arm", number: 40, is64Bit: false, hasAddends: false, address: [2: 4, 5: 2, 8: 1, 38: 4],
            distance: [3: 4], offset: [18: 4, 106: 4]),
        Machine(
            name: "armeb", number: 40, is64Bit: false, byteOrder: .big, hasAddends: false, address: [2: 4, 5: 2, 8: 1],
            distance: [3: 4], offset: [18: 4, 106: 4]),
        Machine(
            name: "riscv64", number: 243, address: [1: 4, 2: 8, 54: 1, 55: 2, 56: 4], distance: [57: 4],
            offset: [8: 4, 9: 8], ignored: [0, 43, 51]),
        Machine(
            name: "riscv32", number: 243, is64Bit: false, address: [1: 4, 54: 1, 55: 2, 56: 4], distance: [57: 4],
            offset: [8: 4], ignored: [0, 43, 51]),
        Machine(
            name: "s390x", number: 22, byteOrder: .big, address: [1: 1, 3: 2, 4: 4, 22: 8],
            distance: [5: 4, 16: 2, 23: 8], offset: [52: 4, 53: 8]),
        Machine(
            name: "ppc64le", number: 21, address: [1: 4, 3: 2, 24: 4, 38: 8, 43: 8], distance: [26: 4, 44: 8],
            offset: [78: 8]),
        Machine(
            name: "ppc64", number: 21, byteOrder: .big, address: [1: 4, 3: 2, 38: 8], distance: [26: 4, 44: 8],
            offset: [78: 8]),
    ]

    struct Entry {
        var offset: UInt64 = 16
        var type: UInt32
        var symbol: UInt32
        var addend: Int64 = 0
    }

    /// Symbols: 1 in `.text` (0x10020), 2 in `.debug_str` (0x20), 3 thread-local (0x40), 4 undefined, 5 absolute,
    /// 6 common, 7 in the last section before 0xff00 numbers: 0x1234.
    static func image(_ machine: Machine, _ entries: [Entry], place: [UInt8] = zeros(48)) -> ELFImage {
        var image = ELFImage(is64Bit: machine.is64Bit, byteOrder: machine.byteOrder, type: 1, machine: machine.number)
        let (table, strings) = image.symbolTable([
            ("code", 0x20, 8, 0x12, 1), ("text", 0x20, 8, 3, 4), ("variable", 0x40, 4, 6, 2),
            ("outside", 9, 5, 0x10, 0),
            ("fixed", 0x77, 0, 0x10, 0xfff1), ("common", 8, 4, 0x11, 0xfff2), ("nowhere", 1, 0, 0x10, 0x7777),
        ])
        var sink = image.sink()
        for entry in entries {
            sink.word(entry.offset)
            if machine.is64Bit {
                sink.u64(UInt64(entry.symbol) << 32 | UInt64(entry.type))
            } else {
                sink.u32(entry.symbol << 8 | entry.type)
            }
            if machine.hasAddends { sink.word(UInt64(bitPattern: entry.addend)) }
        }
        let word: UInt64 = machine.is64Bit ? 8 : 4
        image.sections = [
            .init(name: ".text", type: 1, flags: 6, data: zeros(64)),
            .init(name: ".tdata", type: 1, flags: 0x403, data: zeros(128)),
            .init(name: ".debug_info", type: 1, data: place),
            .init(name: ".debug_str", type: 1, data: zeros(64)),
            .init(
                name: machine.hasAddends ? ".rela.debug_info" : ".rel.debug_info", type: machine.hasAddends ? 4 : 9,
                data: sink.bytes, link: 6, info: 3, entrySize: word * (machine.hasAddends ? 3 : 2)),
            .init(
                name: ".symtab", type: 2, data: table, link: 7, info: 4, alignment: 8,
                entrySize: machine.is64Bit ? 24 : 16),
            .init(name: ".strtab", type: 3, data: strings),
        ]
        return image
    }

    private func relocated(_ image: ELFImage, limits: ELFLimits = .default) throws -> [UInt8] {
        let object = try ELFObject(bytes: image.bytes(), limits: limits)
        let section = try #require(try object.debugSection(named: ".debug_info"))
        #expect(section.available == 0)
        try section.fill()
        return section.withUnsafeBytes { Array($0) }
    }

    private func number(_ value: UInt64, _ width: Int, _ order: ByteOrder) -> [UInt8] {
        let little = (0..<width).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        return order == .little ? little : little.reversed()
    }

    /// What one relocation leaves at offset 16; nothing else may change.
    private func result(
        _ machine: Machine, _ type: UInt32, _ symbol: UInt32, addend: Int64, width: Int
    ) throws -> [UInt8] {
        var place = [UInt8](repeating: 0xaa, count: 48)
        place.replaceSubrange(
            16..<16 + width,
            with: machine.hasAddends
                ? zeros(width) : number(UInt64(bitPattern: addend), width, machine.byteOrder))
        let bytes = try relocated(
            RelocationTests.image(machine, [Entry(type: type, symbol: symbol, addend: addend)], place: place))
        #expect(bytes[..<16].allSatisfy { $0 == 0xaa } && bytes[(16 + width)...].allSatisfy { $0 == 0xaa })
        return Array(bytes[16..<16 + width])
    }

    @Test("What is stored", arguments: machines)
    func stored(machine: Machine) throws {
        func expect(_ type: UInt32, _ symbol: UInt32, _ addend: Int64, _ width: Int, _ expected: UInt64) throws {
            let found = try result(machine, type, symbol, addend: addend, width: width)
            #expect(found == number(expected, width, machine.byteOrder), "type \(type), symbol \(symbol)")
        }
        for (type, width) in machine.address {
            try expect(type, 2, 0x10, width, 0x30)
            try expect(type, 2, -0x10, width, 0x10)
            try expect(type, 0, 0x11, width, 0x11)
            try expect(type, 5, 1, width, 0x78)
            // What is not here counts as 0.
            try expect(type, 4, 3, width, 3)
            try expect(type, 6, 3, width, 3)
            if width >= 4 { try expect(type, 1, 0x10, width, 0x10030) }
            if width == 8 { try expect(type, 1, -0x10021, width, machine.is64Bit ? .max : 0xffff_ffff_ffff_ffff) }
        }
        for (type, width) in machine.distance {
            try expect(type, 2, 0, width, 0x10)
            try expect(type, 2, -0x20, width, UInt64(bitPattern: -16))
            if width >= 4 { try expect(type, 1, -4, width, 0x1000c) }
        }
        for (type, width) in machine.offset { try expect(type, 3, 2, width, 0x42) }
        for (type, width) in machine.size { try expect(type, 1, 2, width, 10) }
        for type in machine.ignored { try expect(type, 1, 0, 4, 0) }
    }

    @Test("Unknown types name file, section, machine and type", arguments: machines)
    func unknown(machine: Machine) throws {
        // Lists are shared by byte orders and classes, but for AArch64's ILP32.
        let alike = RelocationTests.machines.filter {
            $0.number == machine.number && ($0.number != 183 || $0.is64Bit == machine.is64Bit)
        }
        let known = Set(
            alike.flatMap { [$0.address, $0.distance, $0.offset, $0.size].flatMap(\.keys) + $0.ignored })
        let calculating: Set<UInt32> = machine.number == 243 ? Set(33...40).union([52, 53, 60, 61]) : []
        var refused = 0
        for type in (0...255 as ClosedRange<UInt32>) where !known.contains(type) && !calculating.contains(type) {
            let image = RelocationTests.image(machine, [Entry(type: type, symbol: 1)])
            let error = #expect(throws: ELFError.self) { try relocated(image) }
            guard case .unsupportedRelocation(file, ".debug_info", let name, type) = error else {
                Issue.record("type \(type): \(String(describing: error))")
                continue
            }
            #expect(error?.description.contains("relocation type \(type) of \(name)") == true)
            refused += 1
        }
        #expect(refused > 200)
    }

    @Test("Machines without a list, and the compact form")
    func unknownMachines() throws {
        var machine = RelocationTests.machines[0]
        machine.number = 258
        #expect(
            throws: ELFError.unsupportedRelocation(
                file: file, section: ".debug_info", machine: "loongarch64", type: 1)
        ) { try relocated(RelocationTests.image(machine, [Entry(type: 1, symbol: 1)])) }
        var image = RelocationTests.image(RelocationTests.machines[0], [Entry(type: 1, symbol: 1)])
        image.change(".rela.debug_info") { $0.type = 0x4000_0014 }
        let error = #expect(throws: ELFError.self) { try relocated(image) }
        #expect(error?.description.contains("SHT_CREL") == true)
    }

    @Test("RISC-V adds and subtracts labels", arguments: [true, false])
    func riscv(is64Bit: Bool) throws {
        let machine = try #require(
            RelocationTests.machines.first { $0.number == 243 && $0.is64Bit == is64Bit })
        var place = zeros(48)
        place[0] = 0x05
        place[1] = 0xc1
        place[2] = 0xff
        place[3] = 0xff
        place.replaceSubrange(20..<23, with: [0x80, 0x80, 0x00])
        place.replaceSubrange(24..<26, with: [0xff, 0x7f])
        let entries = [
            // 8 bits: 5 + 0x20 - 0x21.
            Entry(offset: 0, type: 33, symbol: 2), Entry(offset: 0, type: 37, symbol: 2, addend: 1),
            // 6 bits beside the 2 that stay: 0x20 + 7, then minus 0x20 + 2.
            Entry(offset: 1, type: 53, symbol: 2, addend: 7), Entry(offset: 1, type: 52, symbol: 2, addend: 2),
            // 16 bits: 0xffff + 0x24 - 0x20.
            Entry(offset: 2, type: 34, symbol: 2, addend: 4), Entry(offset: 2, type: 38, symbol: 2),
            // 32 bits: two labels in code.
            Entry(offset: 4, type: 35, symbol: 1, addend: 0x18), Entry(offset: 4, type: 39, symbol: 1),
            Entry(offset: 8, type: 36, symbol: 1, addend: 9), Entry(offset: 8, type: 40, symbol: 1, addend: 16),
            // ULEB128 of three bytes, 0x1ce8 = 7400.
            Entry(offset: 20, type: 60, symbol: 1, addend: 7400), Entry(offset: 20, type: 61, symbol: 1),
            // ULEB128 of two bytes, whose old value does not matter; the address alone would not fit.
            Entry(offset: 24, type: 60, symbol: 1, addend: 130), Entry(offset: 24, type: 61, symbol: 1),
        ]
        let bytes = try relocated(RelocationTests.image(machine, entries, place: place))
        #expect(bytes[0] == 4)
        #expect(bytes[1] == 0xc5)
        #expect(Array(bytes[2..<4]) == [3, 0])
        #expect(Array(bytes[4..<8]) == [0x18, 0, 0, 0])
        #expect(Array(bytes[8..<16]) == number(UInt64(bitPattern: -7), 8, .little))
        #expect(Array(bytes[20..<23]) == [0xe8, 0xb9, 0x00])
        #expect(Array(bytes[24..<26]) == [0x82, 0x01])
    }

    @Test("ULEB128 places without an end")
    func endlessLEB() throws {
        let machine = try #require(RelocationTests.machines.first { $0.number == 243 && $0.is64Bit })
        for place in [zeros(40) + [UInt8](repeating: 0xff, count: 8), [UInt8](repeating: 0x80, count: 48)] {
            let image = RelocationTests.image(machine, [Entry(offset: 42, type: 60, symbol: 1)], place: place)
            #expect(ELFObjectTests.place { try relocated(image) } == "entry 0 of section .rela.debug_info")
        }
    }

    @Test("Places, symbols and tables outside")
    func outside() throws {
        let machine = RelocationTests.machines[0]
        func place(_ entry: Entry, _ change: (inout ELFImage) -> Void = { _ in }) -> String? {
            var image = RelocationTests.image(machine, [Entry(type: 1, symbol: 1), entry])
            change(&image)
            return ELFObjectTests.place { try relocated(image) }
        }
        let second = "entry 1 of section .rela.debug_info"
        #expect(place(Entry(offset: 40, type: 1, symbol: 1)) == nil)
        for offset in [41, 48, 1 << 40, .max, .max - 7] as [UInt64] {
            #expect(place(Entry(offset: offset, type: 1, symbol: 1)) == second, "\(offset)")
        }
        for symbol in [8, 0x7fff_ffff, 7] as [UInt32] {
            #expect(place(Entry(type: 1, symbol: symbol)) == second, "\(symbol)")
        }
        // 0x10030 in two bytes, 2^40 in four.
        #expect(place(Entry(type: 12, symbol: 1)) == second)
        #expect(place(Entry(type: 10, symbol: 1, addend: 1 << 40)) == second)
        #expect(place(Entry(type: 10, symbol: 1, addend: -0x20000)) == nil)
        let good = Entry(type: 1, symbol: 1)
        #expect(place(good) { $0.change(".rela.debug_info") { $0.link = 7 } } == "section .rela.debug_info")
        #expect(place(good) { $0.change(".rela.debug_info") { $0.link = 700 } } == "section .rela.debug_info")
        #expect(place(good) { $0.change(".rela.debug_info") { $0.entrySize = 16 } } == "section .rela.debug_info")
        #expect(place(good) { $0.change(".rela.debug_info") { $0.data.removeLast() } } == "section .rela.debug_info")
        #expect(place(good) { $0.change(".rela.debug_info") { $0.size = 1 << 40 } } == "section 5 (.rela.debug_info)")
        // A table of another section, and one in a linked file, are not applied.
        var image = RelocationTests.image(machine, [good])
        image.change(".rela.debug_info") { $0.info = 4 }
        #expect(try ELFObject(bytes: image.bytes()).debugSection(named: ".debug_info")?.available == 48)
        image = RelocationTests.image(machine, [good])
        image.type = 3
        #expect(try ELFObject(bytes: image.bytes()).debugSection(named: ".debug_info")?.available == 48)
    }

    @Test("The number of relocations is limited, over all tables of a section")
    func limits() throws {
        let machine = RelocationTests.machines[0]
        var image = RelocationTests.image(machine, (0..<40).map { Entry(offset: $0, type: 1, symbol: 1) })
        #expect(try relocated(image, limits: ELFLimits(maximumRelocations: 40)).count == 48)
        image.sections.append(try #require(image.sections.first { $0.name == ".rela.debug_info" }))
        let error = #expect(throws: ELFError.self) {
            try relocated(image, limits: ELFLimits(maximumRelocations: 79))
        }
        #expect(
            error
                == .limitExceeded(
                    file: file, place: "number of relocations of section .debug_info", value: 80, limit: 79,
                    setting: "ELFLimits.maximumRelocations"))
        #expect(try relocated(image, limits: ELFLimits(maximumRelocations: 80)).count == 48)
    }
}
