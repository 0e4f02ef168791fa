import Bytes
import ELFObject
import Foundation
import ParserTasks
import Testing

@testable import Unwinding

/// Cores of C programs for AArch64 under QEMU's emulation, which writes them itself: no `NT_FILE`, no code, no build ids.
/// Swift programs for AArch64 were not run.
@Suite(
    "AArch64 cores", .serialized,
    .enabled(if: CrashWorkshop.problem == nil, Comment(rawValue: "no cores here: \(CrashWorkshop.problem ?? "")")),
    .enabled(
        if: CrashWorkshop.has("aarch64-linux-gnu-gcc") && CrashWorkshop.has("qemu-aarch64"),
        "aarch64-linux-gnu-gcc and qemu-aarch64 are not installed"))
struct AArch64Tests {
    /// The names of the functions on a stack, of those in the program itself.
    private func names(_ thread: UnwoundThread, _ program: String, base: UInt64) throws -> [String] {
        let object = try ELFObject(MappedFile(path: program), name: program)
        let table = try object.symbols()
        let functions = try table.filter { $0.kind == .function && $0.size > 0 }
            .map { (start: $0.value, end: $0.value + $0.size, name: try table.name(of: $0)) }
        return thread.frames.compactMap { frame in
            let address =
                (frame.kind == .returnAddress ? frame.address - 1 : frame.address) &- base &+ object.baseAddress
            return functions.first { $0.start <= address && address < $0.end }?.name
        }
    }

    private func build(_ workshop: CrashWorkshop, _ source: String, _ flags: [String]) throws -> String {
        try workshop.build(
            "program", ["aarch64-linux-gnu-gcc", "-g", "-O1", "-fno-optimize-sibling-calls"] + flags, source: source)
    }

    @Test(arguments: [["-static"], []])
    func nestedCalls(flags: [String]) throws {
        let workshop = try CrashWorkshop()
        let program = try build(workshop, "nested.c", flags)
        let own = ["innermost", "middle", "outer", "main"]
        let runs: [(how: String, signal: Int, innermost: [String])] = [
            ("segv", 11, own), ("trap", 5, own), ("bad-call", 11, own), ("abort", 6, own),
            ("handler", 4, ["on_signal"] + own),
        ]
        for run in runs {
            let core = try workshop.crash(
                program, [run.how], prefix: ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"])
            let dump = try unwound(core) { $0.path == program ? [(program, false)] : [] }
            #expect(dump.inspection.architecture == "aarch64")
            #expect(dump.signal == run.signal, "\(run.how)")
            #expect(dump.inspection.notes.contains { $0.contains("no NT_FILE") })
            let module = try #require(dump.inspection.modules.first { $0.path == program })
            let thread = try #require(dump.threads.first)
            let found = try names(thread, program, base: module.start).filter { (["on_signal"] + own).contains($0) }
            #expect(found == run.innermost, "\(run.how) \(thread)")
            #expect(thread.end == UnwoundThread.outermost, "\(run.how): \(thread.end)")
            #expect(thread.registers.contains { $0.name == "x29" && $0.value != 0 })
            if run.how == "handler" {
                // The handler's caller is the trampoline, and what it interrupted is exact.
                let exact = thread.frames.indices.filter { thread.frames[$0].kind == .programCounter }
                #expect(exact.count == 3 && exact[2] == exact[1] + 1)
            }
            // Without any file the chain of frame pointers gives the same of the program.
            let bare = try #require(try unwound(core) { _ in [] }.threads.first)
            let byPointers = try names(bare, program, base: module.start).filter { (["on_signal"] + own).contains($0) }
            #expect(byPointers == run.innermost, "\(run.how) \(bare)")
        }
    }

    @Test func severalThreads() throws {
        let workshop = try CrashWorkshop()
        let program = try build(workshop, "threads.c", ["-static", "-pthread"])
        let core = try workshop.crash(program, prefix: ["qemu-aarch64"])
        let dump = try unwound(core) { $0.path == program ? [(program, false)] : [] }
        #expect(dump.threads.count == 5)
        let stacks = try dump.threads.map { try names($0, program, base: 0x40_0000) }
        #expect(stacks[0] == [String](repeating: "die", count: 6) + ["crasher"] + stacks[0].suffix(2))
        for function in ["read_for_ever", "waiter", "spinner", "main"] {
            #expect(stacks.contains { $0.contains(function) }, "\(function): \(stacks)")
        }
        #expect(dump.threads.allSatisfy { $0.end == UnwoundThread.outermost })
    }
}
