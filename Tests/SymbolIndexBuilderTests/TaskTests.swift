import Bytes
import DWARFReader
import ELFObject
import Foundation
import ParserTasks
import SymbolIndex
import Testing

@testable import SymbolIndexBuilder

/// The tasks as the child runs them: bytes in, descriptors, bytes out.
@Suite struct TaskTests {
    private func inspect(
        _ name: String, _ folder: TemporaryFolder, limits: InspectionLimits = .default
    ) throws -> (ObjectInspection, texts: [UInt8]) {
        try withFile(folder.file(name)) { object in
            let texts = folder.file(name + ".texts")
            let inspection = try withFile(texts, writable: true) { output in
                try inspectObject(object, name: name, embeddedTexts: output, limits: limits)
            }
            return (inspection, Array(try Data(contentsOf: URL(fileURLWithPath: texts))))
        }
    }

    @Test func allTasksHaveHandlers() {
        #expect(Set(ParserTaskHandlers.all().keys) == ["inspect", "build", "demangle", "code"])
    }

    @Test func inspectionTellsWhatAProgramIs() throws {
        let folder = try TemporaryFolder()
        for (name, text) in Programs.files { try folder.write(text, to: name) }
        try run(["clang", "-O2", "-g", "-gdwarf-5", "-c", "plain.c"], in: folder)
        try run(
            ["clang++", "-O2", "-g", "-Wl,--build-id", "-o", "program", "main.cpp", "shapes.cpp", "plain.o"], in: folder
        )
        let (found, texts) = try inspect("program", folder)
        #expect(found.kind == .library)
        #expect(found.machine == 62 && found.architecture == "x86_64")
        #expect(found.buildID?.count == 40)
        #expect(found.debugID?.count ?? 0 >= 32)
        #expect(found.hasDebugInformation && found.hasSymbolTable && found.hasUnwindTables && found.hasCode)
        #expect(found.problems.isEmpty && found.sourcesOmitted == 0 && found.splitUnits.isEmpty)
        #expect(texts.isEmpty)
        let plain = try #require(found.sources.first { $0.path.hasSuffix("/plain.c") })
        #expect(plain.md5 == Hexadecimal.string(Digest.md5(Array(try #require(Programs.files["plain.c"]).utf8))))
        #expect(plain.embeddedOffset == nil)
        #expect(found.sources.contains { $0.path.hasSuffix("/main.cpp") })
        #expect(Set(found.sources.map(\.path)).count == found.sources.count)
        #expect(found.sources.contains { $0.path.hasSuffix("/shapes.h") })

        try run(["objcopy", "--only-keep-debug", "program", "program.debug"], in: folder)
        try run(["objcopy", "--strip-debug", "--add-gnu-debuglink=program.debug", "program", "stripped"], in: folder)
        let (debug, _) = try inspect("program.debug", folder)
        #expect(debug.kind == .debug && !debug.hasCode && debug.hasDebugInformation)
        #expect(debug.buildID == found.buildID && debug.sources == found.sources)
        let (stripped, _) = try inspect("stripped", folder)
        #expect(stripped.hasCode && !stripped.hasDebugInformation && stripped.sources.isEmpty)
        #expect(stripped.debugLink?.name == "program.debug")
    }

