import Foundation
import Testing

/// `symbolist addr2line` in the place of GNU's: the same text, the same exit statuses.
@Suite struct Addr2LineTests {
    /// A program and those of its addresses of which GNU's tool knows all that ours does.
    private struct Bench {
        let symbolist: Installation
        let binary: String
        let facts: BinaryFacts
        let addresses: [String]

        init(_ specimen: Specimen) async throws {
            symbolist = try Installation()
            binary = try await specimen.make(in: symbolist.scratch)
            facts = try await BinaryFacts(binary)
            let inside = facts.symbols.filter { $0.size > 0 }.flatMap { symbol in
                stride(from: symbol.address, to: symbol.address + symbol.size, by: 2)
            }
            let all = inside.map { String($0, radix: 16) }
            let input = all.joined(separator: "\n") + "\n"
            let own = try await symbolist.symbolist("addr2line", "-afi", "-e", binary, input: input)
            let gnu = try await Tool.run("/usr/bin/addr2line", ["-afi", "-e", binary], input: input)
            let (owns, gnus) = (Self.split(own.output), Self.split(gnu.output))
            addresses = zip(all, zip(owns, gnus)).filter { $1.0 == $1.1 }.map(\.0)
        }

        private static func split(_ output: String) -> [Substring] { output.split(separator: "0x0000") }

        func own(_ arguments: [String], input: String? = nil) async throws -> Outcome {
            try await Tool.run(
                Tool.symbolist, ["addr2line"] + arguments, input: input, environment: symbolist.environment,
                folder: symbolist.scratch.folder)
        }

        func gnu(_ arguments: [String], input: String? = nil) async throws -> Outcome {
            try await Tool.run("/usr/bin/addr2line", arguments, input: input, folder: symbolist.scratch.folder)
        }

        func expectSame(_ arguments: [String], input: String? = nil) async throws {
            let own = try await own(arguments, input: input)
            let gnu = try await gnu(arguments, input: input)
            #expect(own.output == gnu.output, "\(arguments.prefix(8))")
            #expect(own.status == gnu.status, "\(arguments.prefix(8)): \(own.errors)")
        }
    }

    @Test func everyCombinationOfOptions() async throws {
        let bench = try await Bench(.c("gcc", "-O2", "-gdwarf-4"))
        defer { bench.symbolist.remove() }
        #expect(bench.addresses.count > 100)
        let options = ["-a", "-f", "-i", "-C", "-p", "-s"]
        for number in 0..<(1 << options.count) {
            let chosen = options.indices.filter { number >> $0 & 1 == 1 }.map { options[$0] }
            try await bench.expectSame(["-e", bench.binary] + chosen + bench.addresses)
        }
    }

    @Test func demangledNames() async throws {
        let bench = try await Bench(.cxx("g++", "-O2", "-gdwarf-4"))
        defer { bench.symbolist.remove() }
        #expect(bench.addresses.count > 300)
        try await bench.expectSame(["-afipC", "-e", bench.binary] + bench.addresses)
        let text = try await bench.own(["-afipC", "-e", bench.binary] + bench.addresses).output
        #expect(text.contains("ledger::Account::book(long)"))
        #expect(text.contains(" (inlined by) "))
    }

    @Test func longOptionsAndJoinedOnes() async throws {
        let bench = try await Bench(.c("gcc", "-O2", "-gdwarf-4"))
        defer { bench.symbolist.remove() }
        let some = Array(bench.addresses.prefix(5))
        try await bench.expectSame(
            ["--exe=program", "--addresses", "--functions", "--inlines", "--demangle", "--pretty-print", "--basenames"]
                + some)
        try await bench.expectSame(["-fip", "--exe", "program"] + some)
        try await bench.expectSame(some + ["-afipe", "program"])
        try await bench.expectSame(["-eprogram"] + some)
        try FileManager.default.copyItem(atPath: bench.binary, toPath: bench.symbolist.scratch.path("a.out"))
        try await bench.expectSame(["-f"] + some)
    }

