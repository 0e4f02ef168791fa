import Bytes
import ELFObject
import Testing

/// What GNU readelf prints about a file, compared with what this room reads, number by number.
@Suite("The same as readelf")
struct ReadelfTests {
    /// A way to get a file, as an argument that prints well.
    enum Subject: String, CaseIterable, Sendable {
        case installedProgram, installedLibrary, program, position, debugFile, object, program32, bigEndian

        var isAvailable: Bool {
            switch self {
            case .program32: Tools.builds32Bit
            case .bigEndian: Tools.buildsBigEndian
            default: true
            }
        }

        func make(in workshop: Workshop) throws -> String {
            let source = try workshop.write(sampleSource, to: "a.c")
            let free = try workshop.write(freestandingSource, to: "b.c")
            let result = workshop.path("result")
            switch self {
            case .installedProgram: return "/bin/true"
            case .installedLibrary:
                // The C library of this very process.
                let maps = try workshop.run("cat", "/proc/self/maps")
                let line = try #require(maps.split(separator: "\n").first { $0.contains("/libc.so") })
                let path = try #require(line.split(separator: " ").last)
                return String(path)
            case .program: try workshop.run("gcc", "-g", "-no-pie", source, "-o", result)
            case .position: try workshop.run("gcc", "-g", "-gz=zlib", "-rdynamic", source, "-o", result)
            case .debugFile:
                try workshop.run("gcc", "-g", source, "-o", workshop.path("full"))
                try workshop.run("objcopy", "--only-keep-debug", workshop.path("full"), result)
            case .object: try workshop.run("gcc", "-g", "-ffunction-sections", "-c", source, "-o", result)
            case .program32:
                try workshop.run("gcc", "-m32", "-g", "-nostdlib", "-static", "-Wl,--build-id", free, "-o", result)
            case .bigEndian:
                try workshop.run("clang", "--target=powerpc64-linux-gnu", "-g", "-c", free, "-o", result)
            }
            return result
        }
    }

    static let subjects = Subject.allCases.filter(\.isAvailable)

