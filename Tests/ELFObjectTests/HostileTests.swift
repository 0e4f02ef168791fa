import Bytes
import ELFObject
import Testing

/// Files that lie. Each must be refused by the error that names the lie, or read without the part that lies.
@Suite("Hostile files")
struct HostileTests {
    @Test("Not ELF, or not one that is known")
    func identification() {
        #expect(refusal([]) == .notELF(file: file))
        #expect(refusal(Array("#!/bin/sh\nexit 0\n".utf8)) == .notELF(file: file))
        #expect(refusal([0x7f, 0x45, 0x4c, 0x46]) == .notELF(file: file))
        let good = ELFImage.sample().bytes()
        for (offset, field) in [(4, "EI_CLASS"), (5, "EI_DATA"), (6, "EI_VERSION")] {
            var bytes = good
            bytes[offset] = 9
            #expect(refusal(bytes) == .unsupported(file: file, field: field, value: 9))
        }
        var bytes = good
        bytes[54] = 55
        #expect(refusal(bytes) == .unsupported(file: file, field: "e_phentsize", value: 55))
        bytes = good
        bytes[58] = 0
        #expect(refusal(bytes) == .unsupported(file: file, field: "e_shentsize", value: 0))
        #expect(
            refusal(Array(good.prefix(63)))
                == .malformed(file: file, place: "ELF header", problem: "the file ends inside it"))
    }

    @Test("Tables outside the file")
    func tables() throws {
        let good = ELFImage.sample().bytes()
        var bytes = good
        bytes.replaceSubrange(40..<48, with: [UInt8](repeating: 0xff, count: 8))
        #expect(place(refusal(bytes)) == "e_shoff")
        bytes = good
        bytes.replaceSubrange(60..<62, with: [0xff, 0xfe])
        #expect(place(refusal(bytes)) == "section header table")
        bytes = good
        bytes.replaceSubrange(32..<40, with: [UInt8](repeating: 0xff, count: 8))
        #expect(place(refusal(bytes)) == "program header table")
        bytes = good
        bytes.replaceSubrange(62..<64, with: [0xfe, 0xfe])
        #expect(place(refusal(bytes)) == "e_shstrndx")
        // More program headers than fit into the header, but no null section to look into.
        bytes = good
        bytes.replaceSubrange(40..<48, with: zeros(8))
        bytes.replaceSubrange(56..<58, with: [0xff, 0xff])
        #expect(place(refusal(bytes)) == "e_phnum")
    }

    @Test("A file without section headers is still identified by its segments")
    func noSections() throws {
        var bytes = ELFImage.sample().bytes()
        bytes.replaceSubrange(40..<48, with: zeros(8))
        let object = try ELFObject(bytes: bytes)
        #expect(object.sections.isEmpty)
        #expect(object.buildID == ELFImage.sampleID)
        #expect(try object.symbols().isEmpty)
    }

    @Test(
        "Sections outside the file, with sums that overflow", arguments: [UInt64.max, UInt64.max - 100, 1 << 40, 5000])
    func sectionRange(size: UInt64) throws {
        var image = ELFImage.sample()
        image.change(".text") { $0.size = size }
        let object = try ELFObject(bytes: image.bytes())
        #expect(object.debugID != nil)
        #expect(place { try object.bytes(of: ".text") } == "section 2 (.text)")
        image.change(".text") { ($0.size, $0.offset) = (16, size) }
        let moved = try ELFObject(bytes: image.bytes())
        #expect(place { try moved.bytes(of: ".text") } == "section 2 (.text)")
    }

    @Test("Names outside the name table, without end, too long, too many")
    func sectionNames() throws {
        var image = ELFImage.sample()
        image.change(".data") { $0.nameOffset = 0xffff_fff0 }
        #expect(place(refusal(image.bytes())) == "section 3")
        image = .sample()
        image.change(".data") { $0.name = String(repeating: "n", count: 200) }
        #expect(
            refusal(image.bytes(), limits: ELFLimits(maximumNameLength: 199))
                == .limitExceeded(
                    file: file, place: "name of section 3", value: 200, limit: 199,
                    setting: "ELFLimits.maximumNameLength"))
        #expect(refusal(image.bytes(), limits: ELFLimits(maximumNameLength: 200)) == nil)
        #expect(
            setting(refusal(image.bytes(), limits: ELFLimits(maximumSectionNameBytes: 250)))
                == "ELFLimits.maximumSectionNameBytes")
    }

    @Test("Counts above the limits")
    func counts() {
        let bytes = ELFImage.sample().bytes()
        #expect(setting(refusal(bytes, limits: ELFLimits(maximumSections: 12))) == "ELFLimits.maximumSections")
        #expect(refusal(bytes, limits: ELFLimits(maximumSections: 13)) == nil)
        #expect(setting(refusal(bytes, limits: ELFLimits(maximumSymbols: 13))) == "ELFLimits.maximumSymbols")
        #expect(refusal(bytes, limits: ELFLimits(maximumSymbols: 14)) == nil)
        var image = ELFImage.sample()
        image.usesExtendedNumbering = true
        var huge = image.bytes()
        let table = huge.count - 13 * 64
        huge.replaceSubrange(table + 32..<table + 40, with: [0, 0, 0, 0, 0, 0, 0, 1])
        #expect(
            refusal(huge)
                == .limitExceeded(
                    file: file, place: "number of sections", value: 1 << 56, limit: 1 << 20,
                    setting: "ELFLimits.maximumSections"))
    }

    @Test("Symbol tables: wrong entry size, wrong strings")
    func symbolTables() throws {
        var image = ELFImage.sample()
        image.change(".symtab") { $0.entrySize = 16 }
        #expect(place(refusal(image.bytes())) == "section .symtab")
        image = .sample()
        image.change(".symtab") { $0.link = 99 }
        #expect(place(refusal(image.bytes())) == "section .symtab")
        image = .sample()
        image.change(".symtab") { $0.link = 3 }
        #expect(place(refusal(image.bytes())) == "section .symtab")
        image = .sample()
        image.change(".symtab") { $0.data.removeLast() }
        #expect(place(refusal(image.bytes())) == "section .symtab")
    }

    @Test("One symbol's bad name is its own error")
    func symbolNames() throws {
        var image = ELFImage.sample()
        // Symbol 5 is the Swift function; its name offset becomes the last byte but one, which has no NUL after it.
        image.change(".strtab") { $0.data[$0.data.count - 1] = 0x61 }
        image.change(".symtab") { $0.data.replaceSubrange(120..<124, with: [0xff, 0xff, 0xff, 0x7f]) }
        let table = try ELFObject(bytes: image.bytes(), limits: ELFLimits(maximumNameLength: 20)).symbols()
        #expect(throws: ELFError.self) { try table.name(of: table[2]) }
        #expect(throws: ELFError.self) { try table.name(of: try #require(table.last)) }
        #expect(try table.name(of: table[3]) == "label")
    }

    @Test("Section indexes beyond 16 bits")
    func extendedIndexes() throws {
        var image = ELFImage.sample()
        // Symbol 5: its section stands in the table of large indexes.
        image.change(".symtab") { $0.data.replaceSubrange(126..<128, with: [0xff, 0xff]) }
        #expect(try ELFObject(bytes: image.bytes()).symbols().omittedCount == 6)
        var indexes = image.sink()
        for index in 0..<14 { indexes.u32(index == 5 ? 2 : 0) }
        image.sections.append(
            ELFImage.Section(name: ".symtab_shndx", type: 18, data: indexes.bytes, link: 8, entrySize: 4))
        #expect(try ELFObject(bytes: image.bytes()).symbol(named: "$s4main3fooyyF")?.section == 2)
        image.change(".symtab_shndx") { $0.data.removeLast(4) }
        #expect(place(refusal(image.bytes())) == "section .symtab_shndx")
    }

    @Test("Notes: huge sizes, ids above the limit, many headers over one piece")
    func notes() throws {
        var image = ELFImage.sample()
        image.sections[0].data.replaceSubrange(0..<8, with: [UInt8](repeating: 0xff, count: 8))
        let object = try ELFObject(bytes: image.bytes())
        #expect(object.buildID == nil)
        #expect(object.warnings.count == 1)
        image.sections[0].data = image.note(zeros(257))
        #expect(setting(refusal(image.bytes())) == "ELFLimits.maximumBuildIDLength")
        image.sections[0].data = image.note([])
        #expect(try ELFObject(bytes: image.bytes()).buildID == nil)
        image.sections[0].data = zeros(4000)
        image.segments = Array(repeating: ELFImage.Segment(type: 4, section: ".note.gnu.build-id"), count: 5000)
        #expect(setting(refusal(image.bytes())) == "ELFLimits.maximumNoteBytes")
    }

    @Test("Links without name, end, checksum or id are warnings", arguments: [".gnu_debuglink", ".gnu_debugaltlink"])
    func links(name: String) throws {
        for data in [[], [0], Array("name".utf8), Array("name".utf8) + [0], [0, 1, 2, 3, 4, 5, 6, 7]] as [[UInt8]] {
            var image = ELFImage.sample()
            image.change(name) { $0.data = data }
            let object = try ELFObject(bytes: image.bytes())
            #expect((name == ".gnu_debuglink" ? object.debugLink == nil : object.alternateLink == nil), "\(data)")
            #expect(object.warnings.map { place($0) } == [name])
        }
    }

    @Test("Descriptions name file and place, and carry no control characters")
    func descriptions() throws {
        var image = ELFImage.sample()
        image.change(".text") { ($0.name, $0.size) = (".te\u{1b}[31mxt\n", 1 << 40) }
        let object = try ELFObject(try MappedFile.holding(image.bytes()), name: "up/load\u{7}.so")
        let section = try #require(object.sections.first { $0.size == 1 << 40 })
        do {
            _ = try object.contents(of: section)
            Issue.record("read beyond the file")
        } catch {
            #expect(error.description.hasPrefix("up/load\\u{7}.so: section 2 (.te\\u{1b}[31mxt\\u{a}):"))
            #expect(error.description.contains("damaged or truncated"))
        }
        let long = ELFError.notELF(file: String(repeating: "x", count: 100_000)).description
        #expect(long.count < 400)
    }
}
