import Bytes
import ELFObject
import Foundation
import ParserTasks
import SymbolIndex
import Testing

@testable import SymbolIndexBuilder

/// One program in many forms: the same answers, or what the form still knows.
@Suite struct FormsTests {
    /// Every range with its whole chain and all that an index knows of the functions; without what may differ between the
    /// forms: which file it was, and where its pieces lie in it.
    private func answers(_ index: SymbolIndex) throws -> [String] {
        var result: [String] = []
        try index.forEachRange { range, location in
            let frames = (location.map { Array($0.frames) } ?? []).map { frame in
                let function = frame.function
                let names = [function?.name.string, function?.fullName.string, function?.linkageName?.string]
                    .map { $0 ?? "-" }.joined(separator: "|")
                let declaration = "\(function?.declarationFile?.string ?? "-"):\(function?.declarationLine ?? 0)"
                return "\(names) \(declaration) \(frame.file?.string ?? "-"):\(frame.line):\(frame.column)"
            }
            result.append("\(range): \(frames.joined(separator: " < "))")
        }
        return result
    }

    private static let recipes = ["g++ -O2", "clang++ -O2", "swiftc -O"]

    @Test(arguments: recipes) func aSeparateDebugFileGivesTheSameAnswers(_ recipe: String) throws {
        let folder = try TemporaryFolder()
        try Programs.build(Programs.recipe(recipe), in: folder)
        try run(["objcopy", "--only-keep-debug", "program", "program.debug"], in: folder)
        let (whole, report) = try buildAndOpen("program", in: folder)
        let (separate, _) = try buildAndOpen("program.debug", in: folder)
        #expect(report.quality == .full)
        #expect(report.ranges > 300)
        #expect(separate.header.kind == .debug)
        #expect(try answers(separate) == answers(whole))
    }

    @Test(arguments: ["zlib", "zlib-gnu", "zstd"]) func compressionChangesNothing(_ form: String) throws {
        let folder = try TemporaryFolder()
        try Programs.build(Programs.recipe("g++ -O2"), in: folder)
        try run(["objcopy", "--compress-debug-sections=\(form)", "program", "packed"], in: folder)
        let sizes = try ["program", "packed"].map {
            try FileManager.default.attributesOfItem(atPath: folder.file($0))[.size] as? Int ?? 0
        }
        #expect(sizes[1] < sizes[0])
        let (whole, report) = try buildAndOpen("program", in: folder)
        let (packed, _) = try buildAndOpen("packed", in: folder)
        #expect(report.ranges > 300)
        #expect(try answers(packed) == answers(whole))
    }

