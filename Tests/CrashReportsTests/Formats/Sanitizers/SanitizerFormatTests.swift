import Testing

@testable import CrashReports

@Suite struct SanitizerFormatTests {
    private func frame(_ text: String) -> SanitizerFrame? { SanitizerFrame(Array(text.utf8)[...]) }

    @Test("splits functions and files that hold spaces")
    func names() throws {
        let cases: [(String, String?, String?, Int?)] = [
            (
                "#1 0x5 in std::vector<int, std::allocator<int> >::resize(unsigned long) /usr/a b/v.h:11:3",
                "std::vector<int, std::allocator<int> >::resize(unsigned long)", "/usr/a b/v.h", 11
            ),
            (
                "#1 0x5 in operator new(unsigned long) ../../src/new.cpp:95", "operator new(unsigned long)",
                "../../src/new.cpp", 95
            ),
            (
                "#1 0x5 in shop::Order<int>::at(unsigned long) const", "shop::Order<int>::at(unsigned long) const", nil,
                nil
            ),
            ("#1 0x5 in main /src/till.c", "main", "/src/till.c", nil),
            (
                "#1 0x5 in $sSp10deallocateyyFSi_Tg5 /<compiler-generated>", "$sSp10deallocateyyFSi_Tg5",
                "/<compiler-generated>", nil
            ),
            ("#1 0x5 in _start (/app/my (old) till+0x1170) (BuildId: 00AA)", "_start", nil, nil),
            ("#0 main <null> (till+0x1b04)", "main", nil, nil), ("#0 <null> <null> (till+0x1b04)", nil, nil, nil),
            ("#0 put /src/race.c:12 (race+0x1226) (BuildId: aabb)", "put", "/src/race.c", 12),
            ("#1 0x5  (<unknown module>)", nil, nil, nil),
        ]
        for (text, function, file, line) in cases {
            let read = try #require(frame(text), "\(text)")
            #expect(read.line.function == function && read.line.file == file && read.line.line == line, "\(text)")
        }
        #expect(
            frame("#1 0x5 in _start (/app/my (old) till+0x1170) (BuildId: 00AA)")?.module?.path == "/app/my (old) till")
        #expect(frame("#1 0x5 in _start (/app/till+0x1170) (BuildId: 00AA)")?.module?.buildID == "00aa")
        // A line that is cut may have half an address.
        for text in ["#1 0x5", "#1 0x5 ", "#1", "#1 f", "# 1 0x5 in f", "#1 main /src/a.c:3", "#1 0x5 (x"] {
            #expect(frame(text) == nil, "\(text)")
        }
    }

    private let headline = "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x10 at pc 0x5 bp 0x6 sp 0x7\n"

    @Test("tells kinds as the tools' summaries name them")
    func kinds() {
        let cases = [
            (
                "AddressSanitizer: attempting double-free on 0x10 in thread T0:", "double-free /a.c:3 in f",
                "double-free"
            ),
            (
                "AddressSanitizer: attempting free on address which was not malloc()-ed: 0x10 in thread T0",
                "bad-free f", "bad-free"
            ),
            (
                "AddressSanitizer: alloc-dealloc-mismatch (malloc vs operator delete) on 0x10", "x",
                "alloc-dealloc-mismatch"
            ),
            (
                "AddressSanitizer: memcpy-param-overlap: memory ranges [0x1,0x2) and [0x3, 0x4) overlap", "x",
                "memcpy-param-overlap"
            ),
            (
                "AddressSanitizer: requested allocation size 0x1 exceeds maximum", "allocation-size-too-big f",
                "allocation-size-too-big"
            ),
            ("HWAddressSanitizer: tag-mismatch on address 0x10 at pc 0x5", "tag-mismatch f", "tag-mismatch"),
        ]
        for (text, summary, kind) in cases {
            let report = "==7==ERROR: \(text)\n    #0 0x5 in f /a.c:3\n\nSUMMARY: AddressSanitizer: \(summary)\n"
            #expect(reports(in: report).first?.type?.hasSuffix(": " + kind) == true, "\(text)")
        }
    }

    @Test("counts lines of one address as inlined until a name comes again")
    func inlined() {
        let text =
            headline + """
                READ of size 4 at 0x10 thread T0
                    #0 0x5 in a /a.c:1
                    #1 0x5 in b /a.c:2
                    #2 0x9 in a /a.c:3
                    #3 0x9 in a /a.c:3
                    #4 0x9 in a /a.c:3
                """
        let frames = reports(in: text).first?.threads.first?.frames ?? []
        #expect(frames.map(\.function) == ["b", "a", "a", "a"])
        #expect(frames.first?.reported.count == 2)
    }

    @Test("takes the base of an image from its lines, unless they disagree")
    func bases() {
        func images(_ lines: [String]) -> ReportedCrash? {
            reports(in: headline + lines.map { "    " + $0 }.joined(separator: "\n")).first
        }
        let agreeing = images(["#0 0x401005  (/a+0x1005)", "#1 0x401009  (/a+0x1009)"])
        #expect(agreeing?.images.first?.address == 0x400000)
        #expect(agreeing?.threads.first?.frames.first?.address == .absolute(0x401005))
        let disagreeing = images(["#0 0x401005  (/a+0x1005)", "#1 0x501009  (/a+0x1009)"])
        #expect(disagreeing?.images.first?.address == nil)
        #expect(disagreeing?.threads.first?.frames.first?.address == .relative(image: 0, 0x1005))
        let fixed = images(["#0 0x401005  (/a+0x401005)", "#1 0x401009  (/a+0x401009)"])
        #expect(fixed?.images.first?.linkAddress == 0 && fixed?.images.first?.address == nil)
        #expect(fixed?.threads.first?.frames.first?.address == .relative(image: 0, 0x401005))
        // The same path with another id is another file.
        #expect(
            images(["#0 0x401005  (/a+0x1005) (BuildId: aa)", "#1 0x501009  (/a+0x1009) (BuildId: bb)"])?.images.count
                == 2)
    }

    @Test("gives the byte back to the frame that a signal interrupted")
    func deadlySignal() throws {
        let raw = try #require(Recording.all.first { $0.name == "clang-fuzz-raw" })
        for recording in [raw, try #require(Recording.all.first { $0.name == "clang-fuzz" })] {
            let text = String(decoding: try recording.bytes, as: UTF8.self)
            let printed = try #require(
                text.split(separator: "\n").first { $0.contains("#4 0x") }?.split(separator: " ").dropFirst().first)
            let address = try #require(UInt64(printed.dropFirst(2), radix: 16))
            let frames = try #require(reports(in: text).first?.threads.first?.frames)
            #expect(frames[4].address == .absolute(address + 1))
            #expect(frames[3].kind == .programCounter && frames[4].kind == .programCounter)
        }
    }

    @Test("finds each report of a log, with log lines before, between and behind")
    func log() {
        let one =
            "12:00 starting\n" + headline
            + "READ of size 1 at 0x10 thread T0\n    #0 0x5 in f /a.c:1\n\nSUMMARY: AddressSanitizer: x\n"
        let two =
            "b.c:5:14: runtime error: shift exponent 33 is too large\n    #0 0x6 in g /b.c:5:14\n\n12:01 going on\n"
        let found = reports(in: one + "==7==ABORTING\n12:00 restarted\n" + two)
        #expect(
            found.map(\.type) == [
                "AddressSanitizer: heap-use-after-free", "UndefinedBehaviorSanitizer: undefined-behavior",
            ])
        #expect(found.first?.standardError.contains("starting") == true)
        #expect(found.last?.standardError == "12:00 restarted\n")
        // The whole log behind a report that was cut off stays outside.
        let cut = reports(in: headline + "    #0 0x5 in f /a.c:1\n" + String(repeating: "line\n", count: 500))
        #expect(cut.count == 1 && cut[0].notes.contains { $0.contains("SUMMARY") })
        #expect(cut[0].facts.allSatisfy { $0.key != "hints" })
    }

    @Test("keeps a runtime error's notes and reads it without a stack")
    func runtimeError() {
        let text = """
            a.c:5:3: runtime error: load of misaligned address 0x7ffe for type 'int'
            0x7ffe: note: pointer points here
             00 00 00 00  01 02 03 04
                          ^
            a.c:9:1: runtime error: division by zero
            """
        let found = reports(in: text)
        #expect(found.count == 2)
        #expect(found.first?.threads.first?.frames.first?.address == nil)
        #expect(found.first?.threads.first?.frames.first?.column == 3)
        #expect(found.first?.facts.contains { $0.key == "hints" } == true)
    }
}
