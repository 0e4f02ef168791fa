import DWARFReader
import ELFObject
import Testing

/// Units written as assembler data, for shapes that compilers do not write. They are valid enough to be read in this process.
@Suite struct HandMadeUnitTests {
    /// Abbreviations: 1 unit, 2 subprogram with code, 3 namespace, 4 subprogram with origin and code, 5 subprogram with
    /// specification only, 6 inlined call with origin and code, 7 subprogram with ranges, 8 lexical block.
    static let abbreviations = """
        .section .debug_abbrev,"",@progbits
        .uleb128 1; .uleb128 0x11; .byte 1; .uleb128 3; .uleb128 8; .byte 0,0
        .uleb128 2; .uleb128 0x2e; .byte 1; .uleb128 3; .uleb128 8; .uleb128 0x11; .uleb128 1; .uleb128 0x12; .uleb128 6
        .byte 0,0
        .uleb128 3; .uleb128 0x39; .byte 1; .uleb128 3; .uleb128 8; .byte 0,0
        .uleb128 4; .uleb128 0x2e; .byte 1; .uleb128 0x31; .uleb128 0x13; .uleb128 0x11; .uleb128 1
        .uleb128 0x12; .uleb128 6; .byte 0,0
        .uleb128 5; .uleb128 0x2e; .byte 0; .uleb128 0x47; .uleb128 0x13; .byte 0,0
        .uleb128 6; .uleb128 0x1d; .byte 1; .uleb128 0x31; .uleb128 0x13; .uleb128 0x11; .uleb128 1
        .uleb128 0x12; .uleb128 6; .uleb128 0x59; .uleb128 0xb; .byte 0,0
        .uleb128 7; .uleb128 0x2e; .byte 0; .uleb128 3; .uleb128 8; .uleb128 0x55; .uleb128 0x17; .byte 0,0
        .uleb128 8; .uleb128 0xb; .byte 1; .byte 0,0
        .byte 0

        """

    /// A version 4 unit with `entries` below its root. Labels end in `number`.
    static func unit(_ entries: String, number: Int = 0, version: Int = 4) -> String {
        """
        .section .debug_info,"",@progbits
        .Lunit\(number):
        .long .Lend\(number) - .Lstart\(number)
        .Lstart\(number):
        .short \(version)
        .long 0
        .byte 8
        .uleb128 1; .asciz "unit\(number)"
        \(entries)
        .byte 0
        .Lend\(number):

        """
    }

    static func program(_ units: [String], more: String = "") throws -> ELFObject {
        let text = ".globl _start\n_start: .fill 64,1,0x90\n" + abbreviations + units.joined() + more
        let build = Build("gcc -nostdlib -static main.s -o program", [("main.s", text)])
        return try Workbench().build(build)
    }

    @Test func parentsSkipOnlyBlocks() throws {
        let object = try Self.program([
            Self.unit(
                """
                .uleb128 3; .asciz "app"
                .Lrun: .uleb128 2; .asciz "run"; .quad 0x1000; .long 0x100
                .uleb128 6; .long .Lrun - .Lunit0; .quad 0x1010; .long 0x20; .byte 5
                .byte 0
                .uleb128 8
                .uleb128 6; .long .Lrun - .Lunit0; .quad 0x1040; .long 0x20; .byte 6
                .uleb128 8
                .uleb128 6; .long .Lrun - .Lunit0; .quad 0x1044; .long 4; .byte 7
                .byte 0
                .byte 0
                .byte 0
                .byte 0
                .uleb128 2; .asciz "closure"; .quad 0x2000; .long 0x10
                .byte 0
                .byte 0
                .byte 0
                """)
        ])
        let scopes = try #require(try readAll(object).first).scopes
        #expect(scopes.map(\.parent) == [-1, 0, 0, 2, -1])
        #expect(scopes.map(\.callLine) == [0, 5, 6, 7, 0])
        #expect(scopes.map(\.qualifiedName) == ["app::run", "app::run", "app::run", "app::run", "app::closure"])
    }

