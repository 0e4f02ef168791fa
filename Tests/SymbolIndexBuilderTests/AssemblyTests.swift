import Bytes
import Foundation
import SymbolIndex
import Testing

@testable import DWARFReader
@testable import SymbolIndexBuilder

/// Everything behind the reading of units, in memory.
struct Assembly {
    var units: [UnitCode]
    var symbols: [SymbolRanges.Symbol] = []
    var live: LiveCode
    var threads = 1

    /// The index's bytes.
    func bytes() throws -> [UInt8] {
        let inputs = DebugInputs(
            spaces: [DebugSpace(file: "test", strings: Drawing.strings)], limits: .default)
        let tables = NameTables()
        var naming = UnitNaming(tables)
        var flats: [FlatUnit] = []
        for unit in units {
            var flat = Drawing.flat(unit, live)
            flat.rank = unit.offset
            #expect(naming.resolve(&flat, unit, inputs))
            flats.append(flat)
        }
        let ranges = SymbolRanges(symbols, live: live)
        flats.sort { $0.rank < $1.rank }
        let (segments, overlapped) = Segments.of(flats)
        var encoder = SymbolIndexEncoder(baseAddress: 0)
        var numbering = IndexNumbering(tables)
        try numbering.run(&flats, segments, overlapped: overlapped, ranges, &encoder)
        let encoded = try EncodeStage(flats, segments, ranges, numbering, tables).run(threads: threads)
        var records = FunctionRecords(tables, ranges, encoded.names, numbering)
        try records.run(&encoder)
        var bytes: [UInt8] = []
        try SymbolIndexWriter.write(
            SymbolIndexWriter.Facts(
                builderRevision: 1, machine: 62, byteOrder: .little, kind: .executable, quality: .full,
                loadSegments: [],
                metadata: IndexMetadata(architecture: "test")), encoder, parts: encoded.parts
        ) { bytes.append(contentsOf: $0) }
        return bytes
    }

    func index() throws -> SymbolIndex {
        let folder = try TemporaryFolder()
        try Data(bytes()).write(to: URL(fileURLWithPath: folder.file("index")))
        return try SymbolIndex(MappedFile(path: folder.file("index")))
    }

    /// `start chain row`, `s:` before functions of the symbol table.
    func text() throws -> [String] {
        var result: [String] = []
        var end: UInt64?
        try index().forEachRange { range, location in
            if let last = end, last < range.lowerBound { result.append("\(last - Drawing.base) hole") }
            end = range.upperBound
            let start = range.lowerBound - Drawing.base
            guard let location else {
                result.append("\(start) hole")
                end = nil
                return
            }
            let chain = location.frames.compactMap(\.function).map {
                ($0.isFromSymbolTable ? "s:" : "") + $0.name.string
            }.joined()
            let first = location.frame(0)
            let row = first.file == nil ? "-" : Unicode.Scalar(first.line).map(String.init) ?? "?"
            result.append("\(start) \(chain.isEmpty ? "-" : chain) \(row)")
        }
        if let end { result.append("\(end - Drawing.base) hole") }
        return result
    }
}

/// Units and symbol table put together; addresses drawn as in `Drawing`.
@Suite struct AssemblyTests {
    private let everywhere = "[-------------------------------------------------)"

    private func symbol(
        _ name: String, _ start: UInt64, _ size: UInt64, function: Bool = true,
        _ binding: SymbolRanges.Symbol.Binding = .global
    ) -> SymbolRanges.Symbol {
        .init(address: Drawing.base + start, size: size, isFunction: function, binding: binding, name: name)
    }

    private func text(
        _ units: [UnitCode], _ symbols: [SymbolRanges.Symbol] = [], live: String? = nil
    ) throws -> [String] {
        try Assembly(units: units, symbols: symbols, live: Drawing.live(live ?? everywhere)).text()
    }

