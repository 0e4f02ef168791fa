import DWARFReader
import ELFObject
import Testing

/// Every form and every kind of range list entry, in units written as assembler data: no compiler writes them all.
@Suite struct FormTests {
    /// A program with one unit of `version`, whose abbreviations and entries are given.
    static func program(
        _ version: Int, abbreviations: String, entries: String, more: String = "", supplementary: Bool = false
    ) throws -> (Workbench, ELFObject) {
        let header = version >= 5 ? ".byte 1, 8; .long 0" : ".long 0; .byte 8"
        let text = """
            .globl _start
            _start: .fill 64,1,0x90
            .section .debug_abbrev,"",@progbits
            \(abbreviations)
            .byte 0
            .section .debug_info,"",@progbits
            .Lunit: .long .Lend - .Lstart
            .Lstart: .short \(version); \(header)
            \(entries)
            .byte 0
            .Lend:
            \(more)

            """
        let bench = try Workbench()
        let build = Build("gcc -nostdlib -static main.s -o program", [("main.s", text)])
        return (bench, try bench.build(build))
    }

    /// An abbreviation of `tag` with (attribute, form) pairs.
    static func abbreviation(_ code: Int, _ tag: Int, children: Bool, _ attributes: [(Int, Int)]) -> String {
        ".uleb128 \(code); .uleb128 \(tag); .byte \(children ? 1 : 0)\n"
            + attributes.map { ".uleb128 \($0); .uleb128 \($1)\n" }.joined() + ".byte 0,0\n"
    }

    /// Texts by index, addresses by index, and everything between them that only has to be stepped over.
    @Test func indexedAndOddForms() throws {
        let unwanted: [(Int, Int)] = [
            (0x1f, 0x1e), (0x1f, 0x0a), (0x1f, 0x03), (0x1f, 0x04), (0x1f, 0x09), (0x1f, 0x18), (0x1f, 0x0d),
            (0x1f, 0x22), (0x1f, 0x20), (0x1f, 0x19), (0x1f, 0x16), (0x1f, 0x08),
        ]
        let filler = """
            .fill 16,1,9; .byte 2,1,1; .short 2; .byte 1,1; .long 1; .byte 1; .uleb128 1; .byte 1; .uleb128 2; .byte 1,1
            .sleb128 -700; .uleb128 300; .quad 5; .uleb128 0x0b; .byte 7; .asciz "skipped"

            """
        // Name forms strx1 … strx4, strx; address forms addrx1 … addrx4, addrx; a function each.
        let names = [0x25, 0x26, 0x27, 0x28, 0x1a]
        let addresses = [0x29, 0x2a, 0x2b, 0x2c, 0x1b]
        let widths = [".byte 1", ".short 1", ".byte 1,0,0", ".long 1", ".uleb128 1"]
        var abbreviations = Self.abbreviation(1, 0x11, children: true, [(0x72, 0x17), (0x73, 0x17), (0x03, 0x08)])
        var entries = ".uleb128 1; .long 8; .long 8; .asciz \"unit\"\n"
        for index in names.indices {
            abbreviations += Self.abbreviation(
                index + 2, 0x2e, children: false,
                unwanted + [(0x03, names[index]), (0x11, addresses[index]), (0x12, 0x0f)])
            entries += ".uleb128 \(index + 2); \(filler) \(widths[index]); \(widths[index]); .uleb128 \(index + 1)\n"
        }
        let (_, object) = try Self.program(
            5, abbreviations: abbreviations, entries: entries,
            more: """
                .section .debug_str_offsets,"",@progbits
                .long 12; .short 5, 0; .long 0, 4
                .section .debug_addr,"",@progbits
                .long 20; .short 5; .byte 8, 0; .quad 0x1000, 0x2000
                .section .debug_str,"",@progbits
                .asciz "no!"
                .asciz "yes"
                """)
        let unit = try #require(try readAll(object).first)
        #expect(unit.scopes.map(\.name) == Array(repeating: "yes", count: 5))
        #expect(unit.scopes.map(\.ranges) == (1...5).map { [0x2000..<(0x2000 + UInt64($0))] })
        #expect(unit.unresolvedReferences == 0)
    }

    @Test func everyKindOfReference() throws {
        let forms = [0x11, 0x12, 0x13, 0x14, 0x15, 0x10]
        let widths = [".byte", ".short", ".long", ".quad", ".uleb128", ".long"]
        var abbreviations = Self.abbreviation(1, 0x11, children: true, [])
        abbreviations += Self.abbreviation(2, 0x2e, children: false, [(0x03, 0x08), (0x3b, 0x0b)])
        var entries = ".uleb128 1\n.Lorigin: .uleb128 2; .asciz \"origin\"; .byte 77\n"
        for (index, form) in forms.enumerated() {
            abbreviations += Self.abbreviation(
                index + 3, 0x2e, children: false, [(0x31, form), (0x11, 0x01), (0x12, 0x0b)])
            // A reference within the unit counts from its header, DW_FORM_ref_addr from the section's start.
            entries += ".uleb128 \(index + 3); \(widths[index]) 13; .quad 0x1000; .byte 4\n"
        }
        let (_, object) = try Self.program(5, abbreviations: abbreviations, entries: entries)
        let unit = try #require(try readAll(object).first)
        #expect(unit.scopes.map(\.name) == Array(repeating: "origin", count: 6))
        #expect(unit.scopes.map(\.declarationLine) == Array(repeating: 77, count: 6))
    }

