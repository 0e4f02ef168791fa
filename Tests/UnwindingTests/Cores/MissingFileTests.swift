import Foundation
import ParserTasks
import Testing

@testable import Unwinding

/// What is left of a stack when files are not there, are the wrong ones, or keep their tables elsewhere.
@Suite(
    "Missing and separate files", .serialized,
    .enabled(if: CrashWorkshop.problem == nil, Comment(rawValue: "no cores here: \(CrashWorkshop.problem ?? "")")))
struct MissingFileTests {
    @Test func framePointersWithoutAnyFile() throws {
        let workshop = try CrashWorkshop()
        let program = try workshop.build(
            "program", ["gcc", "-O1", "-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"],
            source: "nested.c")
        let core = try workshop.crash(program, ["segv"])
        let whole = try #require(try unwoundLocally(core).threads.first)
        let bare = try unwound(core) { _ in [] }
        let thread = try #require(bare.threads.first)
        // innermost, middle, outer, main, and main's caller in libc, which keeps no frame pointers.
        #expect(thread.physical == Array(whole.physical.prefix(5)))
        #expect(thread.frames.map(\.trust) == ["context", "fp", "fp", "fp", "fp"])
        let libc = try #require(bare.inspection.modules.first { $0.path.contains("libc.so") })
        let id = try #require(libc.buildID)
        #expect(
            thread.end
                == "no call-frame information for \(libc.path) (no file with build id \(id)): frame pointers end too")

        // The program's file alone: its frames by its tables.
        let own = try #require(try unwound(core) { $0.path == program ? [(program, false)] : [] }.threads.first)
        #expect(own.physical == Array(whole.physical.prefix(5)))
        #expect(own.frames.map(\.trust) == ["context", "cfi", "cfi", "cfi", "cfi"])
        #expect(own.end == thread.end)
    }

    @Test func wrongFilesAreNotUsed() throws {
        let workshop = try CrashWorkshop()
        let program = try workshop.build("program", ["gcc", "-O1", "-g"], source: "nested.c")
        let other = try workshop.build("other", ["gcc", "-O0", "-g"], source: "nested.c")
        let core = try workshop.crash(program, ["segv"])
        let dump = try unwound(core) { $0.path == program ? [(other, false)] : [] }
        #expect(dump.notes.count == 1)
        #expect(dump.notes.first?.contains("other is not for \(program): its build id is") == true)
        #expect(dump.threads.first?.end.contains("no file with build id") == true)
        // Text instead of a file, and a module that does not exist.
        let junk = try unwound(core) { $0.path == program ? [(CrashWorkshop.fixtures + "/nested.c", false)] : [] }
        #expect(junk.notes.first?.contains("not an ELF file") == true)
    }

    @Test func tablesInTheDebugFile() throws {
        let workshop = try CrashWorkshop()
        // No .eh_frame: .debug_frame is all there is, and strip takes it away.
        let program = try workshop.build(
            "program",
            [
                "gcc", "-O1", "-g", "-gz", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables",
                "-fno-optimize-sibling-calls",
            ], source: "nested.c")
        let debugFile = workshop.path("program.debug")
        let stripped = workshop.path("stripped")
        try workshop.run(["objcopy", "--only-keep-debug", program, debugFile])
        try workshop.run(["strip", "-o", stripped, program])
        let core = try workshop.crash(program, ["abort"])
        let gdb = try Debuggers.gdb(program, core, limit: 100, workshop)
        func frames(_ files: [(String, Bool)]) throws -> [UInt64] {
            try unwound(core) { $0.path == program ? files.map { ($0.0, $0.1) } : [($0.path, false)] }.threads[0]
                .physical
        }
        let whole = try #require(gdb.values.first)
        #expect(try frames([(program, false)]) == whole)
        #expect(try frames([(stripped, false), (debugFile, true)]) == whole)
        #expect(try frames([(debugFile, true)]) == whole)
        #expect(try frames([(stripped, false)]).count < whole.count)
    }

    @Test func trampolineWithoutTables() throws {
        let workshop = try CrashWorkshop()
        let program = try workshop.build(
            "program", ["gcc", "-O1", "-g", "-static", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls"],
            source: "nested.c")
        let bare = workshop.path("bare")
        try workshop.run(["objcopy", "--remove-section=.eh_frame", program, bare])
        let core = try workshop.crash(program, ["handler-trap"])
        let whole = try #require(try unwoundLocally(core).threads.first)
        let thread = try #require(
            try unwound(core) { $0.path == program ? [(bare, false)] : [($0.path, false)] }.threads.first)
        // The handler, the trampoline by its code in the file, and what was interrupted by the kernel's record.
        #expect(thread.physical.prefix(3) == whole.physical.prefix(3))
        #expect(thread.frames.prefix(3).map(\.kind) == [.programCounter, .programCounter, .programCounter])
        #expect(thread.frames.prefix(3).map(\.trust) == ["context", "fp", "fp"])
    }
}
