import SymbolIndex
import Testing

@testable import SymbolIndexBuilder

/// Units and symbol table put together; addresses drawn as in `Drawing`.
@Suite struct AssemblyTests {
    private let everywhere = "[-------------------------------------------------)"

    private func facts(_ name: String) -> FunctionFacts {
        FunctionFacts(
            linkageName: nil, name: ByteText(name), qualifiedName: nil, declarationFile: Place.noFile,
            declarationLine: 0, isArtificial: false, language: .c)
    }

    private func symbol(
        _ name: String, _ start: UInt64, _ size: UInt64, function: Bool = true,
        _ binding: SymbolRanges.Symbol.Binding = .global
    ) -> SymbolRanges.Symbol {
        .init(address: Drawing.base + start, size: size, isFunction: function, binding: binding, name: name)
    }

    private func content(
        _ units: [FlatteningUnit], _ symbols: [SymbolRanges.Symbol] = [], live: String? = nil
    ) -> SymbolIndexContent {
        let live = Drawing.live(live ?? everywhere)
        var assembly = IndexAssembly()
        _ = assembly.number(ofFile: "/a.c")
        for unit in units {
            var numbered = unit
            for index in unit.scopes.indices {
                let letter = Unicode.Scalar(unit.scopes[index].function).map(String.init) ?? "?"
                numbered.scopes[index].function = assembly.number(of: facts(letter))
            }
            assembly.add(FlatUnit(numbered, live: live))
        }
        var content = SymbolIndexContent(metadata: IndexMetadata(architecture: "test"))
        _ = assembly.finish(SymbolRanges(symbols, live: live), into: &content)
        return content
    }

    /// `start chain row`, `s:` before functions of the symbol table.
    private func text(_ content: SymbolIndexContent) -> [String] {
        content.ranges.map { range in
            let start = range.address - Drawing.base
            if range.isHole { return "\(start) hole" }
            var chain = ""
            var scope = range.scope
            while let current = scope {
                let function = content.functions[Int(content.scopes[Int(current)].function)]
                chain += (function.isFromSymbolTable ? "s:" : "") + function.name
                scope = content.scopes[Int(current)].parent
            }
            let row = range.file == nil ? "-" : Unicode.Scalar(range.line).map(String.init) ?? "?"
            return "\(start) \(chain.isEmpty ? "-" : chain) \(row)"
        }
    }

    @Test func theSymbolTableFillsGapsAndNamesBareLines() {
        let unit = Drawing.unit(scopes: [("f", "    [---)      ")], rows: "    a-----b--)")
        let symbols = [symbol("boot", 0, 3), symbol("f", 4, 4), symbol("tail", 8, 4), symbol("end", 15, 2)]
        #expect(
            text(content([unit], symbols)) == [
                "0 s:boot -", "3 hole", "4 f a", "8 s:tail a", "10 s:tail b", "12 - b", "13 hole", "15 s:end -",
                "17 hole",
            ])
    }

    @Test func theSymbolTableOverridesNothing() {
        let unit = Drawing.unit(scopes: [("f", "[--------)")])
        #expect(text(content([unit], [symbol("g", 2, 3), symbol("h", 6, 6)])) == ["0 f -", "9 s:h -", "12 hole"])
    }

    @Test func labelsLastUntilTheNextSymbolOrTheEndOfTheSection() {
        let symbols = [
            symbol("a", 0, 0, function: false), symbol("b", 4, 0, function: false), symbol("c", 8, 2),
            symbol("d", 12, 0, function: false),
        ]
        #expect(
            text(content([], symbols, live: "[-------------) [-----)")) == [
                "0 s:a -", "4 s:b -", "8 s:c -", "10 hole", "12 s:d -", "14 hole",
            ])
    }

    @Test func aLabelInASizedFunctionDoesNotEndIt() {
        let symbols = [symbol("f", 0, 10), symbol("label", 4, 0, function: false), symbol("part", 6, 2)]
        #expect(text(content([], symbols)) == ["0 s:f -", "6 s:part -", "8 s:f -", "10 hole"])
        // Nor does it live on behind it.
        #expect(text(content([], Array(symbols.prefix(2)))) == ["0 s:f -", "10 hole"])
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
    ) {
        for aliases in [aliases, aliases.reversed()] {
            let symbols = aliases.map { symbol($0.0, 2, $0.2, function: $0.3, $0.1) }
            #expect(text(content([], symbols)) == ["2 s:\(expected) -", "6 hole"])
        }
    }

    @Test func symbolsOutsideCodeAndBeyondTheirSectionAreCut() {
        let symbols = [symbol("data", 20, 4), symbol("long", 2, .max), symbol("end", 10, 4)]
        #expect(text(content([], symbols, live: "[--------)")) == ["2 s:long -", "9 hole"])
    }

    @Test func theFirstUnitWinsButAFunctionBeatsABareLine() {
        let first = Drawing.unit(offset: 10, scopes: [("f", "[----)     ")], rows: "a---------)")
        let second = Drawing.unit(offset: 20, scopes: [("g", "[------)   ")], rows: "b---------)")
        let expected = ["0 f a", "5 g b", "7 - a", "10 hole"]
        #expect(text(content([first, second])) == expected)
        #expect(text(content([second, first])) == expected)
    }

    @Test func neighboursThatSayTheSameAreOneRange() {
        let unit = Drawing.unit(scopes: [("f", "[---)[---)")], rows: "a---a----)")
        #expect(text(content([unit])) == ["0 f a", "4 - a", "5 f a", "9 hole"])
        var joined = unit
        joined.scopes[0].ranges = [Drawing.base..<Drawing.base + 4, Drawing.base + 4..<Drawing.base + 9]
        #expect(text(content([joined])) == ["0 f a", "9 hole"])
    }

    @Test func whatNothingRefersToIsNotInTheIndex() {
        let unit = Drawing.unit(scopes: [("f", "[-----)"), ("f/h", " [-)   "), ("g", "[-----)")])
        let result = content([unit])
        #expect(result.functions.map(\.name) == ["g"])
        #expect(result.scopes.count == 1)
        #expect(result.files.isEmpty)
    }

    @Test func theOrderOfUnitsAndSymbolsDoesNotMatter() throws {
        var generator = SplitMix64(state: 42)
        var units: [FlatteningUnit] = []
        for number in 0..<40 {
            var unit = FlatteningUnit(offset: UInt64(number) * 100)
            for _ in 0..<6 {
                let start = Drawing.base + generator.next() % 45
                let end = start + 1 + generator.next() % 12
                let function = UInt32(97 + generator.next() % 20)
                unit.scopes.append(.init(ranges: [start..<end], function: function))
                unit.scopes.append(
                    .init(
                        parent: unit.scopes.count - 1, ranges: [start + 1..<end + 1], function: function + 1,
                        call: Place(file: 0, line: UInt32(number), column: 1)))
                unit.rows.append(
                    .init(address: start, place: Place(file: 0, line: 97, column: 1), isEndOfSequence: false))
                unit.rows.append(.init(address: end, place: .unknown, isEndOfSequence: true))
            }
            units.append(unit)
        }
        var symbols = (0..<30).map { symbol("s\($0)", generator.next() % 48, generator.next() % 6) }
        let first = try SymbolIndexWriter.encode(content(units, symbols))
        for _ in 0..<20 {
            units.shuffle(using: &generator)
            symbols.shuffle(using: &generator)
            #expect(try SymbolIndexWriter.encode(content(units, symbols)) == first)
        }
    }
}

