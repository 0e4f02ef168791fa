import Foundation
import Testing

/// A form of debug information: a committed binary that `Fixtures/Forms/make.sh` made, and what it must answer.
struct Form: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    /// The object; by default the one called like the form.
    private let file: String?
    /// The golden answers' name, and those for the parts of it that are not there.
    let golden: String
    let less: String?
    /// `none` when nothing may be answered at the golden addresses.
    let answers: String?
    /// What the index can say, in the words of `symbolist upload --json`.
    let quality: String
    /// How many files the object refers to that are not there.
    private let missing: Int?
    /// What is to be added to the golden addresses.
    let shift: UInt64?
    /// Addresses that nothing may be answered for.
    let holes: [String]?
    /// Functions of which the linker kept one: each may answer for the others.
    let folded: [String]?
    private let split: [String]?
    private let supplementary: String?
    private let debug: String?

    static let folder = Tool.root + "/Fixtures/Forms/Made"

    var testDescription: String { name }
    var path: String { Self.folder + "/" + (file ?? name) }
    var missingFiles: Int { missing ?? 0 }
    var isRelocatable: Bool { path.hasSuffix(".o") || path.hasSuffix(".ko") }

    /// The files beside it, by the ids in them: never by where they lie.
    var companions: [String] {
        ((split ?? []) + [supplementary, debug].compactMap { $0 }).map { Self.folder + "/" + $0 }
    }

    var hasDebugFile: Bool { debug != nil }

    /// As `symbolist index build` takes them.
    var inputOptions: [String] {
        (supplementary.map { ["--supplementary", Self.folder + "/" + $0] } ?? [])
            + (split ?? []).flatMap { ["--split", Self.folder + "/" + $0] }
    }

    /// All that are listed; empty when the folder cannot be read, which `theCatalogueIsComplete` tells.
    static let all: [Form] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasSuffix(".forms.jsonl") }.sorted().flatMap { name in
            let text = (try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)) ?? ""
            return text.split(separator: "\n").compactMap {
                try? JSONDecoder().decode(Form.self, from: Data($0.utf8))
            }
        }
    }()

    static let alone = all.filter(\.companions.isEmpty)
    static let withCompanions = all.filter { !$0.companions.isEmpty }

    static func named(_ name: String) throws -> Form { try #require(all.first { $0.name == name }) }
}

/// A range of addresses with the frames that other tools give it.
struct GoldenRange: Decodable, Sendable {
    /// Innermost first.
    let frames: [GoldenFrame]
    /// Of a relocatable file: the addresses are offsets into it.
    let section: String?
    private let address: String
    private let end: String

    /// Its first and its last address.
    var addresses: [UInt64] {
        let first = UInt64(address.dropFirst(2), radix: 16) ?? 0
        let last = (UInt64(end.dropFirst(2), radix: 16) ?? 0) &- 1
        return first == last ? [first] : [first, last]
    }

    func contains(_ wanted: UInt64) -> Bool { addresses[0] <= wanted && wanted <= addresses[addresses.count - 1] }

    static func read(_ name: String) throws -> [GoldenRange] {
        let text = try String(contentsOfFile: "\(Form.folder)/\(name).golden.jsonl", encoding: .utf8)
        return try parse(text)
    }

    static func parse(_ text: String) throws -> [GoldenRange] {
        try text.split(separator: "\n").map { try JSONDecoder().decode(GoldenRange.self, from: Data($0.utf8)) }
    }
}

/// `[function, file, line, column]`; the function is the linkage name, or the bare one of a function without.
struct GoldenFrame: Decodable, Sendable, CustomStringConvertible {
    let function: String?
    let file: String?
    let line: Int
    let column: Int

    init(from decoder: any Decoder) throws {
        var values = try decoder.unkeyedContainer()
        function = try values.decode(String?.self)
        file = try values.decode(String?.self)
        line = try values.decode(Int.self)
        column = try values.decode(Int.self)
    }

    private init(_ frame: GoldenFrame, column: Int) {
        (function, file, line) = (frame.function, frame.file, frame.line)
        self.column = column
    }

    /// As in an event, where no line has no column either.
    var inEvent: GoldenFrame { line == 0 ? GoldenFrame(self, column: 0) : self }

    var description: String { "\(function ?? "?") \(file ?? "?"):\(line):\(column)" }
}

/// A frame of an answer, as `addr2line` or an enriched event gives it.
struct FormFrame: Sendable, CustomStringConvertible {
    /// The linkage name, without the suffix of a part (`.cold`).
    let linkageName: String?
    let name: String?
    let file: String?
    let line: Int
    let column: Int

    init(linkageName: String?, name: String?, file: String?, line: Int, column: Int) {
        self.linkageName = linkageName.map {
            String($0.replacing(/\.(cold|part|constprop|isra|lto_priv|llvm)\b.*$/, with: ""))
        }
        self.name = name.flatMap { $0.isEmpty ? nil : $0 }
        self.file = file.flatMap { $0.isEmpty ? nil : $0 }
        self.line = line
        self.column = column
    }

    /// Without a linkage name we have the namespaces and types around a function, other tools its bare name.
    func matches(_ golden: GoldenFrame, folded: [String] = []) -> Bool {
        guard file == golden.file, line == golden.line, column == golden.column else { return false }
        guard let wanted = golden.function else { return linkageName == nil && name == nil }
        let wantedOnes = folded.contains(wanted) ? folded : [wanted]
        return wantedOnes.contains { wanted in
            linkageName == wanted || (linkageName == nil && (name == wanted || name?.hasSuffix("::" + wanted) == true))
        }
    }

    var description: String { "\(linkageName ?? name ?? "?") \(file ?? "?"):\(line):\(column)" }
}

/// Compares answers with golden ones, and says what differs.
struct FormComparison {
    private(set) var compared = 0
    private(set) var fromLess = 0
    private(set) var differences: [String] = []

    mutating func compare(
        _ address: UInt64, _ frames: [FormFrame], _ golden: [GoldenFrame], less: [GoldenFrame]? = nil,
        folded: [String] = []
    ) {
        compared += 1
        if Self.same(frames, golden, folded) { return }
        if let less, Self.same(frames, less, folded) {
            fromLess += 1
            return
        }
        differences.append("0x\(String(address, radix: 16)): \(frames), golden \(golden)")
    }

    var summary: String { "\(differences.count) of \(compared): " + differences.prefix(5).joined(separator: "\n") }

    private static func same(_ frames: [FormFrame], _ golden: [GoldenFrame], _ folded: [String]) -> Bool {
        frames.count == golden.count && zip(frames, golden).allSatisfy { $0.matches($1, folded: folded) }
    }
}