    @Test func originsThatLoopEnd() throws {
        let object = try Self.program([
            Self.unit(
                """
                .Lone: .uleb128 5; .long .Ltwo - .Lunit0
                .Ltwo: .uleb128 5; .long .Lone - .Lunit0
                .uleb128 4; .long .Lone - .Lunit0; .quad 0x1000; .long 16
                .byte 0
                .Lself: .uleb128 4; .long .Lself - .Lunit0; .quad 0x2000; .long 16
                .byte 0
                .uleb128 4; .long 0x7fffffff; .quad 0x3000; .long 16
                .byte 0
                """)
        ])
        let unit = try #require(try readAll(object).first)
        #expect(unit.scopes.map(\.ranges) == [[0x1000..<0x1010], [0x2000..<0x2010], [0x3000..<0x3010]])
        #expect(unit.scopes.allSatisfy { $0.name == nil })
        #expect(unit.unresolvedReferences == 3)
    }

    @Test func badUnitsCostOnlyThemselves() throws {
        let function = ".uleb128 2; .asciz \"f\"; .quad 0x1000; .long 16\n.byte 0"
        let object = try Self.program([
            Self.unit(function, number: 0), Self.unit(function, number: 1, version: 9),
            Self.unit(function, number: 2), Self.unit(".uleb128 77", number: 3), Self.unit(function, number: 4),
        ])
        let information = try Reading(object)
        var units: [ReadUnit] = []
        while let unit = try information.nextUnit() { units.append(unit) }
        #expect(units.map(\.name) == ["unit0", "unit2", "unit3", "unit4"])
        #expect(units.map(\.scopes.count) == [1, 1, 0, 1])
        #expect(units.map(\.problems.count) == [0, 0, 1, 0])
        #expect(information.skippedUnits.count == 1)
        let skipped = try #require(information.skippedUnits.first)
        #expect(skipped.reason.reason == .unsupported("unit version 9"))
        #expect(skipped.reason.section == ".debug_info" && skipped.reason.offset == skipped.offset)
        #expect(information.counts.read == 4)
        #expect(try SourceFiles(object).skippedUnits == information.skippedUnits)
    }