@Suite struct FunctionNameTests {
    private func facts(
        linkageName: String? = nil, name: String? = nil, qualifiedName: String? = nil,
        language: IndexedLanguage = .unknown
    ) -> FunctionFacts {
        FunctionFacts(
            linkageName: linkageName.map(ByteText.init), name: name.map(ByteText.init),
            qualifiedName: qualifiedName.map(ByteText.init), declarationFile: Place.noFile, declarationLine: 3,
            isArtificial: false, language: language)
    }

    private func symbol(_ name: String) -> SymbolRanges.Symbol {
        .init(address: 16, size: 4, isFunction: true, binding: .local, name: name)
    }

    @Test func linkageNamesAreDemangled() {
        var names = FunctionNames()
        let function = names.function(facts(linkageName: "_ZN4till5totalEi", name: "total"), entry: 16)
        #expect(function.name == "till::total")
        #expect(function.fullName == "till::total(int)")
        #expect(function.linkageName == "_ZN4till5totalEi")
        #expect(function.language == .cpp)
        #expect(function.entryAddress == 16)
        let swift = names.function(facts(linkageName: "$s4main4MainV3sumyS2iF", language: .swift), entry: nil)
        #expect(swift.name == "Main.sum(_:)")
        #expect(swift.fullName == "main.Main.sum(Swift.Int) -> Swift.Int")
    }

    @Test func withoutLinkageNameTheQualifiedNameIsShown() {
        var names = FunctionNames()
        #expect(names.function(facts(name: "f", qualifiedName: "a::f"), entry: nil).name == "a::f")
        #expect(names.function(facts(name: "main"), entry: 16).name == "main")
        #expect(names.function(facts(), entry: 16).name == "")
    }

    @Test func runtimeFailuresStayAsTheyAre() {
        var names = FunctionNames()
        let text = "Swift runtime failure: Index out of range"
        let function = names.function(facts(name: text, qualifiedName: "main.\(text)", language: .swift), entry: nil)
        #expect(function.name == text)
        #expect(function.fullName == text)
        #expect(function.language == .swift)
    }

    @Test func aMangledSymbolAtTheEntryCompletesAShortName() {
        var names = FunctionNames()
        let short = facts(name: "total", qualifiedName: "total", language: .cpp)
        #expect(names.function(short, entry: 16, symbols: [symbol("_ZN4till5totalEi")]).name == "till::total")
        #expect(names.function(facts(), entry: 16, symbols: [symbol("_ZN4till5totalEi")]).name == "till::total")
        let plain = names.function(facts(name: "plain", language: .c), entry: 16, symbols: [symbol("plain")])
        #expect(plain.name == "plain" && plain.linkageName == "plain")
        // Identical code folding left another function's symbol here.
        let folded = names.function(short, entry: 16, symbols: [symbol("_ZN4till5otherEi"), symbol("something")])
        #expect(folded.name == "total" && folded.linkageName == nil)
    }

    @Test func aNameThatCannotBeDemangledIsMarked() {
        var names = FunctionNames()
        let broken = names.function(facts(linkageName: "_ZN4till", name: "total"), entry: nil)
        #expect(broken.failedToDemangle)
        #expect(broken.name == "total" && broken.fullName == "_ZN4till" && broken.linkageName == "_ZN4till")
        _ = names.function(facts(linkageName: "_ZN4till"), entry: nil)
        #expect(names.failures == 1)
        let fromTable = names.function(symbol("_ZN4till"))
        #expect(fromTable.name == "_ZN4till" && fromTable.isFromSymbolTable)
    }
}