    @Test("Sections", arguments: subjects)
    func sections(subject: Subject) throws {
        let workshop = try Workshop()
        let path = try subject.make(in: workshop)
        let object = try ELFObject(path: path)
        var compared = 0
        for line in try workshop.run("readelf", "-SW", path).split(separator: "\n") {
            // [ 1] .interp PROGBITS 0000000000000318 000318 00001c 00   A  0   0  1
            guard let bracket = line.firstIndex(of: "]"), let start = line.firstIndex(of: "["),
                let index = Int(line[line.index(after: start)..<bracket].filter { $0 != " " }), index > 0
            else { continue }
            let fields = line[line.index(after: bracket)...].split(separator: " ").map(String.init)
            try #require(fields.count >= 9, "\(line)")
            let section = object.sections[index]
            #expect(section.name == fields[0])
            #expect(section.hasContents == (fields[1] != "NOBITS"))
            if subject == .object || subject == .bigEndian {
                // readelf shows 0: addresses of relocatable files are given by the layout.
                #expect(section.address == object.layout.first { $0.section == index }?.address ?? 0)
                #expect(UInt64(fields[2], radix: 16) == 0)
            } else {
                #expect(section.address == UInt64(fields[2], radix: 16))
            }
            #expect(
                [section.fileOffset, section.size, section.entrySize]
                    == fields[3..<6].map { UInt64($0, radix: 16) })
            #expect(
                [UInt64(section.link), UInt64(section.info), section.alignment] == fields.suffix(3).map { UInt64($0) })
            let flags = fields.count == 10 ? fields[6] : ""
            #expect(section.isAllocated == flags.contains("A"))
            #expect(section.isExecutable == flags.contains("X"))
            #expect(section.isCompressed == flags.contains("C"))
            compared += 1
        }
        #expect(compared == object.sections.count - 1)
        #expect(compared > 5)
    }

    @Test("Build id", arguments: subjects)
    func notes(subject: Subject) throws {
        let workshop = try Workshop()
        let path = try subject.make(in: workshop)
        let output = try workshop.run("readelf", "-nW", path)
        let line = output.split(separator: "\n").first { $0.contains("Build ID: ") }
        let expected = line?.split(separator: " ").last.map(String.init)
        #expect(try ELFObject(path: path).buildID.map { Hexadecimal.string($0) } == expected)
        #expect((expected == nil) == (subject == .object || subject == .bigEndian))
    }

    @Test("Load segments", arguments: subjects)
    func segments(subject: Subject) throws {
        let workshop = try Workshop()
        let path = try subject.make(in: workshop)
        let object = try ELFObject(path: path)
        // LOAD 0x000000 0x0000000000000000 0x0000000000000000 0x000660 0x000660 R   0x1000
        let lines = try workshop.run("readelf", "-lW", path).split(separator: "\n")
            .map { $0.split(separator: " ").map(String.init) }.filter { $0.first == "LOAD" }
        #expect(lines.count == object.loadSegments.count)
        for (line, segment) in zip(lines, object.loadSegments) {
            let numbers = [line[1], line[2], line[4], line[5], line[line.count - 1]]
            #expect(
                numbers.map { UInt64($0.dropFirst(2), radix: 16) }
                    == [
                        segment.fileOffset, segment.address, segment.fileSize, segment.memorySize, segment.alignment,
                    ])
            #expect(segment.isExecutable == line[6..<line.count - 1].joined().contains("E"))
        }
        #expect(lines.isEmpty == (object.kind == .relocatable))
    }

    @Test("Symbols", arguments: subjects)
    func symbols(subject: Subject) throws {
        let workshop = try Workshop()
        let path = try subject.make(in: workshop)
        let object = try ELFObject(path: path)
        var expected: [String] = []
        var table = ""
        for line in try workshop.run("readelf", "-sW", path).split(separator: "\n") {
            if line.hasPrefix("Symbol table '") { table = line.contains("'.dynsym'") ? "dynsym" : "symtab" }
            //    Num: Value Size Type Bind Vis Ndx Name
            var fields = line.split(separator: " ").map(String.init)
            // A version's number in parentheses may follow the name.
            if table == "dynsym", fields.last?.hasSuffix(")") == true { fields.removeLast() }
            guard let number = fields.first, number.hasSuffix(":"), number != "0:", Int(number.dropLast()) != nil,
                fields.count >= 7,
                ["FUNC", "IFUNC", "NOTYPE", "OBJECT"].contains(fields[3]), !["UND", "COM"].contains(fields[6])
            else { continue }
            // PowerPC prints "[<localentry>: 8]" between; the name is always last. Versions of .dynsym stand elsewhere.
            var name = fields.count > 7 ? fields[fields.count - 1] : ""
            if table == "dynsym" { name = String(name.prefix { $0 != "@" }) }
            // Large sizes are printed in hexadecimal.
            let digits = fields[2].hasPrefix("0x") ? (fields[2].dropFirst(2), 16) : (fields[2][...], 10)
            let size = try #require(UInt64(digits.0, radix: digits.1))
            var value = try #require(UInt64(fields[1], radix: 16))
            // readelf shows offsets in sections where this room gives addresses of the layout.
            if let section = Int(fields[6]), let place = object.layout.first(where: { $0.section == section }) {
                value += place.address
            }
            expected.append("\(table) \(value) \(size) \(fields[3]) \(fields[4]) \(fields[6]) \(name)")
        }
        // readelf goes by the order of the sections.
        expected = expected.filter { $0.hasPrefix("symtab") } + expected.filter { $0.hasPrefix("dynsym") }
        let symbols = try object.symbols()
        let found = try symbols.map { symbol in
            let kind: String
            switch symbol.kind {
            case .unspecified: kind = "NOTYPE"
            case .object: kind = "OBJECT"
            case .function: kind = "FUNC"
            case .indirectFunction: kind = "IFUNC"
            }
            let binding: String
            switch symbol.binding {
            case .local: binding = "LOCAL"
            case .global: binding = "GLOBAL"
            case .weak: binding = "WEAK"
            case .other: binding = "UNIQUE"
            }
            return "\(symbol.table) \(symbol.value) \(symbol.size) \(kind) \(binding) "
                + "\(symbol.section.map(String.init) ?? "ABS") \(try symbols.name(of: symbol))"
        }
        #expect(found.filter { !$0.contains(" ABS ") } == expected.filter { !$0.contains(" ABS ") })
        #expect(Set(found).symmetricDifference(expected).isEmpty)
        if subject != .installedProgram { #expect(found.count > 5) }
    }
}
