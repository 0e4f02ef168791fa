import Testing

@testable import CrashReports

@Suite struct BacktraceSymbolsTests {
    private func line(_ text: String) -> BacktraceSymbolsLine? { BacktraceSymbolsLine(Array(text.utf8)[...]) }

    @Test("reads every form of a line")
    func forms() {
        #expect(line("./till(+0x1b05)[0x560000401b05]")?.offset == 0x1b05)
        #expect(line("/a (b)/till(lineTotal+0x5) [0x10]")?.path == "/a (b)/till")
        #expect(line("/a (b)/till(lineTotal+0x5) [0x10]")?.symbol == "lineTotal")
        #expect(line("[bt] (3) ./till(+0x5) [0x10]")?.path == "./till")
        #expect(line("till() [0x401b05]")?.offset == nil)
        #expect(line("/app/till[0x401b05]")?.address == 0x401b05)
        #expect(line("[0x10]")?.path == nil)
        for text in [
            "till(x) [0x10]", "a b[0x10]", "x [0x10]", "till(+0x5)[0x]", "till(+0x5)[0x10", "till(+0xzz)[0x10]",
            "(+0x5)[0x10]",
        ] {
            #expect(line(text) == nil, "\(text)")
        }
    }

    @Test("needs two lines, or one that cannot be anything else")
    func count() {
        #expect(reports(in: "./till(+0x1b05)[0x560000401b05]\n").count == 1)
        #expect(reports(in: "./till() [0x401b05]\n").isEmpty)
        #expect(reports(in: "./till() [0x401b05]\n./till() [0x401b15]\n").count == 1)
    }

    @Test("looks return addresses up as such, and what a signal interrupted as it is")
    func kinds() {
        let text = """
            ./till(+0x1243)[0x555555555243]
            /lib/libc.so.6(+0x3c050)[0x7ffff7e0f050]
            ./till(+0x130b)[0x55555555530b]
            ./till(+0x13a3)[0x5555555553a3]
            /lib/libc.so.6(+0x29d90)[0x7ffff7dfcd90]
            /lib/libc.so.6(__libc_start_main+0x80)[0x7ffff7dfce40]
            """
        let frames = reports(in: text).first?.threads.first?.frames ?? []
        #expect(
            frames.map(\.kind) == [
                .returnAddress, .programCounter, .programCounter, .returnAddress, .returnAddress, .returnAddress,
            ])
        // The caller of main is no trampoline, aligned as it may be.
        let plain =
            "./till(+0x13a3)[0x5555555553a3]\n/lib/libc.so.6(+0x29d90)[0x7ffff7dfcd90]\n/lib/libc.so.6(__libc_start_main+0x80)[0x7ffff7dfce40]\n"
        #expect(reports(in: plain).first?.threads.first?.frames.allSatisfy { $0.kind == .returnAddress } == true)
        let named =
            "./till(+0x13a3)[0x5555555553a3]\nlinux-vdso.so.1(__kernel_rt_sigreturn+0x0)[0x7ffff7dfcd90]\n./till(f+0x4)[0x55555555530b]\n"
        #expect(
            reports(in: named).first?.threads.first?.frames.map(\.kind) == [
                .returnAddress, .programCounter, .programCounter,
            ])
    }

    @Test("keeps symbol and offset where no line tells the base")
    func symbolic() {
        let crash = reports(in: "./a(f+0x5)[0x1005]\n./b(+0x10)[0x2010]\n").first
        let frames = crash?.threads.first?.frames ?? []
        #expect(frames.first?.address == nil && frames.first?.symbolOffset == 5 && frames.first?.package == "./a")
        #expect(frames.last?.address == .absolute(0x2010))
        #expect(crash?.images.map(\.address) == [nil, 0x2000])
    }
}