    /// A unit whose abbreviations are nowhere, and zeros between units.
    @Test func unreadableAbbreviationsAndPadding() throws {
        let function = ".uleb128 2; .asciz \"f\"; .quad 0x1000; .long 16\n.byte 0"
        let lost = Self.unit(function, number: 1).replacing(".long 0\n", with: ".long 0x7fffff00\n")
        let object = try Self.program([
            Self.unit(function, number: 0), lost, ".long 0, 0, 0, 0, 0\n", Self.unit(function, number: 2),
        ])
        let information = try Reading(object)
        #expect(try information.nextUnit()?.name == "unit0")
        #expect(try information.nextUnit()?.name == "unit2")
        #expect(try information.nextUnit() == nil)
        #expect(
            information.skippedUnits.map(\.reason.reason) == [
                .malformed("debug_abbrev_offset 0x7fffff00 is outside of .debug_abbrev"), .truncated,
            ])
        #expect(information.counts.skipped == 2)
    }

    /// Constants in the abbreviation where addresses, texts and references belong.
    @Test(arguments: ["0x21; .sleb128 -5", "0x21; .sleb128 4096", "0x19"])
    func formsThatDoNotFit(_ form: String) throws {
        let attributes = [
            0x03, 0x6e, 0x11, 0x12, 0x31, 0x47, 0x55, 0x52, 0x3a, 0x3b, 0x58, 0x59, 0x10, 0x1b, 0x76, 0x34,
        ]
        let odd = attributes.map { ".uleb128 \($0); .uleb128 \(form)\n" }.joined()
        let text = """
            .globl _start
            _start: nop
            .section .debug_abbrev,"",@progbits
            .uleb128 1; .uleb128 0x11; .byte 1
            \(odd) .byte 0,0
            .uleb128 2; .uleb128 0x2e; .byte 0
            \(odd) .byte 0,0
            .uleb128 3; .uleb128 0x1d; .byte 0; .uleb128 0x11; .uleb128 1
            .uleb128 0x12; .uleb128 \(form.hasSuffix("4096") ? form : "0x6")
            .uleb128 0x31; .uleb128 \(form)
            .uleb128 0x58; .uleb128 \(form)
            .byte 0,0
            .byte 0
            .section .debug_info,"",@progbits
            .long .Lend - .Lstart
            .Lstart: .short 5; .byte 1; .byte 8; .long 0
            .uleb128 1
            .uleb128 2
            .uleb128 3; .quad 0x1000\(form.hasSuffix("4096") ? "" : "; .long 4096")
            .byte 0
            .Lend:

            """
        let bench = try Workbench()
        let object = try bench.build(
            Build("gcc -nostdlib -static main.s -o program", [("main.s", text)]))
        let information = try Reading(object)
        let unit = try #require(try information.nextUnit())
        #expect(unit.scopes.map(\.ranges) == [[0x1000..<0x2000]])
        #expect(unit.scopes.allSatisfy { $0.name == nil && $0.callPath == nil })
        #expect(unit.name == nil)
    }

    @Test func lengthBeyondTheSectionKeepsTheUnitsBefore() throws {
        let function = ".uleb128 2; .asciz \"f\"; .quad 0x1000; .long 16\n.byte 0"
        let object = try Self.program(
            [Self.unit(function)], more: ".section .debug_info\n.long 0x10000\n.short 4\n.long 0\n.byte 8\n")
        let information = try Reading(object)
        #expect(try information.nextUnit()?.scopes.count == 1)
        #expect(try information.nextUnit() == nil)
        #expect(information.skippedUnits.count == 1)
    }

    @Test func depthIsCapped() throws {
        let function = ".uleb128 2; .asciz \"f\"; .quad 0x1000; .long 16\n.byte 0\n"
        let object = try Self.program([
            Self.unit(
                function + String(repeating: ".uleb128 8\n", count: 600) + function
                    + String(repeating: ".byte 0\n", count: 600) + function)
        ])
        let information = try Reading(object)
        let unit = try #require(try information.nextUnit())
        // What lies too deep is left out and told; what follows is read again.
        #expect(unit.scopes.count == 2)
        #expect(unit.problems.map(\.reason) == [.limit(name: "depth", maximum: 512)])
    }

    @Test func reversedAndEmptyRanges() throws {
        let object = try Self.program(
            [
                Self.unit(
                    """
                    .uleb128 7; .asciz "split"; .long .Lranges
                    .uleb128 2; .asciz "empty"; .quad 0x5000; .long 0
                    .byte 0
                    .uleb128 2; .asciz "wraps"; .quad -8; .long 16
                    .byte 0
                    .uleb128 2; .asciz "tombstone"; .quad 0; .long 16
                    .byte 0
                    """)
            ],
            more: """
                .section .debug_ranges,"",@progbits
                .quad 0x10
                .Lranges: .quad 0x1000, 0x1010, 0x3000, 0x2000, 0x4000, 0x4000, 0x6000, 0x6001, 0, 0

                """)
        let unit = try #require(try readAll(object).first)
        #expect(unit.scopes.map(\.name) == ["split", "tombstone"])
        #expect(unit.scopes.map(\.ranges) == [[0x1000..<0x1010, 0x6000..<0x6001], [0..<16]])
        #expect(unit.invalidRanges == 2)
    }

    @Test func budgetsOfTheWholeFile() throws {
        let function = ".uleb128 2; .asciz \"f\"; .quad 0x1000; .long 16\n.byte 0\n"
        let object = try Self.program((0..<4).map { Self.unit(function + function, number: $0) })
        var limits = DWARFLimits()
        limits.scopes = 5
        let information = try Reading(object, limits: limits)
        #expect(try information.nextUnit()?.scopes.count == 2)
        #expect(try information.nextUnit()?.scopes.count == 2)
        var thrown: DWARFError?
        do { _ = try information.nextUnit() } catch let error as DWARFError { thrown = error }
        #expect(thrown?.reason == .limit(name: "scopes", maximum: 5))
        // Exactly as many as there may be are no reason to stop.
        limits.scopes = 8
        let units = try Reading(object, limits: limits).rest()
        #expect(units.map(\.scopes.count) == [2, 2, 2, 2])

        limits = DWARFLimits()
        limits.imageSize = 100
        #expect(throws: DWARFError.self) { _ = try SourceFiles(object, limits: limits) }
    }

    @Test func refusals() throws {
        let bench = try Workbench()
        try bench.write(Samples.c, to: "main.c")
        try bench.run(["gcc", "main.c", "-o", "program"])
        var thrown: DWARFError?
        do { _ = try SourceFiles(try bench.object("program")) } catch let error as DWARFError { thrown = error }
        #expect(thrown?.reason == .noDebugInformation)
        #expect(thrown?.description.contains("program: .debug_info: no debug information; build with -g") == true)
    }
}
