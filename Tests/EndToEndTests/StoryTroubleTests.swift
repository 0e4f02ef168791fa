import Foundation
import Testing

/// Dumps that are none, are far too long, or end early.
@Suite struct StoryTroubleTests {
    private func symbolize(_ text: String, _ arguments: [String] = []) async throws -> Outcome {
        let symbolist = try Installation()
        defer { symbolist.remove() }
        let path = try symbolist.scratch.write(text, to: "dump")
        return try await Tool.run(
            Tool.symbolist, ["symbolize"] + arguments + [path], environment: symbolist.environment, folder: Tool.root)
    }

    @Test func unknownFile() async throws {
        let outcome = try await symbolize("hello\nwhat\n")
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome.all)")
        #expect(outcome.errors.contains("/dump: not recognised, it begins with \"hello"), "\(outcome.errors)")
        for format in [
            "a Sentry event", "a Sentry envelope", "a Swift JSON crash log", "a Swift text backtrace",
            "an ELF core dump", "a minidump", "a sanitizer report", "backtrace_symbols", "a Rust panic",
            "a gdb backtrace", "an lldb backtrace", "eu-stack", "a kernel log", "systemd-coredump",
            "LLVM symbolizer markup", "a list of addresses",
        ] {
            #expect(outcome.errors.contains(format), "\(format) was looked for: \(outcome.errors)")
        }
    }

    @Test func whatCameClosest() async throws {
        let outcome = try await symbolize("one\n*** Program crashed: Bad pointer dereference at 0x10 ***\nxx\n")
        #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome.all)")
        #expect(
            outcome.errors.contains("closest to a Swift text backtrace, which stops at line 2: expected a thread"),
            "\(outcome.errors)")
        let object = try await symbolize("{\"a\":1}")
        #expect(object.status == 2 && object.errors.contains("a JSON object with the keys a"), "\(object.all)")
    }

    /// What only stood beside the first of several reports was lost once.
    @Test func moreReportsThanAreRead() async throws {
        let line =
            "till[1]: segfault at 0 ip 000055555555530b sp 0000000000000000 error 4 in till[130b,555555555000+1000]\n"
        let outcome = try await symbolize(String(repeating: line, count: 1200), ["--json"])
        #expect(outcome.output.split(separator: "\n").count == 1000, "\(outcome.errors.prefix(500))")
        #expect(outcome.errors.contains("reports behind the first 1000 were not read"), "\(outcome.errors.prefix(500))")
    }

    @Test(arguments: LongReport.all) func twoHundredThousandFrames(_ report: LongReport) async throws {
        let text = try report.text()
        #expect(text.utf8.count > 6_000_000 && text.utf8.count < 13_500_000, "\(text.utf8.count)")
        let outcome = try await symbolize(text)
        #expect((0...1).contains(outcome.status), "\(outcome.status) \(outcome.errors.prefix(1000))")
        #expect(outcome.errors.contains("left out"), "\(outcome.errors.prefix(1000))")
        #expect(outcome.output.utf8.count < 1_000_000, "repeated frames are folded")
        #expect(!outcome.output.isEmpty)
    }

    @Test(arguments: LongReport.all) func cutOff(_ report: LongReport) async throws {
        let text = Array(try report.recording().utf8)
        for part in 1...4 {
            let cut = String(decoding: text.prefix(text.count * part / 5 + part), as: UTF8.self)
            let outcome = try await symbolize(cut)
            #expect((0...2).contains(outcome.status), "\(report.file) cut at \(part)/5: \(outcome.all)")
            #expect(outcome.status != 2 || !outcome.errors.isEmpty, "\(report.file) cut at \(part)/5")
            #expect(outcome.status == 2 || !outcome.output.isEmpty, "\(report.file) cut at \(part)/5")
        }
    }

    /// Beginnings that nothing follows: each is read only so often.
    @Test(arguments: [
        "{{{module:0:a:elf:ab}}}", "{{{mmap:0x1000:0x1000:load:0:rx:0x1000}}}", "TID 1:", "* thread #1",
        "Thread 1 (LWP 5):", "#0  f", "Thread 0 crashed:", "*** Program crashed: a ***",
    ]) func beginningsOnly(_ line: String) async throws {
        let outcome = try await symbolize(String(repeating: line + "\n", count: 100_000))
        #expect(outcome.status == 2 && outcome.output.isEmpty && !outcome.errors.isEmpty, "\(outcome.all.prefix(1000))")
    }
}

