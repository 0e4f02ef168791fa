import DWARFReader
import ELFObject
import Testing

/// Trees that no compiler grows.
@Suite struct HandMadeTreeTests {
    /// 1 unit, 2 function with text name, address and length, 3 block, 4 type with sibling, 5 type with name and sibling.
    static let abbreviations =
        FormTests.abbreviation(1, 0x11, children: true, [])
        + FormTests.abbreviation(2, 0x2e, children: true, [(0x03, 0x08), (0x11, 0x01), (0x12, 0x0b)])
        + FormTests.abbreviation(3, 0x0b, children: true, [])
        + FormTests.abbreviation(4, 0x13, children: true, [(0x01, 0x13)])
        + FormTests.abbreviation(5, 0x13, children: true, [(0x03, 0x08), (0x01, 0x13)])

    static func function(_ name: String, _ address: Int) -> String {
        ".uleb128 2; .asciz \"\(name)\"; .quad \(address); .byte 4\n"
    }

    /// A function ten thousand blocks deep is not read, and the unit says so; what follows is read.
    @Test func tenThousandLevels() throws {
        let blocks = String(repeating: ".uleb128 3\n", count: 10_000)
        let ends = ".fill 10000,1,0\n"
        let (_, object) = try FormTests.program(
            4, abbreviations: Self.abbreviations,
            entries: ".uleb128 1\n" + blocks + Self.function("deep", 0x1000) + ".byte 0\n" + ends
                + Self.function("shallow", 0x2000) + ".byte 0\n")
        let unit = try #require(try Reading(object).nextUnit())
        #expect(unit.scopes.map(\.name) == ["shallow"])
        #expect(unit.problems.map(\.reason) == [.limit(name: "depth", maximum: 512)])
        #expect(unit.entryCount == 10_003)
        var limits = DWARFLimits()
        limits.depth = 20_000
        #expect(try readAll(object, limits: limits).first?.scopes.map(\.name) == ["deep", "shallow"])
    }

    /// A thousand nested functions, each in the one before.
    @Test func nestedFunctions() throws {
        let functions = (0..<400).map { Self.function("f\($0)", 0x1000 + 16 * $0) }.joined()
        let (_, object) = try FormTests.program(
            4, abbreviations: Self.abbreviations, entries: ".uleb128 1\n" + functions + ".fill 400,1,0\n")
        let scopes = try readAll(object).flatMap(\.scopes)
        #expect(scopes.count == 400 && scopes.allSatisfy { $0.parent == -1 && $0.kind == .function })
    }

    /// `DW_AT_sibling` that leads backwards, to the entry itself, into its own attributes, or out of the unit is not
    /// believed; the children are read instead.
    @Test(arguments: ["0", "11", ".Ltype - .Lunit", ".Ltype - .Lunit + 1", "0x7fffffff", "-1"])
    func siblingsThatLeadNowhere(_ sibling: String) throws {
        let (_, object) = try FormTests.program(
            4, abbreviations: Self.abbreviations,
            entries: ".uleb128 1\n.Ltype: .uleb128 4; .long \(sibling)\n" + Self.function("inside", 0x1000)
                + ".byte 0, 0\n" + Self.function("behind", 0x2000) + ".byte 0\n")
        #expect(try readAll(object).first?.scopes.map(\.name) == ["inside", "behind"])
    }

    /// A function that is defined inside a type is passed over with the type, and the unit tells how to get it.
    @Test(arguments: [("4", ""), ("5", ".asciz \"T\";")])
    func functionsInsideOfTypes(_ code: String, _ name: String) throws {
        let (_, object) = try FormTests.program(
            4, abbreviations: Self.abbreviations,
            entries: ".uleb128 1\n.uleb128 \(code); \(name) .long .Lbehind - .Lunit\n"
                + Self.function("inside", 0x1000) + ".byte 0, 0\n.Lbehind:\n" + Self.function("behind", 0x2000)
                + ".byte 0\n")
        let quick = try #require(try readAll(object).first)
        #expect(quick.scopes.map(\.name) == ["behind"] && quick.typeSubtreesSkipped)
        let slow = try #require(try readAll(object, skippingTypes: false).first)
        #expect(slow.scopes.map(\.name) == ["inside", "behind"] && !slow.typeSubtreesSkipped)
        let qualified = name.isEmpty ? "(anonymous struct)::inside" : "T::inside"
        #expect(slow.scopes.first?.qualifiedName == qualified)
    }

    /// A unit that is read twice counts once.
    @Test func readingAgain() throws {
        let (_, object) = try FormTests.program(
            4, abbreviations: Self.abbreviations, entries: ".uleb128 1\n" + Self.function("f", 0x1000) + ".byte 0\n")
        var limits = DWARFLimits()
        limits.scopes = 1
        let inputs = try DebugInputs(main: object, limits: limits)
        let reader = UnitReader(inputs)
        var code = UnitCode()
        let unit = try #require(try inputs.nextUnit())
        for skippingTypes in [true, false] {
            #expect(try reader.read(unit, into: &code, skippingTypes: skippingTypes))
            #expect(code.scopes.count == 1)
        }
        #expect(inputs.counts.read == 1)
    }

    /// Lengths of four gigabytes and more in a file of some kilobytes, and an abbreviation table of nonsense.
    @Test(arguments: [
        ".long 0xffffffef; .short 4", ".long 0xffffffff; .quad 0x1000000000000000; .short 5", ".long 0xfffffff5",
        ".long 0xffffffff; .quad -1",
    ])
    func hugeLengths(_ header: String) throws {
        let (_, object) = try FormTests.program(
            4, abbreviations: Self.abbreviations, entries: ".uleb128 1\n" + Self.function("f", 0x1000) + ".byte 0\n",
            more: ".section .debug_info\n\(header)\n")
        let reading = try Reading(object)
        #expect(try reading.rest().map(\.scopes.count) == [1])
        #expect(reading.skippedUnits.count == 1)
        #expect(reading.skippedUnits.first?.reason.description.contains("not read") == true)
    }
}