    @Test func addressesOnStandardInput() async throws {
        let bench = try await Bench(.c("gcc", "-O2", "-gdwarf-4"))
        defer { bench.symbolist.remove() }
        let some = bench.addresses.prefix(3)
        let input = "\(some[0])\n0x\(some[1]) and words\n\n  0x\(some[2])\n0X\(some[0])\nnothing\n\(some[1])"
        try await bench.expectSame(["-afi", "-e", "program"], input: input)
        try await bench.expectSame(["-e", "program"], input: "")
    }

    @Test func sectionOffsets() async throws {
        let bench = try await Bench(.c("gcc", "-O2", "-gdwarf-4"))
        defer { bench.symbolist.remove() }
        let offsets = bench.addresses.compactMap { UInt64($0, radix: 16) }
            .map { "0x" + String($0 - bench.facts.text.lowerBound, radix: 16) }
        try await bench.expectSame(["-afi", "-j", ".text", "-e", "program"] + offsets)
        try await bench.expectSame(["-afi", "--section=.text", "-e", "program"] + offsets.prefix(3))
    }

    /// An address that nothing is known of is an answer, not an error.
    @Test func whatIsUnknown() async throws {
        let bench = try await Bench(.c("gcc", "-O2", "-gdwarf-4"))
        defer { bench.symbolist.remove() }
        let unknown = ["0", "ffffffffffffffff", "10000000000000000", "no", "", "0x"]
        for options in ["-a", "-af", "-p", "-pf", "-apfi", "-s"] {
            try await bench.expectSame([options, "-e", "program"] + unknown)
        }
        #expect(try await bench.own(["-e", "program", "0"]).status == 0)
    }

    @Test func whatCannotBeUsedIsStatusOne() async throws {
        let bench = try await Bench(.c("gcc", "-O2", "-gdwarf-4"))
        defer { bench.symbolist.remove() }
        _ = try bench.symbolist.scratch.write("no program\n", to: "text")
        for arguments in [
            ["-e", "absent", "10"], ["-e", ".", "10"], ["-e", "text", "10"], ["10"],
            ["-e", "program", "-j", ".absent", "10"],
        ] {
            try await bench.expectSame(arguments)
            let own = try await bench.own(arguments)
            #expect(own.status == 1)
            #expect(own.errors.hasPrefix("symbolist: "), "\(own.errors)")
        }
    }

    /// LLVM's style is that of `llvm-symbolizer`, which also knows columns.
    @Test(arguments: ["", "-a", "-p", "-ap"]) func styleOfLLVM(_ options: String) async throws {
        let bench = try await Bench(.c("clang", "-O2", "-gdwarf-5"))
        defer { bench.symbolist.remove() }
        #expect(bench.addresses.count > 100)
        let input = (bench.addresses + ["0"]).map { "0x\($0)\n" }.joined()
        let extra = options.isEmpty ? [] : options.dropFirst().map { "-\($0)" }
        let own = try await bench.own(["--output-style=LLVM", "-f", "-i", "-e", "program"] + extra, input: input)
        let llvm = try await Tool.shell(
            "llvm-symbolizer-19 --output-style=LLVM --no-demangle -e program " + extra.joined(separator: " "),
            input: input, folder: bench.symbolist.scratch.folder)
        #expect(own.output == llvm.output)
        #expect(own.status == 0)
    }

    /// A Swift name both ways.
    @Test func swiftNames() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let debug = Till.recorded + "/till.debug"
        let facts = try await BinaryFacts(debug)
        let symbol = try #require(facts.symbols.first { $0.name.hasPrefix("$s7Pricing6BasketV") })
        let address = String(symbol.address, radix: 16)
        let plain = try await symbolist.symbolist("addr2line", "-f", "-e", debug, address)
        #expect(plain.output.hasPrefix("$s"), "\(plain.all)")
        let demangled = try await symbolist.symbolist("addr2line", "-f", "-C", "-e", debug, address)
        #expect(!demangled.output.hasPrefix("$s") && demangled.output.contains("Basket"), "\(demangled.all)")
    }

    @Test func aFIFOIsNotWaitedFor() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let pipe = symbolist.scratch.path("pipe")
        #expect(mkfifo(pipe, 0o600) == 0)
        let outcome = try await symbolist.symbolist("addr2line", "-e", pipe, "10")
        #expect(outcome.status == 1, "\(outcome.all)")
    }
}
