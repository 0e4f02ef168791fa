import Foundation
import ParserTasks
import Testing

@testable import Unwinding

/// Stacks of real cores against gdb's and eu-stack's, every thread, every frame.
@Suite(
    "Cores, compared with debuggers", .serialized,
    .enabled(if: CrashWorkshop.problem == nil, Comment(rawValue: "no cores here: \(CrashWorkshop.problem ?? "")")))
struct ComparisonTests {
    struct Program: Sendable, CustomTestStringConvertible {
        var source: String
        var compiler: [String]
        /// The arguments of each run, with the signal and whether it has a fault address.
        var runs: [(arguments: [String], signal: Int, hasAddress: Bool)]

        /// Threads may be dumped while they are being created, in code of libc that has no call-frame information.
        var mayLackTables = false

        var testDescription: String { source }
    }

    static let programs = [
        Program(
            source: "nested.c", compiler: ["gcc", "-g", "-O1", "-fno-optimize-sibling-calls"],
            runs: [
                (["segv"], 11, true), (["abort"], 6, false), (["bad-call"], 11, true), (["overflow"], 11, true),
                (["handler"], 4, false), (["handler-trap"], 4, true), (["trap"], 4, true), (["divide"], 8, true),
            ]),
        Program(source: "threads.c", compiler: ["gcc", "-g", "-O1", "-pthread"], runs: [([], 11, true)]),
        Program(source: "throw.cpp", compiler: ["g++", "-g", "-O1"], runs: [([], 6, false)]),
        Program(
            source: "null.rs", compiler: ["rustc", "-g", "-O", "-C", "panic=abort"],
            runs: [([], 11, true), (["panic"], 6, false)]),
        Program(source: "sync.swift", compiler: CrashWorkshop.swiftc, runs: [([], 4, true)]),
        Program(
            source: "async.swift", compiler: CrashWorkshop.swiftc, runs: [([], 4, true), (["group"], 4, true)],
            mayLackTables: true),
    ]

    @Test(arguments: programs.filter { CrashWorkshop.has($0.compiler[0]) })
    func sameFrames(program: Program) throws {
        let workshop = try CrashWorkshop()
        let executable = try workshop.build("program", program.compiler, source: program.source)
        let limit = 600
        for run in program.runs {
            let core = try workshop.crash(executable, run.arguments)
            let dump = try unwoundLocally(core, limits: UnwindLimits(framesPerThread: limit))
            #expect(dump.signal == run.signal)
            #expect((dump.faultAddress != nil) == run.hasAddress)
            #expect(dump.processName == "program")
            #expect(dump.threads.first?.isCrashed == true)
            #expect(dump.notes == [])
            let gdb = try Debuggers.gdb(executable, core, limit: limit, workshop)
            let elfutils = try Debuggers.elfutils(executable, core, limit: limit, workshop)
            #expect(Set(dump.threads.map(\.id)) == Set(gdb.keys))
            var compared = 0
            for thread in dump.threads {
                let place = "\(program.source) \(run.arguments) thread \(thread.id), end: \(thread.end)"
                var gdbFrames = try #require(gdb[thread.id])
                let elfutilsFrames = try #require(elfutils[thread.id])
                // gdb shows what it read as a frame even when that is 0.
                if gdbFrames.count > 1, gdbFrames.last == 0 { gdbFrames.removeLast() }
                #expect(hexadecimal(thread.physical) == hexadecimal(gdbFrames), "gdb, \(place)")
                compared += thread.physical.count
                // Without call-frame information eu-stack takes whatever the frame pointer leads to.
                let isCovered = !thread.frames.contains { $0.trust == "fp" } && thread.end == UnwoundThread.outermost
                if isCovered {
                    #expect(hexadecimal(thread.physical) == hexadecimal(elfutilsFrames), "eu-stack, \(place)")
                }
                #expect(
                    isCovered || program.mayLackTables || run.arguments == ["bad-call"] || run.arguments == ["overflow"]
                )
            }
            print("compared \(program.source) \(run.arguments): \(dump.threads.count) threads, \(compared) frames")
        }
    }

    private func hexadecimal(_ frames: [UInt64]) -> [String] {
        frames.map { String($0, radix: 16) }
    }
}

extension CrashWorkshop {
    /// Frame pointers are what the runtime's own reporter walks.
    static let swiftc = ["swiftc", "-O", "-g", "-parse-as-library", "-Xcc", "-fno-omit-frame-pointer"]
}
