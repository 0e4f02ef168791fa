import Testing

@testable import CrashReports

@Suite struct DebuggerTests {
    private func frame(_ text: String) -> GDBFrame? { GDBFrame(Array(text.utf8)[...]) }

    @Test("reads gdb's frames whatever stands in names, arguments and paths")
    func frames() throws {
        let cases: [(String, UInt64?, String?, String?, Int?)] = [
            ("#3  0x0000000000401b05 in f (n=3) at /src/a.swift:77", 0x401b05, "f", "/src/a.swift", 77),
            (
                "#11 shop::apply<int>(std::function<int (int)> const&, char*) (f=..., note=0x5 \"at /x (y) \\\")\") at o.cpp:13",
                nil,
                "shop::apply<int>(std::function<int (int)> const&, char*)", "o.cpp", 13
            ),
            (
                "#1  std::function<void (int)>::operator()(int) const (this=0x1) at /a (b)/f.h:5", nil,
                "std::function<void (int)>::operator()(int) const", "/a (b)/f.h", 5
            ),
            ("#4  0x10 in ?? () from /lib/libc.so.6", 0x10, nil, nil, nil), ("#4  0x10 in ?? ()", 0x10, nil, nil, nil),
            ("#120 0x10 in f () at a.c:1", 0x10, "f", "a.c", 1),
        ]
        for (text, address, function, file, line) in cases {
            let read = try #require(frame(text), "\(text)")
            #expect(read.line.address == address && read.line.function == function, "\(text)")
            #expect(read.line.file == file && read.line.line == line, "\(text)")
        }
        #expect(frame("#4  0x10 in ?? () from /lib/libc.so.6")?.line.package == "/lib/libc.so.6")
        for text in [
            "#0 0x10 in f () at a.c:1", "#0  f ()", "#0  0x10 f", "#0  0x10 in f", "#0  f (x at a.c:1",
            "#x  f () at a.c:1",
        ] {
            #expect(frame(text) == nil, "\(text)")
        }
    }

