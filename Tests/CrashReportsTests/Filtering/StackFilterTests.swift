import CrashEvent
import Foundation
import Testing

@testable import CrashReports

/// The filter with a symbolicator that knows every address: `f_OFFSET` in `/src/NAME.c`, inlined into `caller` at offsets
/// that end in `c`.
@Suite struct StackFilterTests {
    private static func answer(_ event: [UInt8]) throws -> JSONDocument? {
        let document = try JSONDocument(event)
        guard document.member("exception", of: document.root) == nil,
            let threads = document.node(at: "threads", "values")
        else { return document }
        let images = document.node(at: "debug_meta", "images").map { Array(document.elements(of: $0)) } ?? []
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("threads")
        writer.beginObject()
        writer.key("values")
        writer.beginArray()
        for thread in document.elements(of: threads) {
            writer.beginObject()
            writer.key("stacktrace")
            writer.beginObject()
            writer.key("frames")
            writer.beginArray()
            let frames = try #require(document.node(at: "stacktrace", "frames", from: thread))
            let frame = try #require(Array(document.elements(of: frames)).first)
            let address = document.string("instruction_addr", of: frame) ?? document.string("symbol", of: frame) ?? ""
            let mode = document.string("addr_mode", of: frame).flatMap { Int($0.dropFirst(4)) }
            let path = mode.flatMap { document.string("code_file", of: images[$0]) } ?? "none"
            let kind = document.node(at: "data", "symbolist", "kind", from: frame).flatMap { document.string($0) }
            if address.hasSuffix("c") { write("caller", "/src/caller.c", &writer) }
            write("f_\(address)_\(kind ?? "name")", "/src/\(path).c", &writer)
            writer.endArray()
            writer.endObject()
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        writer.endObject()
        return try JSONDocument(writer.bytes)
    }

    private static func write(_ function: String, _ path: String, _ writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("function", function)
        writer.member("abs_path", path)
        writer.member("lineno", 7)
        writer.key("data")
        writer.beginObject()
        writer.member("symbolicator_status", "symbolicated")
        writer.endObject()
        writer.endObject()
    }

    private func output(of batch: FilterBatch, knows: Bool = true) throws -> String {
        let documents = try batch.events.map { try knows ? Self.answer($0) : nil }
        let bytes = batch.output(documents) { document in
            document.string("platform", of: document.root).map { "a report of \($0)\nwith two lines\n" }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func filtered(_ text: String, knows: Bool = true) throws -> String {
        var filter = StackFilter()
        var result = try output(of: filter.push(Array(text.utf8), at: .now), knows: knows)
        result += try output(of: filter.finish(), knows: knows)
        return result
    }

    @Test(arguments: [
        (
            "    #1 0x560000401b04  (/app/till+0x1b04) (BuildId: aabbccdd)\n",
            "    #1 0x560000401b04  (/app/till+0x1b04) (BuildId: aabbccdd) f_0x1b04_pc at /src//app/till.c:7\n"
        ),
        ("    #0 <null> <null> (till+0x10)", "    #0 <null> <null> (till+0x10) f_0x10_pc at /src/till.c:7"),
        (
            "    #2 0x1 in main (/app/a b (c)+0x1c)\r\nnext\n",
            "    #2 0x1 in main (/app/a b (c)+0x1c) f_0x1c_pc at /src//app/a b (c).c:7\r\n      (inlined by) caller at "
                + "/src/caller.c:7\r\nnext\n"
        ),
        ("./till(+0x1b05)[0x560000401b05]\n", "./till(+0x1b05)[0x560000401b05] f_0x1b05_return at /src/./till.c:7\n"),
        ("./till(main+0x5) [0x560000401b05]\n", "./till(main+0x5) [0x560000401b05] f_main_return at /src/none.c:7\n"),
        (
            "Nov 22 21:49:35 web1 kernel: till[7]: segfault at 10 ip 000055f80a17e8a0 sp 0 error 4 in till[8a0,55f80a17e000+1000]\n",
            "Nov 22 21:49:35 web1 kernel: till[7]: segfault at 10 ip 000055f80a17e8a0 sp 0 error 4 in till[8a0,55f80a17e000+1000]"
                + " f_0x8a0_pc at /src/till.c:7\n"
        ),
        (
            "#0  0x0000555555555185 n/a (libfoo.so + 0x123)\n#1  0x1 f (till + 0x12c)\n",
            "#0  0x0000555555555185 n/a (libfoo.so + 0x123) f_0x123_pc at /src/libfoo.so.c:7\n"
                + "#1  0x1 f (till + 0x12c) f_0x12c_return at /src/till.c:7\n  (inlined by) caller at /src/caller.c:7\n"
        ),
        (
            "{{{module:0:till:elf:ab}}}\n{{{mmap:0x1000:0x1000:load:0:rx:0x0}}}\nsee {{{pc:0x1010}}}, {{{pc:0x1020}}}.\n"
                + "  {{{bt:0:0x1030:pc}}}\n{{{bt:1:0x9030}}}\n",
            "{{{module:0:till:elf:ab}}}\n{{{mmap:0x1000:0x1000:load:0:rx:0x0}}}\nsee f_0x10_pc at /src/till.c:7, "
                + "f_0x20_pc at /src/till.c:7.\n  #0 0x1030 f_0x30_pc at /src/till.c:7\n{{{bt:1:0x9030}}}\n"
        ),
    ])
    func linesAreAnnotated(_ text: String, _ expected: String) throws {
        #expect(try filtered(text) == expected)
        // Without an answer nothing changes.
        #expect(try filtered(text, knows: false) == text)
    }

    @Test func theSameWhateverThePieces() throws {
        let text =
            try String(decoding: LogReportOutline.bytes("KernelLogs/real.log"), as: UTF8.self)
            + String(decoding: LogReportOutline.bytes("Markup/log.txt"), as: UTF8.self)
            + String(decoding: LogReportOutline.bytes("Journal/journal.txt"), as: UTF8.self)
        let whole = try filtered(text)
        #expect(whole != text)
        for size in [1, 7, 100, 4096] {
            var filter = StackFilter()
            var result = ""
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                result += try output(of: filter.push(bytes[start..<min(bytes.count, start + size)], at: .now))
            }
            result += try output(of: filter.finish())
            #expect(result == whole)
        }
    }

    @Test func otherBytesPassAsTheyAre() throws {
        var random = FixedRandom(seed: 9)
        for _ in 0..<50 {
            let words = [
                "#1 ", "0x10", " (a+0x", "\n", "\r", "{{{bt:", "}}}", "\u{1b}[1m", " ip:", "*** ", "é", " + 0x", "[",
            ]
            var bytes: [UInt8] = []
            for _ in 0..<400 {
                if Bool.random(using: &random) { bytes += (words.randomElement(using: &random) ?? "").utf8 }
                bytes.append(UInt8.random(in: 0...255, using: &random))
            }
            var filter = StackFilter()
            var result: [UInt8] = []
            for batch in [filter.push(bytes, at: .now), filter.finish()] {
                result += batch.output(batch.events.map { _ in nil }) { _ in nil }
            }
            #expect(result == bytes)
        }
    }

    @Test func theBeginningOfALineWaitsAMoment() throws {
        let start = ContinuousClock.now
        var filter = StackFilter()
        #expect(filter.push(Array("Password: ".utf8), at: start).isEmpty)
        #expect(filter.deadline == start + .milliseconds(50))
        // What comes in between does not prolong it.
        #expect(filter.push(Array("x".utf8), at: start + .milliseconds(20)).isEmpty)
        #expect(filter.deadline == start + .milliseconds(50))
        #expect(try output(of: filter.expire(at: start + .milliseconds(50))) == "Password: x")
        #expect(filter.deadline == nil)
        // The rest of a line whose beginning is out is no line.
        let rest = "#1 0x1 (till+0x10)\n"
        #expect(try output(of: filter.push(Array(rest.utf8), at: start)) == rest)
        #expect(
            try output(of: filter.push(Array(rest.utf8), at: start))
                == "#1 0x1 (till+0x10) f_0x10_pc at /src/till.c:7\n")
        // A long line does not wait.
        let long = String(repeating: "x", count: 70_000)
        #expect(try output(of: filter.push(Array(long.utf8), at: start)) == long)
    }

    private static let report = """
        *** Program crashed: Illegal instruction at 0x0000560000401a30 ***

        Platform: x86_64 Linux (Debian GNU/Linux 12 (bookworm))

        Thread 0 "till" crashed:

        0      0x0000560000401a30
        1 [ra] 0x0000560000401b05


        Images:

        0x0000560000400000–0x0000560000408f00 00112233445566778899aabbccddeeff00112233 till /app/till

        """

    @Test func aReportIsShownWhole() throws {
        let start = ContinuousClock.now
        var filter = StackFilter()
        var log = "before\n"
        for line in Self.report.split(separator: "\n") { log += "Nov 22 21:49:35 web1 till[7]: \(line)\n" }
        // Lines of others do not wait.
        log += "Nov 22 21:49:35 web1 sshd[1]: hello\n"
        #expect(
            try output(of: filter.push(Array(log.utf8), at: start)) == "before\nNov 22 21:49:35 web1 sshd[1]: hello\n")
        #expect(filter.deadline == start + .seconds(5))
        let end = "Nov 22 21:49:36 web1 till[7]: Backtrace took 0.01s\nafter\n"
        #expect(
            try output(of: filter.push(Array(end.utf8), at: start)) == """
                Nov 22 21:49:35 web1 till[7]: a report of native
                Nov 22 21:49:35 web1 till[7]: with two lines
                after

                """)
        #expect(filter.deadline == nil)
    }

    @Test func aReportWithoutEndIsLetGo() throws {
        let start = ContinuousClock.now
        var filter = StackFilter()
        #expect(filter.push(Array(Self.report.utf8), at: start).isEmpty)
        #expect(filter.expire(at: start + .seconds(4)).isEmpty)
        #expect(try output(of: filter.expire(at: start + .seconds(5))) == "a report of native\nwith two lines\n")
        let broken = "*** Program crashed: nothing else\nhello\n"
        #expect(try filtered(broken) == broken)
        // It cannot be held for ever, and not without bounds.
        let endless = "*** Program crashed: x at 0x10 ***\n" + String(repeating: "rax 0x10\n", count: 30_000)
        #expect(try filtered(endless) == endless)
    }

    @Test func namesCannotCommandATerminal() throws {
        var batch = BatchBuilder(limits: .default)
        batch.add(Array("x\n".utf8), prefix: 0, [StackReference(.programCounter, offset: 1, path: "a")])
        let finished = batch.finished()
        var writer = JSONWriter()
        Self.write("a\u{1b}[2Jb\u{202e}", "/x\n", &writer)
        let document = try JSONDocument(
            Array(#"{"threads":{"values":[{"stacktrace":{"frames":["#.utf8) + writer.bytes + Array("]}}]}}".utf8))
        #expect(
            String(decoding: finished.output([document]) { _ in nil }, as: UTF8.self)
                == "x a\u{fffd}[2Jb\u{fffd} at /x\u{fffd}:7\n")
    }
}