    @Test func theSymbolTableFillsGapsAndNamesBareLines() throws {
        let unit = Drawing.unit(scopes: [("f", "    [---)      ")], rows: "    a-----b--)")
        let symbols = [symbol("boot", 0, 3), symbol("f", 4, 4), symbol("tail", 8, 4), symbol("end", 15, 2)]
        #expect(
            try text([unit], symbols) == [
                "0 s:boot -", "3 hole", "4 f a", "8 s:tail a", "10 s:tail b", "12 - b", "13 hole", "15 s:end -",
                "17 hole",
            ])
    }

    @Test func theSymbolTableOverridesNothing() throws {
        let unit = Drawing.unit(scopes: [("f", "[--------)")])
        #expect(try text([unit], [symbol("g", 2, 3), symbol("h", 6, 6)]) == ["0 f -", "9 s:h -", "12 hole"])
    }

    @Test func labelsLastUntilTheNextSymbolOrTheEndOfTheSection() throws {
        let symbols = [
            symbol("a", 0, 0, function: false), symbol("b", 4, 0, function: false), symbol("c", 8, 2),
            symbol("d", 12, 0, function: false),
        ]
        #expect(
            try text([], symbols, live: "[-------------) [-----)") == [
                "0 s:a -", "4 s:b -", "8 s:c -", "10 hole", "12 s:d -", "14 hole",
            ])
    }

    @Test func aLabelInASizedFunctionDoesNotEndIt() throws {
        let symbols = [symbol("f", 0, 10), symbol("label", 4, 0, function: false), symbol("part", 6, 2)]
        #expect(try text([], symbols) == ["0 s:f -", "6 s:part -", "8 s:f -", "10 hole"])
        // Nor does it live on behind it.
        #expect(try text([], Array(symbols.prefix(2))) == ["0 s:f -", "10 hole"])
    }

    @Test(
        arguments: [
            ([("l", .local, 4, true), ("w", .weak, 4, true), ("g", .global, 4, true)], "g"),
            ([("l", .local, 4, true), ("w", .weak, 4, true)], "w"),
            ([("label", .global, 4, false), ("f", .global, 4, true)], "f"),
            ([("label", .global, 0, true), ("f", .local, 4, true)], "f"),
            ([("b", .global, 4, true), ("a", .global, 4, true)], "a"),
        ] as [([(String, SymbolRanges.Symbol.Binding, UInt64, Bool)], String)])
    func ofAliasesThePreferredNameIsShown(
        _ aliases: [(String, SymbolRanges.Symbol.Binding, UInt64, Bool)], _ expected: String
    ) throws {
        for aliases in [aliases, aliases.reversed()] {
            let symbols = aliases.map { symbol($0.0, 2, $0.2, function: $0.3, $0.1) }
            #expect(try text([], symbols) == ["2 s:\(expected) -", "6 hole"])
        }
    }

    @Test func symbolsOutsideCodeAndBeyondTheirSectionAreCut() throws {
        let symbols = [symbol("data", 20, 4), symbol("long", 2, .max), symbol("end", 10, 4)]
        #expect(try text([], symbols, live: "[--------)") == ["2 s:long -", "9 hole"])
    }

    @Test func theFirstUnitWinsButAFunctionBeatsABareLine() throws {
        let first = Drawing.unit(offset: 10, scopes: [("f", "[----)     ")], rows: "a---------)")
        let second = Drawing.unit(offset: 20, scopes: [("g", "[------)   ")], rows: "b---------)")
        let expected = ["0 f a", "5 g b", "7 - a", "10 hole"]
        #expect(try text([first, second]) == expected)
        #expect(try text([second, first]) == expected)
    }

    @Test func neighboursThatSayTheSameAreOneRange() throws {
        let unit = Drawing.unit(scopes: [("f", "[---)[---)")], rows: "a---a----)")
        #expect(try text([unit]) == ["0 f a", "4 - a", "5 f a", "9 hole"])
        var joined = Drawing.unit(rows: "a---a----)")
        joined.addScope("f", Drawing.ranges("[--)") + [UnitRange(start: Drawing.base + 3, end: Drawing.base + 9)])
        #expect(try text([joined]) == ["0 f a", "9 hole"])
    }

    @Test func whatNothingRefersToIsNotInTheIndex() throws {
        let unit = Drawing.unit(scopes: [("f", "[-----)"), ("f/h", " [-)   "), ("g", "[-----)")])
        let bytes = try Assembly(units: [unit], live: Drawing.live(everywhere)).bytes()
        let alone = try Assembly(units: [Drawing.unit(scopes: [("g", "[-----)")])], live: Drawing.live(everywhere))
            .bytes()
        #expect(bytes == alone)
        // Nor what another unit hides.
        let hidden = Drawing.unit(offset: 9, scopes: [("k", "[-----)"), ("k/m", "[-----)")])
        var both = Assembly(units: [Drawing.unit(scopes: [("g", "[-----)")]), hidden], live: Drawing.live(everywhere))
        #expect(try both.bytes() == alone)
        both.units.reverse()
        #expect(try both.bytes() == alone)
    }

    @Test func theOrderOfUnitsAndSymbolsAndTheNumberOfThreadsDoNotMatter() throws {
        var generator = SplitMix64(state: 42)
        var assembly = Assembly(units: [], live: Drawing.live(everywhere))
        for number in 0..<40 {
            var unit = Drawing.unit(offset: UInt64(number) * 100)
            for _ in 0..<6 {
                let start = Drawing.base + generator.next() % 45
                let end = start + 1 + generator.next() % 12
                let letter = Character(Unicode.Scalar(UInt8(97 + generator.next() % 20)))
                unit.addScope(letter, [UnitRange(start: start, end: end)])
                unit.addScope(
                    "z", [UnitRange(start: start + 1, end: end + 1)], parent: unit.scopes.count - 1,
                    callLine: UInt32(number))
                unit.rows.append(LineRow(address: start, file: 0, line: 97, column: 1, isEndOfSequence: false))
                unit.rows.append(LineRow(address: end, file: 0, line: 0, column: 0, isEndOfSequence: true))
            }
            assembly.units.append(unit)
        }
        assembly.symbols = (0..<30).map { symbol("s\($0)", generator.next() % 48, generator.next() % 6) }
        let first = try assembly.bytes()
        for round in 0..<20 {
            assembly.units.shuffle(using: &generator)
            assembly.symbols.shuffle(using: &generator)
            assembly.threads = round % 4 + 1
            #expect(try assembly.bytes() == first)
        }
    }

    /// Many runs, so that several parts are encoded, against the answers of each piece by itself.
    @Test func partsAreOneIndex() throws {
        var unit = Drawing.unit()
        let count = 3 * PartEncoding.piecesPerPart / 2
        for number in 0..<count {
            let start = Drawing.base + UInt64(number) * 16
            unit.rows.append(
                LineRow(address: start, file: 0, line: UInt32(number), column: 1, isEndOfSequence: false))
            unit.rows.append(
                LineRow(address: start + 8, file: 0, line: UInt32(number + 1), column: 2, isEndOfSequence: false))
            unit.rows.append(
                LineRow(
                    address: start + (number % 3 == 0 ? 12 : 16), file: 0, line: 0, column: 0, isEndOfSequence: true))
        }
        unit.addScope("f", [UnitRange(start: Drawing.base, end: Drawing.base + UInt64(count) * 16)])
        let live = LiveCode([Drawing.base..<Drawing.base + UInt64(count) * 16])
        var assembly = Assembly(units: [unit], live: live)
        let index = try assembly.index()
        for number in stride(from: 0, to: count, by: 97) {
            let start = Drawing.base + UInt64(number) * 16
            #expect(try index.lookup(start + 3)?.frame(0).line == UInt32(number))
            #expect(try index.lookup(start + 9)?.frame(0).line == UInt32(number + 1))
            #expect(try index.lookup(start + 9)?.frame(0).function?.name.string == "f")
            #expect(try index.lookup(start + 14)?.frame(0).file == nil || number % 3 != 0)
        }
        let bytes = try assembly.bytes()
        assembly.threads = 3
        #expect(try assembly.bytes() == bytes)
    }
}

