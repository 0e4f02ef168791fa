import Bytes
import CrashEvent
import Foundation
import SymbolIndex
import Symbolication
import Testing

/// Indexes made in memory, written by the writer of SymbolIndex and mapped from a file that is removed at once.
enum TestIndex {
    static func make(_ content: SymbolIndexContent) throws -> SymbolIndex {
        let bytes = try SymbolIndexWriter.encode(content)
        return try open(bytes)
    }

    static func open(_ bytes: [UInt8]) throws -> SymbolIndex {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("symbolication-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("index")
        try Data(bytes).write(to: file)
        return try SymbolIndex(MappedFile(path: file.path))
    }

    /// The file of the tests' program, compiled as a Swift and C program is:
    ///
    ///     0x1000  main                       /src/app/Sources/till/main.swift:10:3
    ///     0x1100  checkout ◀ subscript ◀ Swift runtime failure     trap: line 0 in the app's file
    ///     0x1120  checkout ◀ subscript       stdlib line 77:9, call at main.swift:20:7
    ///     0x1200  checkout                   compiler generated, line 0
    ///     0x1300  __restore_rt               symbol table only
    ///     0x1400  helper (C)                 /src/app/c/helper.c:5:0
    ///     0x1500  hole
    static func app(base: UInt64 = 0, quality: IndexQuality = .full, architecture: String = "x86_64") throws
        -> SymbolIndex
    {
        var content = SymbolIndexContent(
            baseAddress: base, quality: quality, metadata: IndexMetadata(architecture: architecture))
        content.files = [
            "/src/app/Sources/till/main.swift", "/home/build-user/swift/stdlib/public/core/Array.swift",
            "/src/app/c/helper.c", "//<compiler-generated>",
        ]
        content.functions = [
            .init(name: "main", linkageName: "main", language: .swift, entryAddress: base + 0x1000),
            .init(
                name: "checkout(_:)", fullName: "till.checkout(till.Basket) -> Swift.Int",
                linkageName: "$s4till8checkoutySiAA6BasketVF", language: .swift, entryAddress: base + 0x1100),
            .init(
                name: "Array.subscript.getter",
                fullName: "generic specialization <Swift.Int> of Swift.Array.subscript.getter : (Swift.Int) -> A",
                linkageName: "$sSayxSicigSi_Tg5", language: .swift),
            .init(name: "Swift runtime failure: Index out of range", language: .swift, isArtificial: true),
            .init(
                name: "__restore_rt", linkageName: "__restore_rt", entryAddress: base + 0x1300, isFromSymbolTable: true),
            .init(name: "helper", linkageName: "helper", language: .c, entryAddress: base + 0x1400),
        ]
        content.scopes = [
            .init(function: 0),
            .init(function: 1),
            .init(function: 2, parent: 1, callFile: 0, callLine: 20, callColumn: 7),
            .init(function: 3, parent: 2, callFile: 1, callLine: 77, callColumn: 9),
            .init(function: 4),
            .init(function: 5),
        ]
        content.ranges = [
            .init(address: base + 0x1000, scope: 0, file: 0, line: 10, column: 3),
            .init(address: base + 0x1100, scope: 3, file: 0, line: 0, column: 0),
            .init(address: base + 0x1120, scope: 2, file: 1, line: 77, column: 9),
            .init(address: base + 0x1200, scope: 1, file: 3, line: 0),
            .init(address: base + 0x1300, scope: 4),
            .init(address: base + 0x1400, scope: 5, file: 2, line: 5, column: 0),
            .hole(base + 0x1500),
        ]
        return try make(content)
    }

    static let features = ImageFeatures(hasDebugInformation: true, hasSymbols: true, hasSources: true)
}

/// Reads enriched documents in tests.
struct Enriched {
    let bytes: [UInt8]
    let summary: SymbolicationSummary
    let event: CrashEvent

    init(
        _ text: String, _ images: [Int: ImageAnswer], sources: [String: SourceText] = [:],
        rules: InAppRules = InAppRules(), limits: SymbolicationLimits = SymbolicationLimits()
    ) throws {
        try self.init(Array(text.utf8), images, sources: sources, rules: rules, limits: limits)
    }

    init(
        _ text: [UInt8], _ images: [Int: ImageAnswer], sources: [String: SourceText] = [:],
        rules: InAppRules = InAppRules(), limits: SymbolicationLimits = SymbolicationLimits()
    ) throws {
        let resolved = Symbolicator(inApp: rules, limits: limits).resolve(try CrashEvent(text), images: images)
        var answers: [SourceRequest: SourceText] = [:]
        for request in resolved.sourcesWanted { answers[request] = sources[request.path] }
        let enriched = try resolved.patch(sources: answers)
        bytes = enriched.document
        summary = enriched.summary
        event = try CrashEvent(enriched.document)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var document: JSONDocument { event.document }

    /// The frames written into the trace of the first exception, or what `path` names.
    func frames(_ path: String = "exception/values/0/stacktrace/frames") -> [Value] {
        value(path)?.elements ?? []
    }

    /// A value by keys and positions, `/` between them.
    func value(_ path: String) -> Value? {
        Value(document: document, node: document.root)[path]
    }
}

/// A JSON value with a path subscript.
struct Value: CustomStringConvertible {
    let document: JSONDocument
    let node: JSONNode

    subscript(path: String) -> Value? {
        var current = node
        for key in path.split(separator: "/") {
            if document.kind(of: current) == .array, let index = Int(key) {
                let elements = Array(document.elements(of: current))
                guard elements.indices.contains(index) else { return nil }
                current = elements[index]
            } else {
                guard let next = document.member(String(key), of: current) else { return nil }
                current = next
            }
        }
        return Value(document: document, node: current)
    }

    var elements: [Value] { document.elements(of: node).map { Value(document: document, node: $0) } }
    var string: String? { document.string(node) }
    var number: UInt64? { document.unsignedInteger(node) }
    var bool: Bool? { document.bool(node) }
    /// The bytes as text.
    var description: String { String(decoding: document.rawBytes(of: node), as: UTF8.self) }
}

/// Builds events: one exception with frames, in one image at 0x400000 unless told otherwise.
func makeEvent(
    frames: [String], trace: String = "", exception: String = #""type":"SIGILL","value":"Illegal instruction""#,
    images: [String] = [
        #"{"type":"elf","code_id":"AABB","code_file":"/app/till","image_addr":"0x400000","image_size":65536}"#
    ],
    top: String = ""
) -> String {
    #"{"platform":"native",\#(top)"exception":{"values":[{\#(exception),"stacktrace":{"frames":["#
        + frames.joined(separator: ",") + "]\(trace)}}]}," + #""debug_meta":{"images":["#
        + images.joined(separator: ",") + "]}}"
}

func frame(_ address: UInt64, _ more: String = "") -> String {
    #"{"instruction_addr":"0x\#(String(address, radix: 16))"\#(more.isEmpty ? "" : "," + more)}"#
}

/// A small deterministic generator for property tests.
struct Generator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