    @Test("takes a frame without an address for the one that the frame before was inlined into")
    func inlined() {
        let text = """
            #0  0x10 in inner (i=3) at a.c:1
            #1  outer () at a.c:2
            #2  0x20 in main () at a.c:3
            #3  <signal handler called>
            #4  atStartOfLine () at a.c:9
            #5  0x40 in last () at a.c:10
            """
        let frames = reports(in: text).first?.threads.first?.frames ?? []
        #expect(frames.map(\.function) == ["outer", "main", GDBFrame.signalHandler, "atStartOfLine", "last"])
        #expect(frames.map(\.address) == [.absolute(0x10), .absolute(0x20), nil, nil, .absolute(0x40)])
        #expect(
            frames.map(\.kind) == [.programCounter, .returnAddress, .programCounter, .programCounter, .returnAddress])
        let signal = reports(
            in:
                "#0  0x10 in f () at a.c:1\n#1  <signal handler called>\n#2  0x20 in g () at a.c:1\n#3  0x30 in h () at a.c:1\n"
        )
        #expect(
            signal.first?.threads.first?.frames.map(\.kind) == [
                .programCounter, .programCounter, .programCounter, .returnAddress,
            ])
    }

    @Test("joins lines that gdb wrapped, and goes through locals and remarks")
    func wrapped() {
        let text = """
            warning: Missing auto-load script
            Program terminated with signal SIGSEGV, Segmentation fault.
            #0  0x10 in f (
                name=0x5 "x",
                count=3)
                at /src/a.c:4
                    local = 3
                    other = {a = 1,
                      b = 2}
            No locals.
            #1  0x20 in main () at a.c:3
            (More stack frames follow...)
            """
        let crash = reports(in: text).first
        #expect(crash?.signal?.number == 11 && crash?.value == "Segmentation fault")
        #expect(crash?.threads.first?.frames.map(\.line) == [4, 3, nil])
        #expect(crash?.threads.first?.frames.last?.kind == .truncated)
        #expect(crash?.notes.contains { $0.contains("3 lines with local variables") } == true)
    }

    @Test("knows the crashed thread, and the stacks that gdb prints twice")
    func threads() throws {
        for name in ["gdb-all", "gdb-live", "gdb-bt"] {
            let recording = try #require(Recording.all.first { $0.name == name })
            let crash = try #require(reports(in: try recording.bytes).first?.crash)
            #expect(crash.threads.count == (name == "gdb-bt" ? 1 : 3))
            #expect(crash.threads.filter(\.isCrashed).first?.frames.first?.function == "lineTotal")
        }
    }

    @Test("reads eu-stack's options")
    func euStack() throws {
        func frames(_ text: String) -> [ReportedFrame] {
            reports(in: "PID 7 - core\nTID 7:\n" + text).first?.threads.first?.frames ?? []
        }
        let plain = frames("#0  0x10 f\n#1  0x20 __restore_rt\n#2  0x30 g\n#3  0x40 h\n")
        #expect(plain.map(\.kind) == [.programCounter, .programCounter, .programCounter, .returnAddress])
        let known = frames("#0  0x10     f\n#1  0x20 - 1 g - till\n#2  0x30     h\n")
        #expect(known.map(\.kind) == [.programCounter, .returnAddress, .programCounter])
        #expect(known[1].package == "till" && known[1].function == "g")
        let crash = reports(
            in:
                "TID 7:\n#0  0x401010 f\n    [00AA]@0x400000+0x1010\n    /a.c:3:4\neu-stack: oops\n#1  0x401020 g\n    [00aa]@0x400000+0x101f\n"
        ).first
        #expect(crash?.images.map(\.address) == [0x400000] && crash?.images.first?.codeID == "00aa")
        #expect(crash?.threads.first?.frames.first?.column == 4)
        #expect(crash?.threads.first?.frames.count == 2)
        #expect(reports(in: "TID 7:\n#0  0x10 in f () at a.c:1\n").first?.mechanism == "gdb")
    }

    @Test("reads lldb's frames, and images from the list of the same session")
    func lldb() throws {
        let text = """
            * thread #1, name = 'till', stop reason = signal SIGSEGV: invalid address (fault address: 0xe)
                frame #0: 0x40130b till`lineTotal [inlined] unitPrice(i=3) at till.c:34:21
            * thread #1, name = 'till', stop reason = signal SIGSEGV: invalid address (fault address: 0xe)
              * frame #0: 0x40130b till`lineTotal [inlined] unitPrice(i=3) at till.c:34:21
                frame #1: 0x401308 till`lineTotal(b=0x2, i=3) at till.c:38:17
                frame #2: 0x4013a3 till`std::f<int (int)>::g(int) const + 33
              thread #2, name = 'clerk'
                frame #0: 0x7f0010 libc.so.6`__restore_rt
                frame #1: 0x7f0020 libc.so.6`read + 4
            (lldb) image list
            [  0] 10A3F16C-1F60-AB1C-1432-B2DE1C63F48C-1D510234 0x0000000000400000 /app/till
            [  1] D5960AE7 0x00007f000 linux-vdso.so.1 (0x00007f000)
            """
        let crash = try #require(reports(in: text).first)
        #expect(reports(in: text).count == 1)
        #expect(crash.type == "SIGSEGV" && crash.value == "invalid address (fault address: 0xe)")
        #expect(crash.signal?.faultAddress == 0xe)
        #expect(crash.threads.map(\.id) == ["1", "2"])
        let frames = crash.threads[0].frames
        #expect(frames.map(\.function) == ["lineTotal", "std::f<int (int)>::g"])
        #expect(frames.map(\.address) == [.absolute(0x40130b), .absolute(0x4013a3)])
        #expect(frames.map(\.kind) == [.programCounter, .returnAddress])
        #expect(frames[1].symbolOffset == 33)
        #expect(crash.threads[1].frames.map(\.kind) == [.programCounter, .programCounter])
        #expect(crash.images.first?.codeID == "10a3f16c1f60ab1c1432b2de1c63f48c1d510234")
        #expect(crash.images.map(\.address) == [0x400000, 0x7f000, nil])
    }
}