    @Test func everyKindOfRangeListEntry() throws {
        let abbreviations =
            Self.abbreviation(1, 0x11, children: true, [(0x73, 0x17), (0x74, 0x17), (0x11, 0x01)])
            + Self.abbreviation(2, 0x2e, children: false, [(0x03, 0x08), (0x55, 0x23)])
            + Self.abbreviation(3, 0x2e, children: false, [(0x03, 0x08), (0x55, 0x17)])
        let entries = """
            .uleb128 1; .long 8; .long .Lbase; .quad 0x100
            .uleb128 2; .asciz "indexed"; .uleb128 1
            .uleb128 3; .asciz "direct"; .long .Lsecond
            .uleb128 3; .asciz "endless"; .long .Lendless

            """
        let (_, object) = try Self.program(
            5, abbreviations: abbreviations, entries: entries,
            more: """
                .section .debug_addr,"",@progbits
                .long 28; .short 5; .byte 8, 0; .quad 0x1000, 0x2000, 0x3000
                .section .debug_rnglists,"",@progbits
                .long .Llistend - .Lliststart
                .Lliststart: .short 5; .byte 8, 0; .long 2
                .Lbase: .long .Lsecond - .Lbase, .Lfirst - .Lbase
                .Lfirst: .byte 4; .uleb128 1; .uleb128 3
                .byte 1; .uleb128 0
                .byte 4; .uleb128 4; .uleb128 8
                .byte 2; .uleb128 1; .uleb128 2
                .byte 3; .uleb128 2; .uleb128 16
                .byte 5; .quad 0x5000
                .byte 4; .uleb128 0; .uleb128 1
                .byte 6; .quad 0x6000, 0x6010
                .byte 7; .quad 0x7000; .uleb128 0x20
                .byte 6; .quad 0x9000, 0x8000
                .byte 6; .quad 0x9000, 0x9000
                .byte 2; .uleb128 99; .uleb128 1
                .byte 0
                .Lsecond: .byte 7; .quad 0xa000; .uleb128 1; .byte 0
                .Lendless: .byte 7; .quad 0xb000; .uleb128 1
                .Llistend:
                """)
        let unit = try #require(try Reading(object).nextUnit())
        #expect(
            unit.scopes.map(\.ranges) == [
                [
                    0x101..<0x103, 0x1004..<0x1008, 0x2000..<0x3000, 0x3000..<0x3010, 0x5000..<0x5001, 0x6000..<0x6010,
                    0x7000..<0x7020,
                ], [0xa000..<0xa001], [0xb000..<0xb001],
            ])
        #expect(unit.invalidRanges == 1)
        // The index that leads nowhere, and the list without an end.
        #expect(unit.unresolvedReferences == 1)
        #expect(unit.problems.map(\.reason) == [.truncated])
        #expect(unit.problems.first?.section == ".debug_info")
    }

    @Test func baseSelectionBeforeVersion5() throws {
        let abbreviations =
            Self.abbreviation(1, 0x11, children: true, [(0x11, 0x01)])
            + Self.abbreviation(2, 0x2e, children: false, [(0x03, 0x08), (0x55, 0x06)])
        let (_, object) = try Self.program(
            3, abbreviations: abbreviations,
            entries: ".uleb128 1; .quad 0x4000\n.uleb128 2; .asciz \"f\"; .long 16\n",
            more: """
                .section .debug_ranges,"",@progbits
                .quad 7, 7
                .quad 1, 2, -1, 0x8000, 1, 2, -1, 0, 0x9000, 0x9001, 0, 0
                """)
        let unit = try #require(try readAll(object).first)
        #expect(unit.scopes.map(\.ranges) == [[0x4001..<0x4002, 0x8001..<0x8002, 0x9000..<0x9001]])
    }

    /// DWARF 5's own supplementary forms; dwz writes the GNU ones unless asked otherwise.
    @Test func supplementaryForms() throws {
        let abbreviations =
            Self.abbreviation(1, 0x11, children: true, [])
            + Self.abbreviation(2, 0x2e, children: false, [(0x31, 0x1c), (0x11, 0x01), (0x12, 0x0b)])
            + Self.abbreviation(3, 0x2e, children: false, [(0x31, 0x24), (0x11, 0x01), (0x12, 0x0b)])
            + Self.abbreviation(4, 0x2e, children: false, [(0x03, 0x1d), (0x11, 0x01), (0x12, 0x0b)])
            + Self.abbreviation(5, 0x2e, children: false, [(0x03, 0x0e)])
            + Self.abbreviation(6, 0x39, children: true, [(0x03, 0x0e)])
        let main = try Self.program(
            5, abbreviations: abbreviations,
            entries: """
                .uleb128 1
                .uleb128 2; .long 18; .quad 0x1000; .byte 1
                .uleb128 3; .quad 18; .quad 0x2000; .byte 1
                .uleb128 4; .long 5; .quad 0x3000; .byte 1

                """)
        let other = try Self.program(
            5, abbreviations: abbreviations,
            entries: """
                .uleb128 1
                .uleb128 6; .long 10
                .uleb128 5; .long 1
                .byte 0

                """,
            more:
                ".section .debug_str,\"\",@progbits\n.asciz \"\"; .asciz \"shared\"; .asciz \"name\"; .asciz \"far\"\n")
        let strings = try #require(try other.1.debugSection(named: ".debug_str"))
        let order = strings.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
        try #require(order.hasPrefix("\0shared\0name\0far"), "the linker has sorted the strings")
        let unit = try #require(try readAll(main.1, supplementary: other.1).first)
        #expect(unit.scopes.map(\.name) == ["shared", "shared", "ed"])
        #expect(unit.scopes.map(\.qualifiedName) == ["me::shared", "me::shared", "ed"])
        let poor = try #require(try readAll(main.1).first)
        #expect(poor.supplementaryReferences == 3 && poor.scopes.allSatisfy { $0.name == nil })
    }
}