/// A recording in which one frame's line is repeated.
struct LongReport: Sendable, CustomTestStringConvertible {
    /// In `Fixtures`.
    let file: String
    /// What the line of a frame contains; the second such line is repeated.
    let mark: String
    /// The frame's number in it, `N`, with what stands around it: `#N `; `nil` where frames have none.
    var number: String?

    var testDescription: String { file }

    static let all = [
        LongReport(file: "SwiftReports/Recorded/index-off.txt", mark: "[ra]    0x", number: "N [ra]"),
        LongReport(file: "Till/Recorded/index.json", mark: "\"frames\""),
        LongReport(file: "Sanitizers/Recorded/gcc-asan-uaf-raw.txt", mark: "#1 0x", number: "#N 0x"),
        LongReport(file: "Sanitizers/Recorded/gcc-tsan-heap-raw.txt", mark: "#1 ", number: "#N "),
        LongReport(file: "Sanitizers/Recorded/clang-ubsan-raw.txt", mark: "#1 0x", number: "#N 0x"),
        LongReport(file: "Sanitizers/Recorded/clang14-asan-leak-raw.txt", mark: "#1 0x", number: "#N 0x"),
        LongReport(file: "Backtraces/Recorded/glibc-till-symbols.txt", mark: "[0x"),
        LongReport(file: "Backtraces/Recorded/rust-index-full.txt", mark: " 1: ", number: " N: "),
        LongReport(file: "Backtraces/Recorded/gdb-bt.txt", mark: "#1  ", number: "#N  "),
        LongReport(file: "Backtraces/Recorded/lldb-core.txt", mark: "frame #1: ", number: "frame #N: "),
        LongReport(file: "Backtraces/Recorded/eu-stack-core-ids.txt", mark: "#1  ", number: "#N  "),
        LongReport(file: "KernelLogs/oops-x86.log", mark: "chrdev_open+0x"),
        LongReport(file: "Journal/info.txt", mark: "#1  ", number: "#N  "),
        LongReport(file: "Markup/log.txt", mark: "bt:1:", number: "bt:N:"),
    ]

    func recording() throws -> String {
        try String(contentsOfFile: Tool.root + "/Fixtures/" + file, encoding: .utf8)
    }

    /// The recording with 200,000 more frames, or as many as there is room for in 13 MB.
    func text() throws -> String {
        let text = try recording()
        if file.hasSuffix(".json") {
            let start = try #require(text.firstRange(of: mark)?.upperBound)
            let list = try #require(text[start...].firstIndex(of: "["))
            let frame = #"{"kind":"returnAddress","address":"0x56289641222c"},"#
            return text[...list] + String(repeating: frame, count: 200_000) + text[text.index(after: list)...]
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let position = try #require(lines.firstIndex { $0.contains(mark) })
        let line = lines[position] + "\n"
        var repeated = ""
        repeated.reserveCapacity(13_100_000)
        for count in 2..<200_002 where repeated.utf8.count < 13_000_000 {
            guard let number else {
                repeated += line
                continue
            }
            let old = number.replacing("N", with: "1")
            repeated += line.replacing(old, with: number.replacing("N", with: "\(count)"), maxReplacements: 1)
        }
        lines.insert(String(repeated.dropLast()), at: position + 1)
        return lines.joined(separator: "\n")
    }
}
