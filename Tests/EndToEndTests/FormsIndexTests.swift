import Foundation
import Testing

/// Forms as `symbolist index build` reads them: what the report says, and every range of the index.
@Suite struct FormsIndexTests {
    private struct Built: Decodable {
        struct Report: Decodable {
            struct Missing: Decodable {
                let name: String
                let id: String
            }
            let quality: Int
            let unitsSkippedCount: Int
            let problems: [String]
            let missingInputs: [Missing]
        }
        let report: Report
    }

    private struct IndexRange: Decodable {
        struct Frame: Decodable {
            let name: String?
            let full_name: String?
            let linkage_name: String?
            let file: String?
            let line: Int
            let column: Int
            let is_inlined: Bool
            let is_from_symbol_table: Bool?
        }
        let start: String
        let end: String
        let frames: [Frame]
    }

    private static let qualities = ["none", "symbols", "partial", "full"]

    private func build(_ symbolist: Installation, _ form: Form, _ options: String...) async throws -> Outcome {
        try await Tool.run(
            Tool.symbolist, ["index", "build", "--json"] + options + form.inputOptions + [form.path],
            environment: symbolist.environment)
    }

    /// A separate debug file answers in the program's place; the other files complete its index.
    @Test(arguments: Form.all.filter { !$0.hasDebugFile }) func theReportSaysWhatThereIs(_ form: Form) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let index = symbolist.scratch.path("index")
        let outcome = try await build(symbolist, form, "-o", index)
        #expect(outcome.status == (form.missingFiles == 0 ? 0 : 1), "\(outcome.all)")
        let report = try JSONDecoder().decode(Built.self, from: Data(outcome.output.utf8)).report
        #expect(Self.qualities[report.quality] == form.quality)
        #expect(report.unitsSkippedCount == 0 && report.problems.isEmpty, "\(outcome.output)")
        #expect(report.missingInputs.count == form.missingFiles, "\(report.missingInputs)")
        // What is missing is named as the object names it, and by its id.
        #expect(report.missingInputs.allSatisfy { $0.name.hasSuffix(".dwo") && $0.id.count == 16 })
        let verified = try await symbolist.symbolist("index", "verify", index)
        #expect(verified.status == 0, "\(verified.all)")
        if !form.isRelocatable { try await compareRanges(symbolist, form, index) }
    }

    private func compareRanges(_ symbolist: Installation, _ form: Form, _ index: String) async throws {
        let shown = try await symbolist.symbolist("index", "show", "--ranges", "--json", index)
        let ranges = try shown.output.split(separator: "\n").map {
            try JSONDecoder().decode(IndexRange.self, from: Data($0.utf8))
        }
        let bounds = ranges.map { range in
            (UInt64(range.start.dropFirst(2), radix: 16) ?? 0)..<(UInt64(range.end.dropFirst(2), radix: 16) ?? 0)
        }
        #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
        for range in ranges {
            let inlined = range.frames.map(\.is_inlined)
            #expect(inlined.dropLast().allSatisfy { $0 } && inlined.last == false, "\(range)")
            if form.quality == "symbols" { #expect(range.frames.allSatisfy { $0.is_from_symbol_table == true }) }
        }
        let less = try form.less.map { try GoldenRange.read($0) }
        var comparison = FormComparison()
        for range in try GoldenRange.read(form.golden) {
            for address in range.addresses {
                let frames = bounds.firstIndex { $0.contains(address &+ (form.shift ?? 0)) }.map { position in
                    ranges[position].frames.map { frame in
                        FormFrame(
                            linkageName: frame.linkage_name, name: frame.full_name ?? frame.name, file: frame.file,
                            line: frame.line, column: frame.column)
                    }
                }
                comparison.compare(
                    address, frames ?? [], range.frames, less: less?.first { $0.contains(address) }?.frames,
                    folded: form.folded ?? [])
            }
        }
        #expect(comparison.compared > 10)
        #expect(comparison.differences.isEmpty, "\(comparison.summary)")
        #expect((form.less != nil) == (comparison.fromLess > 0))
    }

    /// The number of threads is nobody's business: the same inputs give the same bytes.
    @Test(arguments: ["gcc-dwarf5", "clang-split5", "dwz-multi5", "mixed-versions", "module.ko"])
    func threadsChangeNothing(_ name: String) async throws {
        let form = try Form.named(name)
        let symbolist = try Installation()
        defer { symbolist.remove() }
        var bytes: Set<Data> = []
        for threads in 1...4 {
            let index = symbolist.scratch.path("index\(threads)")
            let outcome = try await build(symbolist, form, "--threads", String(threads), "-o", index)
            #expect(outcome.status == 0, "\(outcome.all)")
            bytes.insert(try Data(contentsOf: URL(filePath: index)))
        }
        #expect(bytes.count == 1)
    }
}
