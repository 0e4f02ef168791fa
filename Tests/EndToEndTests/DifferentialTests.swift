import Foundation
import Testing

/// Frames against two other readers of the same debug information: LLVM's, column for column, and GNU's, line for line.
///
/// Every difference must be one of ``LLVMDifference`` or ``GNUDifference``, each with its reason; none may be left over.
@Suite struct DifferentialTests {
    @Test(arguments: Specimen.compiled) func ledger(_ specimen: Specimen) async throws { try await compare(specimen) }

    @Test(arguments: Specimen.shapes) func shapes(_ specimen: Specimen) async throws {
        try await compare(specimen, withGNU: false)
    }

    @Test func recordedTill() async throws { try await compare(.recordedTill) }

    @Test func freshTill() async throws { try await compare(try await .freshTill()) }

    @Test(.enabled(if: Specimen.hasRust)) func rust() async throws { try await compare(.rust) }

    private func compare(_ specimen: Specimen, withGNU: Bool = true) async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let binary = try await specimen.make(in: symbolist.scratch)
        let facts = try await BinaryFacts(binary)
        let addresses = facts.addresses
        #expect(addresses.count > 100)
        let input = addresses.map { "0x" + String($0, radix: 16) + "\n" }.joined()

        let own = try await symbolist.symbolist(
            "addr2line", "-e", binary, "-f", "-i", "-C", "--output-style=JSON", input: input)
        #expect(own.status == 0, "\(own.errors)")
        let mine = try Self.answers(own.output)
        #expect(mine.map(\.address) == addresses)
        try await compareWithLLVM(binary, facts, mine, input)
        if withGNU { try await compareWithGNU(binary, facts, mine, input, symbolist) }
    }

    private func compareWithLLVM(
        _ binary: String, _ facts: BinaryFacts, _ mine: [Answer], _ input: String
    ) async throws {
        let outcome = try await Tool.shell(
            "llvm-symbolizer-19 -e '\(binary)' --inlines --no-demangle --output-style=JSON", input: input)
        let theirs = try Self.answers(outcome.output)
        try #require(theirs.map(\.address) == mine.map(\.address))
        var same = 0
        var unexplained: [String] = []
        for (mine, theirs) in zip(mine, theirs) {
            if mine.frames.map(\.description) == theirs.frames.map(\.description) {
                same += 1
            } else if LLVMDifference.explain(mine, theirs, facts) == nil {
                unexplained.append("\(mine.hexadecimal): \(mine.frames) but llvm has \(theirs.frames)")
            }
        }
        #expect(unexplained.isEmpty, "\(unexplained.count): \(unexplained.prefix(3).joined(separator: "\n"))")
        #expect(same > mine.count / 4)
    }

    private func compareWithGNU(
        _ binary: String, _ facts: BinaryFacts, _ mine: [Answer], _ input: String, _ symbolist: Installation
    ) async throws {
        let own = try await symbolist.symbolist("addr2line", "-e", binary, "-a", "-f", "-i", input: input)
        let gnu = try await Tool.run("/usr/bin/addr2line", ["-e", binary, "-a", "-f", "-i"], input: input)
        let ownBlocks = Self.blocks(own.output)
        let gnuBlocks = Self.blocks(gnu.output)
        try #require(ownBlocks.map(\.address) == gnuBlocks.map(\.address))
        try #require(ownBlocks.count == mine.count)
        var same = 0
        var unexplained: [String] = []
        for (answer, (own, gnu)) in zip(mine, zip(ownBlocks, gnuBlocks)) {
            if own.frames == gnu.frames {
                same += 1
            } else if GNUDifference.explain(answer, own.frames, gnu.frames, facts) == nil {
                unexplained.append("\(own.address): \(own.frames) but GNU has \(gnu.frames)")
            }
        }
        #expect(unexplained.isEmpty, "\(unexplained.count): \(unexplained.prefix(3).joined(separator: "\n"))")
        #expect(same > mine.count / 4)
    }

    // MARK: Reading answers

    /// One line of JSON of either program.
    private static func answers(_ output: String) throws -> [Answer] {
        struct Line: Decodable {
            struct Symbol: Decodable {
                let FunctionName: String
                let LinkageName: String?
                let FileName: String
                let Line: Int
                let Column: Int
                let StartAddress: String
            }
            let Address: String
            let Symbol: [Symbol]?
        }
        let decoder = JSONDecoder()
        return try output.split(separator: "\n").map { text in
            let line = try decoder.decode(Line.self, from: Data(text.utf8))
            let frames = (line.Symbol ?? []).map { symbol in
                Answer.Frame(
                    function: symbol.LinkageName ?? symbol.FunctionName, fullName: symbol.FunctionName,
                    hasLinkageName: symbol.LinkageName != nil, file: symbol.FileName, line: symbol.Line,
                    column: symbol.Column,
                    start: UInt64(symbol.StartAddress.dropFirst(2), radix: 16))
            }
            // Where LLVM knows nothing it says so with one empty frame.
            return Answer(
                address: UInt64(line.Address.dropFirst(2), radix: 16) ?? 0, frames: frames.filter { !$0.isEmpty })
        }
    }

    /// `addr2line -a -f -i`: the address, then two lines a frame.
    private static func blocks(_ output: String) -> [(address: String, frames: [TextFrame])] {
        var blocks: [(address: String, frames: [TextFrame])] = []
        var name: String?
        for line in output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if name == nil, line.hasPrefix("0x"), line.count == 18 {
                blocks.append((line, []))
            } else if let function = name {
                blocks[blocks.count - 1].frames.append(TextFrame(function: function, place: line))
                name = nil
            } else if !line.isEmpty {
                name = line
            }
        }
        return blocks
    }
}

/// The frames of one address, innermost first.
struct Answer {
    struct Frame: CustomStringConvertible {
        /// The linkage name, or the whole name of a function without one.
        let function: String
        let fullName: String
        let hasLinkageName: Bool
        let file: String
        let line: Int
        let column: Int
        let start: UInt64?

        var isEmpty: Bool { function.isEmpty && file.isEmpty && line == 0 }
        var description: String { "\(function) \(file):\(line):\(column)" }
    }

    let address: UInt64
    let frames: [Frame]

    var hexadecimal: String { "0x" + String(address, radix: 16) }
}

/// A frame as GNU prints it.
struct TextFrame: Equatable, CustomStringConvertible {
    let function: String
    let place: String
    var description: String { "\(function) at \(place)" }
}
