import Foundation
import Testing

/// `filter` as a program between two pipes.
@Suite struct StoryFilterTests {
    private func filtered(_ input: Data, _ options: [String] = []) async throws -> (output: Data, errors: String) {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let path = symbolist.scratch.path("input")
        try input.write(to: URL(filePath: path))
        let output = symbolist.scratch.path("output")
        let words = options.map { "'\($0)'" }.joined(separator: " ")
        let outcome = try await Tool.shell(
            "cat '\(path)' | '\(Tool.symbolist)' filter \(words) > '\(output)'", environment: symbolist.environment,
            folder: Tool.root)
        #expect(outcome.status == 0, "\(outcome.all)")
        return (try Data(contentsOf: URL(filePath: output)), outcome.errors)
    }

    private func filtered(file: String, _ options: [String]) async throws -> String {
        let input = try Data(contentsOf: URL(filePath: Tool.root + "/" + file))
        return String(decoding: try await filtered(input, options).output, as: UTF8.self)
    }

    @Test(arguments: [
        "", "\n", "no end", "a\r\nb\r\n\r\nlast", "nul \0 in\0 lines\n\0\0", "\u{1b}[31mred\u{1b}[0m\n\t \n",
        "#0 no frame\n    at nowhere (+0x10)\n*** Program\nThread 0 crashed\n{\"a\":\n",
    ]) func ordinaryTextPassesByteForByte(_ text: String) async throws {
        let bytes = Data(text.utf8)
        #expect(try await filtered(bytes).output == bytes)
    }

    @Test func bytesThatAreNoText() async throws {
        let bytes = Data((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ ($0 >> 8)) })
        #expect(try await filtered(bytes).output == bytes)
    }

    @Test func sanitizer() async throws {
        let folder = "Fixtures/Sanitizers/Recorded"
        let text = try await filtered(
            file: "\(folder)/gcc-asan-uaf-raw.txt", ["--debug-file", "\(folder)/gcc-till"])
        #expect(
            text.contains("    #0 0x555555555279  (/app/gcc-till+0x1279) unitPrice at /src/till.c:12:21\n"), "\(text)")
        #expect(text.contains("\n      (inlined by) lineTotal at /src/till.c:16:17\n"), "\(text)")
        #expect(text.contains("    #1 0x5555555552c8  (/app/gcc-till+0x12c8) discard at /src/till.c:28:5\n"), "\(text)")
        #expect(
            text.contains("    #1 0x5555555552a7  (/app/gcc-till+0x12a7) newBasket at /src/till.c:22:24\n"), "\(text)")
        // Lines without a function of the program are as they were.
        #expect(text.contains("    #2 0x7ffff7645249  (/lib/x86_64-linux-gnu/libc.so.6+0x27249)\n"), "\(text)")
        #expect(text.contains("\n  0x0c087fff7fb0: 00 00 "), "\(text)")
    }

    @Test func backtraceSymbols() async throws {
        let folder = "Fixtures/Backtraces/Recorded"
        let text = try await filtered(file: "\(folder)/glibc-till-signal.txt", ["--debug-file", "\(folder)/till"])
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.first == "till: signal 11")
        #expect(lines.contains("/app/till(+0x12fe) [0x5555555552fe] onSignal at /src/till.c:29:5"), "\(text)")
        // The interrupted frame is exact: its line is that of the load, not of what stands before it.
        #expect(lines.contains("/app/till(+0x130b) [0x55555555530b] unitPrice at /src/till.c:34:21"), "\(text)")
        #expect(lines.contains("/app/till(+0x1498) [0x555555555498] main at /src/till.c:79:17"), "\(text)")
    }

    @Test func kernelAndSystemd() async throws {
        let text = try await filtered(
            file: "Fixtures/Stories/Inputs/system.log", ["--debug-file", "Fixtures/Backtraces/Recorded/till"])
        #expect(text.hasPrefix("[ 4242.000001] eth0: link up\n"), "\(text)")
        #expect(text.contains(" (core 0, socket 0) unitPrice at /src/till.c:34:21\n"), "\(text)")
        #expect(text.contains("#1  0x00005555555553a3 n/a (till + 0x13a3) checkout at /src/till.c:54:17\n"), "\(text)")
        #expect(text.contains("#3  0x00007ffff7df524a n/a (libc.so.6 + 0x2724a)\n"), "\(text)")
        #expect(text.hasSuffix("code=dumped, status=11/SEGV\n"), "\(text)")
    }

    @Test func aSwiftReportBetweenLines() async throws {
        let text = try await filtered(
            file: "Fixtures/Stories/Inputs/service.log", ["--debug-file", "Fixtures/Till/Recorded/till.debug"])
        #expect(
            text.hasPrefix(
                "2026-11-22T17:11:50Z till: opening the drawer\nSwift runtime failure: Index out of range\n"), "\(text)"
        )
        #expect(text.contains("▶   4  Basket.linePrice(_:in:) [inlined]\n"), "\(text)")
        #expect(text.hasSuffix("\n2026-11-22T17:11:52Z till: restarted\n"), "\(text)")
        #expect(!text.contains("*** Program crashed"), "the report is shown instead")
    }

    /// `filter | head`: the end of the reader is the end of the filter, and no failure of its own.
    @Test func closedOutput() async throws {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let outcome = try await Tool.shell(
            "yes line | '\(Tool.symbolist)' filter | head -n 2; echo \"${PIPESTATUS[1]}\"",
            environment: symbolist.environment)
        #expect(outcome.output == "line\nline\n0\n", "\(outcome.all)")
        #expect(outcome.errors.isEmpty, "\(outcome.errors)")
    }
}