    @Test(arguments: recipes) func theSameObjectGivesTheSameBytesOnAnyNumberOfThreads(_ recipe: String) throws {
        let folder = try TemporaryFolder()
        try Programs.build(Programs.recipe(recipe), in: folder)
        func bytes(threads: Int) throws -> Data {
            _ = try build("program", in: folder, threads: threads)
            return try Data(contentsOf: URL(fileURLWithPath: folder.file("program.index")))
        }
        let first = try bytes(threads: 1)
        for threads in [1, 2, 3, 8] { #expect(try bytes(threads: threads) == first) }
    }

    @Test func withoutDebugInformationTheSymbolsAnswer() throws {
        let folder = try TemporaryFolder()
        try Programs.build(Programs.recipe("g++ -O2"), in: folder)
        let (whole, _) = try buildAndOpen("program", in: folder)
        try run(["strip", "--strip-debug", "-o", "stripped", "program"], in: folder)
        let (index, report) = try buildAndOpen("stripped", in: folder)
        #expect(report.quality == .symbols)
        #expect(report.unitsRead == 0)
        // Where the program has a function, the stripped one has the symbol of that function, and nothing else.
        var compared = 0
        try whole.forEachRange { range, location in
            guard let function = location?.physicalFunction, !function.isFromSymbolTable else { return }
            guard function.entryAddress == range.lowerBound else { return }
            let found = try? index.lookup(range.lowerBound)
            #expect(found?.frameCount == 1)
            let frame = found?.frame(0)
            #expect(frame?.function?.isFromSymbolTable == true)
            #expect(frame?.function?.entryAddress == range.lowerBound)
            #expect(frame?.file == nil && frame?.line == 0)
            compared += 1
        }
        #expect(compared > 10)
        #expect(try main(of: index) != nil)
    }

    @Test func dynamicSymbolsAreEnoughForNames() throws {
        let folder = try TemporaryFolder()
        for (name, text) in Programs.files { try folder.write(text, to: name) }
        try run(["g++", "-O2", "-g", "-shared", "-fPIC", "-o", "library.so", "shapes.cpp"], in: folder)
        try run(["strip", "-o", "stripped.so", "library.so"], in: folder)
        let (index, report) = try buildAndOpen("stripped.so", in: folder)
        #expect(report.quality == .symbols)
        var names: Set<String> = []
        try index.forEachRange { _, location in
            if let name = location?.frame(0).function?.fullName.string { names.insert(name) }
        }
        #expect(names.contains("area(Square const&)"))
    }

    @Test func aFileWithoutAnythingHasAnEmptyIndex() throws {
        let folder = try TemporaryFolder()
        try folder.write("int main(void) { return 0; }", to: "nothing.c")
        try run(["gcc", "-O2", "-o", "program", "nothing.c"], in: folder)
        try run(["strip", "-o", "stripped", "program"], in: folder)
        let (index, report) = try buildAndOpen("stripped", in: folder)
        #expect(report.quality == .none || report.quality == .symbols)
        #expect(report.unitsRead == 0)
        #expect(try index.metadata().problems == [])
    }

    @Test func missingSplitUnitsAreNamedAndLinesStay() throws {
        let folder = try TemporaryFolder()
        for (name, text) in Programs.files { try folder.write(text, to: name) }
        try run(["clang++", "-O2", "-g", "-gsplit-dwarf", "-c", "main.cpp", "shapes.cpp"], in: folder)
        try run(["clang", "-O2", "-g", "-c", "plain.c"], in: folder)
        try run(["clang++", "-o", "program", "main.o", "shapes.o", "plain.o"], in: folder)
        let (index, report) = try buildAndOpen("program", in: folder)
        #expect(report.quality == .partial)
        #expect(report.missingInputs.count == 2)
        #expect(report.missingInputs.allSatisfy { $0.role == .split && $0.name.hasSuffix(".dwo") })
        let missing = try index.metadata().missingInputs
        #expect(missing.map(\.role) == [.split, .split])
        #expect(missing.allSatisfy { $0.id.count == 16 && $0.id != "0000000000000000" })
        // The line is known, the function from the symbol table only.
        let main = try #require(try main(of: index))
        #expect(main.isFromSymbolTable)
        let place = try index.lookup(try #require(main.entryAddress))?.frame(0)
        #expect(place?.file?.string.hasSuffix("/main.cpp") == true)
        #expect((place?.line ?? 0) > 0)
    }

    @Test func otherThingsAreRefusedWithTheReason() throws {
        let folder = try TemporaryFolder()
        for (name, text) in Programs.files { try folder.write(text, to: name) }
        #expect(throws: IndexBuildError.object(.notELF(file: "plain.c"))) { try build("plain.c", in: folder) }
        try folder.write("", to: "empty")
        #expect(throws: IndexBuildError.self) { try build("empty", in: folder) }
    }

    @Test func theHeaderSaysWhatItWasMadeFrom() throws {
        let folder = try TemporaryFolder()
        try Programs.build(Programs.recipe("clang++ -O2, lld drops and folds sections"), in: folder)
        try run(["objcopy", "--only-keep-debug", "program", "program.debug"], in: folder)
        let (index, report) = try buildAndOpen("program", in: folder)
        try index.verifyChecksum()
        #expect(index.header.machine == 62 && index.header.byteOrder == .little)
        #expect(index.header.builderRevision == SymbolIndexBuilderRevision.current)
        #expect(UInt64(report.size) == index.header.fileSize)
        #expect(report.ranges == Int(index.header.rangeCount))
        let metadata = try index.metadata()
        #expect(metadata.inputs == [.init(role: .object, digest: "d1")])
        #expect(metadata.architecture == "x86_64")
        #expect(metadata.unitsRead == 3)
        #expect(metadata.problems.isEmpty && metadata.skippedUnitCount == 0)
        // `perimeter`, which nothing calls and the linker dropped.
        #expect(metadata.deadRanges > 0)
        #expect(index.loadSegments().contains { $0.flags & 1 != 0 && $0.memorySize > 0 })
    }

    private func main(of index: SymbolIndex) throws -> IndexedFunction? {
        var found: IndexedFunction?
        try index.forEachRange { _, location in
            if let function = location?.physicalFunction, function.name == "main" { found = function }
        }
        return found
    }
}