@Suite struct FunctionNameTests {
    /// One function at address 16, by way of the tables; `symbols` begin there too.
    private func function(
        linkageName: String? = nil, name: String? = nil, qualifiedName: String? = nil, language: UInt16 = 0,
        symbols: [String] = []
    ) throws -> (function: IndexedFunction, failures: Int) {
        var unit = UnitCode()
        var function = UnitFunction()
        func text(_ text: String?) -> TextReference {
            guard let text else { return .none }
            defer { unit.arena += Array(text.utf8) + [0] }
            return TextReference(section: TextReference.arenaSection, offset: UInt64(unit.arena.count))
        }
        function.linkageName = text(linkageName)
        function.name = text(name)
        function.qualifiedName = text(qualifiedName)
        function.language = language
        function.declarationLine = 3
        unit.functions = [function]
        unit.scopes = [
            UnitScope(
                entryAddress: 16, parent: -1, function: 0, callFile: -1, callLine: 0, callColumn: 0, firstRange: 0,
                rangeCount: 1, isInlined: false)
        ]
        unit.ranges = [UnitRange(start: 16, end: 20)]
        let index = try Assembly(
            units: [unit],
            symbols: symbols.map { .init(address: 16, size: 4, isFunction: true, binding: .local, name: $0) },
            live: LiveCode([16..<32])
        ).index()
        let found = try #require(try index.lookup(17)?.frame(0).function)
        return (found, found.failedToDemangle ? 1 : 0)
    }

