import ELFObject
import Foundation
import ParserTasks
import SymbolIndex
import Testing

@testable import SymbolIndexBuilder

/// The whole way from object to frames against llvm-symbolizer, which reads the same debug information with other code.
///
/// For addresses all over the executable sections the complete chains are compared: depth, function, file, line,
/// column. Differences are allowed in the classes of `Difference` only, each for the reason given there.
@Suite struct DifferentialTests {
    /// Where the two may differ, and why ours is right or as good.
    private enum Difference {
        /// Code without debug information: llvm names the last `STT_FILE` of the symbol table before the symbol, which
        /// is a guess (it says `crtstuff.c` for clang's terminate helper). We give the symbol alone.
        case fileOfSymbolTable
        /// llvm replaces the outermost function's name by the symbol's. We keep the function's own linkage name: the
        /// same function, without the suffix of a clone (`.cold`, `.isra.0`), and with the constructor variant that the
        /// debug information names where several share the code (`C1`, `C2`).
        case symbolOfClone
        /// Without linkage name llvm prints the short name, we the one with namespaces and types.
        case qualifiedName
        /// Several symbols of one function at one address: llvm shows another one of them.
        case alias
        /// The line table puts `<compiler-generated>` in folder `/`; it is no file, so we show no folder.
        case compilerGenerated
    }

    private struct Frame: Equatable, CustomStringConvertible {
        var function: String
        var file: String
        var line: Int
        var column: Int
        var description: String { "\(function) \(file):\(line):\(column)" }
        var isNothing: Bool { function.isEmpty && file.isEmpty && line == 0 && column == 0 }
    }

    private struct Answer: Decodable {
        struct Symbol: Decodable {
            var FunctionName: String
            var FileName: String
            var Line: Int
            var Column: Int
        }
        var Address: String
        var Symbol: [Symbol]?
    }

    @Test(.enabled(if: Programs.hasRust)) func chainsOfRustAreThoseOfLLVM() throws {
        try chainsAreThoseOfLLVM(Programs.rust)
    }

    @Test(arguments: Programs.all) func chainsAreThoseOfLLVM(_ recipe: Programs.Recipe) throws {
        let folder = try TemporaryFolder()
        try Programs.build(recipe, in: folder)
        let (index, report) = try buildAndOpen("program", in: folder)
        #expect(report.quality == .full)
        let object = try withFile(folder.file("program")) { try ObjectReading.open($0, name: "program") }
        let addresses = sample(object)
        let theirs = try llvm(addresses, folder)
        let aliases = Dictionary(
            grouping: ObjectReading.symbols(of: object).symbols, by: \.address
        ).mapValues { Set($0.map(\.name)) }
        var explained = 0
        var wrong: [String] = []
        for address in addresses {
            let location = try index.lookup(address)
            let mine = location.map { $0.frames.map(frame) } ?? []
            let reference = (theirs[address] ?? []).filter { !$0.isNothing }
            if mine == reference { continue }
            if let differences = explain(mine, reference, location, aliases), !differences.isEmpty {
                explained += 1
            } else {
                wrong.append("0x\(String(address, radix: 16)): \(mine) instead of \(reference)")
            }
        }
        #expect(wrong.isEmpty, "\(wrong.count) of \(addresses.count): \(wrong.prefix(3).joined(separator: "\n"))")
        // The comparison is about something: most answers are chains that agree to the letter.
        #expect(addresses.count > 1000)
        let covered = addresses.count { theirs[$0]?.contains { $0.line > 0 } == true }
        #expect(covered > addresses.count / 4)
        #expect(explained < addresses.count)
    }

    /// Every one to seven bytes of the sections of code, all of a small program, the same for the same program.
    private func sample(_ object: ELFObject) -> [UInt64] {
        var generator = SplitMix64(state: 1)
        var result: [UInt64] = []
        for section in object.sections where section.isExecutable && section.size > 0 {
            // The linker's jump tables have no symbols of their own; llvm makes some up.
            if section.name.hasPrefix(".plt") { continue }
            let spread = max(1, section.size / 50_000)
            var address = section.address
            while address < section.address + section.size {
                result.append(address)
                address += (1 + generator.next() % 7) * spread
            }
        }
        return result
    }

    private func llvm(_ addresses: [UInt64], _ folder: TemporaryFolder) throws -> [UInt64: [Frame]] {
        let input = addresses.map { "0x" + String($0, radix: 16) }.joined(separator: "\n") + "\n"
        let output = try run(
            ["llvm-symbolizer-19", "--inlines", "--no-demangle", "--output-style=JSON", "--obj=program"], in: folder,
            input: input)
        var result: [UInt64: [Frame]] = [:]
        let decoder = JSONDecoder()
        for line in output.split(separator: "\n") {
            let answer = try decoder.decode(Answer.self, from: Data(line.utf8))
            guard let address = UInt64(answer.Address.dropFirst(2), radix: 16) else { continue }
            result[address] = (answer.Symbol ?? []).map {
                Frame(function: $0.FunctionName, file: $0.FileName, line: $0.Line, column: $0.Column)
            }
        }
        return result
    }

    private func frame(_ frame: IndexedFrame) -> Frame {
        let function = frame.function
        return Frame(
            function: function?.linkageName?.string ?? function?.fullName.string ?? "",
            file: frame.file?.string ?? "", line: Int(frame.line), column: Int(frame.column))
    }

    /// The classes that explain all differences of a chain; `nil` when something is left.
    private func explain(
        _ mine: [Frame], _ theirs: [Frame], _ location: IndexedLocation?, _ aliases: [UInt64: Set<String>]
    ) -> Set<Difference>? {
        var classes: Set<Difference> = []
        let isSymbolOnly = location?.physicalFunction?.isFromSymbolTable == true && mine.count == 1
        guard mine.count == theirs.count else { return nil }
        for (position, (own, other)) in zip(mine, theirs).enumerated() {
            guard own.line == other.line, own.column == other.column else { return nil }
            if own.file != other.file {
                if own.file == "<compiler-generated>", other.file.hasSuffix("/<compiler-generated>") {
                    classes.insert(.compilerGenerated)
                } else if isSymbolOnly, own.file.isEmpty {
                    classes.insert(.fileOfSymbolTable)
                } else {
                    return nil
                }
            }
            if own.function == other.function { continue }
            let isPhysical = position == mine.count - 1
            if isPhysical, plain(own.function) == plain(other.function) {
                classes.insert(.symbolOfClone)
            } else if location?.frame(position).function?.linkageName == nil,
                ["::", "."].contains(where: { own.function.hasSuffix($0 + other.function) })
            {
                classes.insert(.qualifiedName)
            } else if isPhysical, let entry = location?.physicalFunction?.entryAddress,
                aliases[entry]?.contains(other.function) == true
            {
                classes.insert(.alias)
            } else {
                return nil
            }
        }
        return classes
    }

    /// A linkage name without the suffix of a clone and without the variant of a constructor or destructor.
    private func plain(_ name: String) -> String {
        var result = name.hasPrefix("_Z") || !name.hasPrefix("$") ? String(name.prefix { $0 != "." }) : name
        for kind in ["C", "D"] {
            for variant in ["0", "1", "2", "4", "5"] {
                for next in ["E", "I"] {
                    result = result.replacingOccurrences(of: kind + variant + next, with: kind + "_" + next)
                }
            }
        }
        return result
    }
}