    @Test func codeComesFromThePlaceThatHoldsIt() throws {
        let folder = try TemporaryFolder()
        for (name, text) in Programs.files { try folder.write(text, to: name) }
        try run(["clang", "-O2", "-g", "-gdwarf-5", "-c", "plain.c"], in: folder)
        try run(
            ["clang++", "-O2", "-g", "-fuse-ld=lld", "-o", "program", "main.cpp", "shapes.cpp", "plain.o"], in: folder)
        let symbol = try #require(
            try run(["nm", "--defined-only", "program"], in: folder).split(separator: "\n").first {
                $0.hasSuffix(" T main")
            })
        let address = try #require(UInt64(symbol.prefix(16), radix: 16))
        func code(_ name: String, _ address: UInt64, _ count: Int) throws -> [UInt8]? {
            let request = CodeRequest(objectName: name, address: address, count: count)
            return try withFile(folder.file(name)) { try readCode(request, object: $0).bytes }
        }
        try run(
            ["objcopy", "-O", "binary", "--only-section=.text", "program", "text"], in: folder)
        let headers = try run(["readelf", "-SW", "program"], in: folder).split(separator: "\n")
        let row = try #require(headers.first { $0.contains(" .text ") }).split(separator: " ")
        let start = try #require(row.firstIndex(of: "PROGBITS").flatMap { UInt64(row[$0 + 1], radix: 16) })
        let text = Array(try Data(contentsOf: URL(fileURLWithPath: folder.file("text"))))
        let place = Int(address - start)
        #expect(try code("program", address, 16) == Array(text[place..<(place + 16)]))
        #expect(try code("program", start, text.count + 1) == nil)
        #expect(try code("program", .max - 3, 16) == nil)
        #expect(try code("program", address, 0) == nil)
        #expect(try code("program", address, CodeRequest.limit + 1) == nil)
        // A separate debug file has the section, not its bytes.
        try run(["objcopy", "--only-keep-debug", "program", "program.debug"], in: folder)
        #expect(try code("program.debug", address, 16) == nil)
    }

    @Test func embeddedTextsAreWrittenOut() throws {
        let folder = try TemporaryFolder()
        for (name, text) in Programs.files { try folder.write(text, to: name) }
        try run(
            ["clang++", "-g", "-gdwarf-5", "-gembed-source", "-c", "shapes.cpp", "-fPIC"], in: folder)
        try run(["clang++", "-shared", "-o", "library.so", "shapes.o"], in: folder)
        let (found, texts) = try inspect("library.so", folder)
        for name in ["shapes.cpp", "shapes.h"] {
            let source = try #require(found.sources.first { $0.path.hasSuffix("/" + name) })
            let offset = try #require(source.embeddedOffset)
            let length = try #require(source.embeddedLength)
            #expect(String(decoding: texts[offset..<offset + length], as: UTF8.self) == Programs.files[name])
        }
        var limits = InspectionLimits.default
        limits.embeddedText = 10
        let (limited, nothing) = try inspect("library.so", folder, limits: limits)
        #expect(nothing.isEmpty && limited.sources.count == found.sources.count)
        #expect(limited.problems.count == 1)
    }

    @Test func listsAreBounded() throws {
        let folder = try TemporaryFolder()
        try Programs.build(Programs.recipe("g++ -O0"), in: folder)
        let (all, _) = try inspect("program", folder)
        #expect(all.sources.count > 10)
        var limits = InspectionLimits.default
        limits.sources = 3
        let (few, _) = try inspect("program", folder, limits: limits)
        #expect(few.sources.count == 3)
        #expect(few.sourcesOmitted == all.sources.count - 3)
        limits = .default
        limits.sourcePathBytes = 100
        let (short, _) = try inspect("program", folder, limits: limits)
        #expect(short.sources.reduce(0) { $0 + $1.path.utf8.count } <= 100)
        #expect(short.sources.count + short.sourcesOmitted == all.sources.count)
    }

    @Test func splitUnitsAreListedAndClangModulesAreNot() throws {
        let folder = try TemporaryFolder()
        try Programs.build(Programs.recipe("swiftc -O"), in: folder)
        let (swift, _) = try inspect("program", folder)
        #expect(swift.splitUnits.isEmpty)
        #expect(swift.sources.contains { $0.path.hasSuffix("/till.swift") })
        #expect(!swift.sources.contains { $0.path.contains("<compiler-generated>") })
        try run(["clang", "-g", "-gsplit-dwarf", "-c", "plain.c"], in: folder)
        try run(["clang", "-shared", "-o", "split.so", "plain.o"], in: folder)
        let (split, _) = try inspect("split.so", folder)
        #expect(split.splitUnits.map(\.name) == ["plain.dwo"])
        #expect(split.splitUnits.first?.id != 0)
    }

    @Test func requestsAndRepliesAreJSON() throws {
        let folder = try TemporaryFolder()
        try Programs.build(Programs.recipe("clang++ -O2"), in: folder)
        try withFile(folder.file("program")) { object in
            let inspection: ObjectInspection = try value(ParserTaskHandlers.inspect([], [object]))
            #expect(inspection == (try inspectObject(object, name: "object", embeddedTexts: nil)))
            let named = try ParserTaskHandlers.inspect(Array(#"{"objectName":"x","objectDigest":""}"#.utf8), [object])
            #expect(!named.isEmpty)
            let request = try JSONEncoder().encode(IndexBuildRequest(objectDigest: "d2", objectName: "program"))
            let path = folder.file("index")
            let reply = try withFile(path, writable: true) {
                try ParserTaskHandlers.build(Array(request), [object, $0])
            }
            let report: IndexBuildReport = try value(reply)
            let index = try SymbolIndex(MappedFile(path: path))
            try index.verifyChecksum()
            #expect(report.size == Int(index.header.fileSize))
            #expect(try index.metadata().inputs.map(\.digest) == ["d2"])
        }
        let names = try JSONEncoder().encode(DemangleRequest(names: ["_ZN4till5totalEi", "main", "_ZN4till"]))
        let reply: DemangleReply = try value(ParserTaskHandlers.demangle(Array(names), []))
        #expect(reply.names.map(\.full) == ["till::total(int)", "main", "_ZN4till"])
        #expect(reply.names.map(\.simplified) == ["till::total", "main", "_ZN4till"])
    }

    private func value<Value: Codable & Sendable>(_ reply: [UInt8]) throws -> Value {
        switch try JSONDecoder().decode(ParserReply<Value>.self, from: Data(reply)) {
        case .value(let value): return value
        case .refused(let refusal): throw ToolFailure(description: refusal.message)
        }
    }

    private func refusal(_ reply: [UInt8]) throws -> ParserRefusal? {
        // Which value it would have been does not matter for a refusal.
        guard case .refused(let refusal) = try JSONDecoder().decode(ParserReply<DemangleReply>.self, from: Data(reply))
        else { return nil }
        return refusal
    }

    @Test func badRequestsAreRefusedAndSayNothingOfTheFile() throws {
        let handlers = ParserTaskHandlers.self
        #expect(try refusal(handlers.build(Array("{".utf8), [0, 1]))?.kind == .unavailable)
        #expect(try refusal(handlers.build(Array("{}".utf8), [0]))?.kind == .unavailable)
        #expect(try refusal(handlers.inspect([], []))?.kind == .unavailable)
        #expect(try refusal(handlers.demangle(Array("[]".utf8), []))?.kind == .unavailable)
        #expect(try refusal(handlers.inspect([], [-1]))?.kind == .unavailable)
        // A request that names more inputs than came.
        let request = IndexBuildRequest(
            objectDigest: "d", objectName: "x", inputs: [.init(role: .split, digest: "e", name: "y")])
        let bytes = try Array(JSONEncoder().encode(request))
        #expect(try refusal(handlers.build(bytes, [0, 1]))?.message.contains("1 inputs are named") == true)
    }

    @Test func refusalsTellWhatKindOfReasonItIs() throws {
        let folder = try TemporaryFolder()
        try folder.write("no object at all", to: "text")
        let malformed = try withFile(folder.file("text")) { try refusal(ParserTaskHandlers.inspect([], [$0])) }
        #expect(malformed?.kind == .malformed && malformed?.message.contains("not an ELF file") == true)
        #expect(IndexBuildError.unsupported("x").refusal.kind == .unsupported)
        let limit = IndexBuildError.object(
            .limitExceeded(
                file: "f", place: "section .debug_info", value: 9, limit: 8, setting: "ELFLimits.maximumSectionSize"))
        #expect(limit.refusal.kind == .limit && limit.refusal.limit == "ELFLimits.maximumSectionSize")
        #expect(limit.refusal.message.contains("f: section .debug_info"))
        let rows = IndexBuildError.debugInformation(
            .init(file: "f", section: ".debug_line", offset: 4, reason: .limit(name: "rows", maximum: 7)))
        #expect(rows.refusal.limit == "DWARFLimits.rows")
    }

    @Test func aFullOutputIsNamed() throws {
        let folder = try TemporaryFolder()
        try Programs.build(Programs.recipe("clang++ -O2"), in: folder)
        let error = try withFile(folder.file("program")) { object in
            try withFile("/dev/full", writable: true) { output in
                #expect(throws: IndexBuildError.self) {
                    try buildIndex(
                        IndexBuildRequest(objectDigest: "d", objectName: "program"), object: object, output: output)
                }
            }
        }
        #expect(error?.description.hasPrefix("writing the index of program: No space left") == true)
        let limit = IndexBuildError.output(name: "index of x", errno: EFBIG, written: 5, total: 9)
        #expect(limit.description.contains("RLIMIT_FSIZE") && limit.description.contains("5 of 9"))
    }
}
