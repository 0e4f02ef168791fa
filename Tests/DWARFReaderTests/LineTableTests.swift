import Bytes
import DWARFReader
import ELFObject
import Testing

@Suite struct LineTableTests {
    /// The own decoder and libdw's read the same rows from every unit of every compiler.
    @Test(arguments: Build.all)
    func agreesWithLibdw(_ build: Build) throws {
        let bench = try Workbench()
        let units = try readAll(try bench.build(build))
        let libdw = try #require(LibdwLines(path: bench.path("program")))
        var compared = 0
        for unit in units {
            let expected = libdw.rows[unit.offset] ?? []
            let rows = unit.rows.enumerated().sorted { left, right in
                let (a, b) = (left.element, right.element)
                if a.address != b.address { return a.address < b.address }
                if a.isEndOfSequence != b.isEndOfSequence { return a.isEndOfSequence }
                return left.offset < right.offset
            }.map { row(unit, $0.element) }
            #expect(rows.count == expected.count)
            for (mine, other) in zip(rows, expected) {
                var other = other
                if other.path.hasSuffix("/<compiler-generated>") { other.path = SourceFile.compilerGeneratedPath }
                // The position of an end means nothing; libdw keeps the registers there too.
                #expect(mine == other)
                compared += 1
            }
        }
        #expect(compared > 10)
    }

    private func row(_ unit: ReadUnit, _ row: LineRow) -> LibdwLines.Row {
        LibdwLines.Row(
            address: row.address, path: row.file < 0 ? "" : unit.files[Int(row.file)].path, line: Int(row.line),
            column: Int(row.column), isEnd: row.isEndOfSequence)
    }

    @Test func embeddedSourceAndChecksum() throws {
        let bench = try Workbench()
        let object = try bench.build(.c("clang -gdwarf-5 -gembed-source -O1"))
        let sources = try SourceFiles(object)
        let file = try #require(sources.files.first { $0.path == bench.path("main.c") })
        #expect(file.md5 == Digest.md5(Array(Samples.c.utf8)))
        #expect(file.embeddedSource == Array(Samples.c.utf8))
        #expect(try readAll(object).contains { unit in unit.files.contains { $0.path == file.path } })
        #expect(sources.problems.isEmpty && sources.skippedUnits.isEmpty)
    }

    @Test func checksumWithoutText() throws {
        let bench = try Workbench()
        // clang leaves all checksums out when it has none for one of the files, so nothing is included here.
        let text = "namespace a { int f(int x) { return x; } }\nint main(int c, char **) { return a::f(c); }\n"
        let object = try bench.build(
            Build("clang++ -gdwarf-5 main.cpp -o program", [("main.cpp", text)]))
        let sources = try SourceFiles(object)
        let file = try #require(sources.files.first { $0.path == bench.path("main.cpp") })
        #expect(file.md5 == Digest.md5(Array(text.utf8)))
        #expect(file.embeddedSource == nil)
    }

    /// The quick look at headers finds what the full reading finds.
    @Test(arguments: Build.all)
    func sourceFilesAreThoseOfTheUnits(_ build: Build) throws {
        let bench = try Workbench()
        let object = try bench.build(build)
        let sources = try SourceFiles(object)
        let expected = Set(try readAll(object).flatMap(\.files).map(\.path))
            .subtracting([SourceFile.compilerGeneratedPath])
        #expect(Set(sources.files.map(\.path)) == expected)
        #expect(sources.files.count == Set(sources.files).count)
        #expect(sources.files.contains { $0.path == bench.path(build.sources[0].0) })
    }

    @Test func compilerGeneratedCodeIsRecognisable() throws {
        let bench = try Workbench()
        let units = try readAll(try bench.build(.swift("-O -g")))
        let generated = units.flatMap { unit in
            unit.rows.filter { $0.file >= 0 && unit.files[Int($0.file)].path == SourceFile.compilerGeneratedPath }
        }
        #expect(!generated.isEmpty)
        #expect(generated.allSatisfy { $0.line == 0 || $0.isEndOfSequence })
    }
}
