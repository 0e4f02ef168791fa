import DWARFReader
import ELFObject
import Testing

/// Split DWARF: the skeleton in the program, the rest in `.dwo` files or a `.dwp` package.
@Suite struct SplitTests {
    static let commands = [
        "g++ -gdwarf-4", "g++ -gdwarf-5", "clang++ -gdwarf-4", "clang++ -gdwarf-5",
        "g++ -gdwarf-5 -fdebug-types-section",
        "clang++ -gdwarf-5 -fdebug-types-section",
    ]

    static let second = """
        namespace far { struct Point { int x; int twice() const { return x * 2; } };
        __attribute__((noinline)) int away(int a) { Point p{a}; int s = 0; for (int i = 0; i < a; i++) s += p.twice() ^ i;
        return s; } }

        """

    /// What must not depend on where the debug information lies. Numbers of files are the producer's choice.
    struct Facts: Equatable {
        var scopes: [ReadUnit.Scope]
        var rows: [LineRow]
        var directory: String?
        var language: UInt16

        init(_ unit: ReadUnit) {
            scopes = unit.scopes
            rows = unit.rows.map {
                LineRow(
                    address: $0.address, file: -1, line: $0.line, column: $0.column,
                    isEndOfSequence: $0.isEndOfSequence)
            }
            directory = unit.compilationDirectory
            language = unit.language
        }
    }

    /// Builds the program twice in one folder: whole, and split into `program` and two `.dwo` files.
    private func build(_ command: String) throws -> (bench: Workbench, plain: ELFObject, program: ELFObject) {
        let bench = try Workbench()
        try bench.write(Samples.cxx, to: "main.cpp")
        try bench.write(Self.second, to: "second.cpp")
        let compiler = command.split(separator: " ").map(String.init) + ["-O2"]
        for (options, output) in [([], "plain"), (["-gsplit-dwarf"], "program")] {
            try bench.run(compiler + options + ["-c", "main.cpp"])
            try bench.run(compiler + options + ["-c", "second.cpp"])
            try bench.run([compiler[0], "main.o", "second.o", "-o", output])
        }
        return (bench, try bench.object("plain"), try bench.object("program"))
    }

    @Test(arguments: commands)
    func dwoFilesGiveThePlainAnswer(_ command: String) throws {
        let (bench, plain, program) = try build(command)
        let files = try ["second.dwo", "main.dwo"].map { try bench.object($0) }
        let expected = try readAll(plain)
        let units = try readAll(program, split: files)
        #expect(units.map(Facts.init) == expected.map(Facts.init))
        #expect(units.allSatisfy { $0.splitUnit == nil && $0.unresolvedReferences == 0 })
        #expect(units.flatMap(\.scopes).count > 20)
        #expect(units.flatMap(\.scopes).allSatisfy { $0.kind == .function || $0.callPath != nil })

        // Paired by id alone: the other unit's file is no help, and the same file under another name is.
        let half = try readAll(program, split: [files[0], files[0]])
        #expect(half.map { $0.splitUnit == nil } == [false, true])
        #expect(Facts(half[1]) == Facts(expected[1]))

        let held = try files.map { try SplitUnitsHeld($0) }
        #expect(held.map(\.ids.count) == [1, 1] && held.allSatisfy { !$0.isPackage && $0.problems.isEmpty })
        let wanted = try SourceFiles(program).splitUnits.compactMap(\.id)
        #expect(Set(held.flatMap(\.ids)) == Set(wanted))
    }

    @Test(arguments: ["clang++ -gdwarf-4", "clang++ -gdwarf-5", "clang++ -gdwarf-5 -fdebug-types-section"])
    func packageGivesThePlainAnswer(_ command: String) throws {
        let (bench, plain, program) = try build(command)
        try bench.run(["llvm-dwp-19", "main.dwo", "second.dwo", "-o", "program.dwp"])
        let package = try bench.object("program.dwp")
        let expected = try readAll(plain)
        let units = try readAll(program, split: [package])
        #expect(units.map(Facts.init) == expected.map(Facts.init))
        let held = try SplitUnitsHeld(package)
        #expect(held.isPackage && held.problems.isEmpty)
        let wanted = try SourceFiles(program).splitUnits.compactMap(\.id)
        #expect(Set(held.ids) == Set(wanted))
    }

    /// GNU's packer writes the old index.
    @Test func packageOfGNU() throws {
        let (bench, plain, program) = try build("g++ -gdwarf-4")
        try bench.run(["dwp", "-e", "program", "-o", "program.dwp"])
        let units = try readAll(program, split: [try bench.object("program.dwp")])
        let expected = try readAll(plain)
        #expect(units.map(Facts.init) == expected.map(Facts.init))
    }

    @Test(arguments: ["gcc -gdwarf-4", "gcc -gdwarf-5", "clang -gdwarf-4", "clang -gdwarf-5"])
    func missingSplitUnitsAreNamed(_ command: String) throws {
        let bench = try Workbench()
        let object = try bench.build(.c("\(command) -O1 -gsplit-dwarf"))
        let unit = try #require(try readAll(object).first)
        let split = try #require(unit.splitUnit)
        #expect(split.name.hasSuffix(".dwo"))
        #expect(split.compilationDirectory == bench.folder)
        #expect(split.id != nil)
        #expect(!unit.rows.isEmpty && unit.scopes.isEmpty)
        // The skeleton still says where its code is.
        #expect(!unit.unitRanges.isEmpty)
        #expect(
            unit.rows.allSatisfy { row in
                row.isEndOfSequence || unit.unitRanges.contains { $0.contains(row.address) }
            })
        #expect(try SourceFiles(object).splitUnits == [split])
    }

    /// clang can leave the inline trees in the skeleton too: they answer while the `.dwo` is missing.
    @Test func inlineTreeInTheSkeleton() throws {
        let bench = try Workbench()
        let command = "clang++ -O2 -gdwarf-5 -gsplit-dwarf -fsplit-dwarf-inlining"
        let object = try bench.build(.cxx(command))
        let unit = try #require(try readAll(object).first)
        #expect(unit.splitUnit != nil)
        let inlined = unit.scopes.filter { $0.kind == .inlinedSubroutine }
        #expect(inlined.contains { $0.name == "step" && $0.callLine > 0 && $0.callPath == bench.path("main.cpp") })
        // With the file, its richer tree is the one that counts.
        let dwo = try #require(unit.splitUnit?.name)
        let whole = try #require(try readAll(object, split: [try bench.object(dwo)]).first)
        #expect(whole.scopes.count > unit.scopes.count)
        let ranges = Set(whole.scopes.map(\.ranges))
        #expect(unit.scopes.allSatisfy { ranges.contains($0.ranges) })
        #expect(whole.scopes.contains { $0.linkageName == "_ZN3app5Store3runEi" })
    }

    @Test func sourcesOfASplitFileAlone() throws {
        let (bench, _, _) = try build("g++ -gdwarf-5")
        let sources = try SourceFiles(try bench.object("main.dwo"))
        #expect(sources.files.contains { $0.path.hasSuffix("main.cpp") })
        #expect(sources.problems.isEmpty)
    }
}
