import Foundation
import Testing

/// `symbolist index`: build, show, verify, and the parser's limits as a user meets them.
@Suite struct IndexCommandTests {
    private let installation: Installation
    private let program: String

    init() async throws {
        installation = try Installation()
        program = try await Specimen.cxx("g++", "-O2", "-gdwarf-5").make(in: installation.scratch)
    }

    private func run(_ arguments: String..., input: String? = nil, environment: [String: String] = [:]) async throws
        -> Outcome
    {
        try await Tool.run(
            Tool.symbolist, ["index"] + arguments, input: input,
            environment: installation.environment.merging(environment) { _, new in new },
            folder: installation.scratch.folder)
    }

    private func object(_ outcome: Outcome) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        return try #require(object, "\(outcome.all)")
    }

    @Test func buildsShowsAndVerifies() async throws {
        defer { installation.remove() }
        let built = try await run("build", program)
        #expect(built.status == 0, "\(built.all)")
        #expect(built.output.contains("full: all debug information") && built.errors.isEmpty, "\(built.all)")
        let shown = try await run("show", "program.symindex")
        #expect(shown.status == 0, "\(shown.all)")
        for part in ["x86_64", "Sections of the index", "Load segments", "strings", "r-x", "input"] {
            #expect(shown.output.contains(part), "\(part) is missing in \(shown.output)")
        }
        let verified = try await run("verify", "program.symindex")
        #expect(verified.status == 0 && verified.output.hasPrefix("sound"), "\(verified.all)")
        #expect(!FileManager.default.fileExists(atPath: installation.scratch.path("program.symindex.building")))
    }

    @Test func theNumberOfThreadsChangesNothing() async throws {
        defer { installation.remove() }
        var indexes: [Data] = []
        for threads in ["1", "2", "7"] {
            let path = installation.scratch.path("t\(threads)")
            let built = try await run("build", "--threads", threads, "-o", path, program)
            #expect(built.status == 0, "\(built.all)")
            indexes.append(try Data(contentsOf: URL(filePath: path)))
        }
        #expect(indexes[0] == indexes[1] && indexes[1] == indexes[2])
    }

    @Test func jsonIsWhole() async throws {
        defer { installation.remove() }
        let built = try object(try await run("build", "--json", program))
        let report = try #require(built["report"] as? [String: Any])
        #expect(report["unitsRead"] as? Int == 1 && built["output"] as? String == "program.symindex")
        let shown = try object(try await run("show", "--json", "program.symindex"))
        #expect(shown["functions"] as? Int == report["functions"] as? Int)
        let sections = try #require(shown["sections"] as? [[String: Any]])
        let sum = sections.compactMap { $0["bytes"] as? Int }.reduce(0, +)
        let size = try #require(shown["size"] as? Int)
        #expect(sum > 0 && sum <= size)
        let verified = try object(try await run("verify", "--json", "program.symindex"))
        #expect(verified["is_sound"] as? Bool == true)
    }

    /// The lists and the answer, of the index and of the program, say the same as addr2line.
    @Test func answersAreThoseOfAddr2line() async throws {
        defer { installation.remove() }
        _ = try await run("build", program)
        let facts = try await BinaryFacts(program)
        let main = try #require(facts.symbols.first { $0.name == "main" }).address
        let address = "0x" + String(main, radix: 16)
        let answer = try await run("show", "--address", address, "program.symindex")
        #expect(answer.output.contains("main") && answer.output.contains("ledger.cpp"), "\(answer.all)")
        #expect(try await run("show", "--address", address, program).output == answer.output)
        let functions = try await run("show", "--functions", "program.symindex")
        #expect(
            functions.output.split(separator: "\n").contains { $0.hasPrefix(address + "\t") }, "\(functions.output)")
        let ranges = try await run("show", "--ranges", "--json", "program.symindex")
        let lines = ranges.output.split(separator: "\n")
        #expect(lines.count > 10 && lines.allSatisfy { $0.hasPrefix("{\"start\":\"0x") && $0.hasSuffix("]}") })
        let unknown = try await run("show", "--address", "1", "program.symindex")
        #expect(unknown.status == 0 && unknown.output.contains("nothing is known"))
    }

    @Test func standardInputAndOutput() async throws {
        defer { installation.remove() }
        let quoted = "'\(Tool.symbolist)' index"
        let piped = try await Tool.shell(
            "\(quoted) build -o - - < program 2> report | tee piped.symindex | \(quoted) verify -",
            environment: installation.environment, folder: installation.scratch.folder)
        #expect(piped.status == 0 && piped.output.hasPrefix("sound"), "\(piped.all)")
        let report = try String(contentsOfFile: installation.scratch.path("report"), encoding: .utf8)
        #expect(report.contains("full: all debug information"))
        _ = try await run("build", "-o", "named.symindex", program)
        let both = ["piped.symindex", "named.symindex"].map { installation.scratch.path($0) }
        #expect(
            try Data(contentsOf: URL(filePath: both[0])) == Data(contentsOf: URL(filePath: both[1])))
    }

    /// One byte at each of many places: verify names the file and never says that it is sound.
    @Test func damageIsNamed() async throws {
        defer { installation.remove() }
        _ = try await run("build", program)
        let whole = try Data(contentsOf: URL(filePath: installation.scratch.path("program.symindex")))
        for number in 0..<40 {
            var bytes = whole
            let place = number * (whole.count - 1) / 39
            bytes[bytes.startIndex + place] ^= 0x5a
            try bytes.write(to: URL(filePath: installation.scratch.path("damaged")))
            let verdict = try await run("verify", "program.symindex", "damaged")
            #expect(verdict.status == 1, "byte \(place): \(verdict.all)")
            #expect(verdict.output.contains("damaged  damaged: "), "byte \(place): \(verdict.all)")
            #expect(verdict.output.hasPrefix("sound    program.symindex"))
        }
        try whole.dropLast(100).write(to: URL(filePath: installation.scratch.path("damaged")))
        #expect(try await run("verify", "damaged").status == 1)
        #expect(try await run("show", "damaged").status == 1)
    }

    @Test func whatCannotBeIndexedIsNamed() async throws {
        defer { installation.remove() }
        let scratch = installation.scratch
        _ = try scratch.write("no ELF file", to: "text")
        _ = try await Tool.shell("mkfifo fifo && ar rc archive program", folder: scratch.folder)
        for name in ["text", "fifo", "archive", "absent", "/dev/null", "."] {
            let outcome = try await run("build", name)
            #expect(outcome.status == 2, "\(name): \(outcome.all)")
            #expect(outcome.errors.contains("symbolist: \(name): "), "\(name): \(outcome.all)")
        }
        // One of two.
        let mixed = try await run("build", "text", program)
        #expect(mixed.status == 1 && FileManager.default.fileExists(atPath: scratch.path("program.symindex")))
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.folder)
        #expect(!left.contains { $0.hasSuffix(".building") || $0.hasPrefix("text.") }, "\(left)")
        #expect(try await run("build").status == 64)
        #expect(try await run("build", "-o", "x", "a", "b").status == 64)
        #expect(try await run("show", "--functions", "--ranges", "x").status == 64)
    }

    /// Each limit is named with its value, the setting that raises it, and the file.
    @Test func limitsAreNamedWithTheirSettings() async throws {
        defer { installation.remove() }
        // The parent counts the child's memory several times a second; on a machine that is full of other tests a child
        // of a small program may have ended before the first look.
        var memory = try await run("build", "--parser-memory", "1", program)
        for _ in 0..<20 where memory.status == 0 {
            memory = try await run("build", "--parser-memory", "1", program)
        }
        #expect(memory.status == 2, "\(memory.all)")
        for part in ["program: ", "memory limit of 1 MiB", "raise --parser-memory"] {
            #expect(memory.errors.contains(part), "\(memory.all)")
        }
        // The environment is as good as the option.
        var same = try await run("build", program, environment: ["SYMBOLIST_PARSER_MEMORY": "1"])
        for _ in 0..<20 where same.status == 0 {
            same = try await run("build", program, environment: ["SYMBOLIST_PARSER_MEMORY": "1"])
        }
        #expect(same.status == 2 && same.errors.contains("raise --parser-memory"), "\(same.all)")
    }
}