    @Test func linkageNamesAreDemangled() throws {
        let (cpp, _) = try function(linkageName: "_ZN4till5totalEi", name: "total")
        #expect(cpp.name == "till::total")
        #expect(cpp.fullName == "till::total(int)")
        #expect(cpp.linkageName?.string == "_ZN4till5totalEi")
        #expect(cpp.language == .cpp)
        #expect(cpp.entryAddress == 16)
        #expect(cpp.declarationLine == 3)
        let (swift, _) = try function(linkageName: "$s4main4MainV3sumyS2iF", language: 0x1E)
        #expect(swift.name == "Main.sum(_:)")
        #expect(swift.fullName == "main.Main.sum(Swift.Int) -> Swift.Int")
    }

    @Test func withoutLinkageNameTheQualifiedNameIsShown() throws {
        #expect(try function(name: "f", qualifiedName: "a::f").function.name == "a::f")
        #expect(try function(name: "main").function.name == "main")
        #expect(try function().function.name == "")
    }

    @Test func runtimeFailuresStayAsTheyAre() throws {
        let text = "Swift runtime failure: Index out of range"
        let (function, _) = try function(name: text, qualifiedName: "main.\(text)", language: 0x1E)
        #expect(function.name == text)
        #expect(function.fullName == text)
        #expect(function.language == .swift)
    }

    @Test func aMangledSymbolAtTheEntryCompletesAShortName() throws {
        #expect(
            try function(name: "total", qualifiedName: "total", language: 4, symbols: ["_ZN4till5totalEi"]).function
                .name
                == "till::total")
        #expect(try function(symbols: ["_ZN4till5totalEi"]).function.name == "till::total")
        let (plain, _) = try function(name: "plain", language: 1, symbols: ["plain"])
        #expect(plain.name == "plain" && plain.linkageName?.string == "plain")
        // Identical code folding left another function's symbol here.
        let (folded, _) = try function(
            name: "total", qualifiedName: "total", language: 4, symbols: ["_ZN4till5otherEi", "something"])
        #expect(folded.name == "total" && folded.linkageName == nil)
    }

    @Test func aNameThatCannotBeDemangledIsMarked() throws {
        let (broken, failures) = try function(linkageName: "_ZN4till", name: "total")
        #expect(failures == 1)
        #expect(broken.name == "total" && broken.fullName == "_ZN4till" && broken.linkageName?.string == "_ZN4till")
        let index = try Assembly(
            units: [],
            symbols: [.init(address: 16, size: 4, isFunction: true, binding: .local, name: "_ZN4till")],
            live: LiveCode([16..<32])
        ).index()
        let symbol = try #require(try index.lookup(17)?.frame(0).function)
        #expect(symbol.name == "_ZN4till" && symbol.isFromSymbolTable && symbol.failedToDemangle)
    }
}
