import Foundation
import Testing

/// Every form of debug information that Linux toolchains write: the frames of the plain build where the form holds the
/// same, and what it still knows where it holds less.
@Suite struct FormsTests {
    @Test func theCatalogueIsComplete() throws {
        #expect(Form.all.count >= 94)
        #expect(Set(Form.all.map(\.name)).count == Form.all.count)
        var used: Set<String> = []
        for form in Form.all {
            used.formUnion(
                ([form.path] + form.companions).map { String($0.dropFirst(Form.folder.count + 1).prefix { $0 != "/" }) }
            )
            used.formUnion([form.golden, form.less].compactMap { $0.map { $0 + ".golden.jsonl" } })
            let golden = try GoldenRange.read(form.golden)
            #expect(golden.count > 5, "\(form.name)")
        }
        let there = try FileManager.default.contentsOfDirectory(atPath: Form.folder)
        #expect(Set(there.filter { !$0.hasSuffix(".forms.jsonl") }) == used)
    }

    @Test(arguments: Form.alone) func framesAreGolden(_ form: Form) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let comparison = try await Self.compare(
            symbolist, form.path, try GoldenRange.read(form.golden), shift: form.shift ?? 0, folded: form.folded ?? [])
        #expect(comparison.compared > 10)
        #expect(comparison.differences.isEmpty, "\(comparison.summary)")
    }

    /// Where the linker dropped code, and where ranges are empty or reversed, nothing answers.
    @Test(arguments: Form.all.filter { $0.holes != nil }) func deadCodeDoesNotAnswer(_ form: Form) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let holes = (form.holes ?? []).compactMap { UInt64($0.dropFirst(2), radix: 16) }
        #expect(holes.count > 4)
        let answers = try await Self.addr2line(symbolist, form.path, holes)
        for (hole, frames) in zip(holes, answers) { #expect(frames.isEmpty, "\(hole): \(frames)") }
    }

    /// The same question in GNU's words: what a script sees.
    @Test func anAddressAsTextHasTheWholeChain() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let form = try Form.named("zstd")
        let range = try #require(try GoldenRange.read(form.golden).first { $0.frames.count == 3 })
        let text = try await symbolist.symbolist(
            "addr2line", "-fip", "-e", form.path, String(range.addresses[0], radix: 16))
        let lines = text.output.split(separator: "\n")
        #expect(lines.count == 3, "\(text.all)")
        for (line, frame) in zip(lines, range.frames) {
            #expect(line.hasSuffix("\(frame.function ?? "?") at \(frame.file ?? "?"):\(frame.line)"), "\(line)")
        }
    }

    /// Asks for the golden addresses of a file.
    static func compare(
        _ symbolist: Installation, _ path: String, _ golden: [GoldenRange], shift: UInt64 = 0, folded: [String] = []
    ) async throws -> FormComparison {
        var comparison = FormComparison()
        for (section, ranges) in Dictionary(grouping: golden, by: \.section) {
            let pairs = ranges.flatMap { range in
                range.addresses.map { (address: $0 &+ shift, frames: range.frames) }
            }
            let answers = try await addr2line(symbolist, path, pairs.map(\.address), section: section)
            try #require(answers.count == pairs.count)
            for (pair, frames) in zip(pairs, answers) {
                comparison.compare(pair.address, frames, pair.frames, folded: folded)
            }
        }
        return comparison
    }

    /// Frames by address, innermost first, of one file.
    static func addr2line(
        _ symbolist: Installation, _ path: String, _ addresses: [UInt64], section: String? = nil
    ) async throws -> [[FormFrame]] {
        struct Line: Decodable {
            struct Symbol: Decodable {
                let FunctionName: String
                let LinkageName: String?
                let FileName: String
                let Line: Int
                let Column: Int
            }
            let Symbol: [Symbol]
        }
        let input = addresses.map { "0x" + String($0, radix: 16) + "\n" }.joined()
        let arguments = ["addr2line", "-fi", "--output-style=JSON", "-e", path] + (section.map { ["-j", $0] } ?? [])
        let outcome = try await Tool.run(
            Tool.symbolist, arguments, input: input, environment: symbolist.environment)
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try outcome.output.split(separator: "\n").map { text in
            try JSONDecoder().decode(Line.self, from: Data(text.utf8)).Symbol.map {
                FormFrame(
                    linkageName: $0.LinkageName, name: $0.FunctionName, file: $0.FileName, line: $0.Line,
                    column: $0.Column)
            }
        }
    }
}
