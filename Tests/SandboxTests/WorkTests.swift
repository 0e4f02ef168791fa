import Glibc
import Synchronization
import Testing

@testable import Sandbox

/// What a child says while it works, true or not.
@Suite struct WorkTests {
    private final class Numbers: Sendable {
        let seen = Mutex<[(UInt64, UInt64)]>([])
    }

    private func progress(_ task: String, _ request: String) async throws -> [(UInt64, UInt64)] {
        let numbers = Numbers()
        _ = try await TestSupport.sandbox().run(task: task, request: Array(request.utf8), descriptors: []) {
            done, total in
            numbers.seen.withLock { $0.append((done, total)) }
        }
        return numbers.seen.withLock { $0 }
    }

    @Test func progressArrives() async throws {
        let seen = try await progress("progress", "1000")
        #expect(seen.count >= 2)
        #expect(seen.last.map { $0 == (1000, 1000) } == true)
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.0 < $1.0 })
    }

    /// However fast it is told: ten a second and the last.
    @Test func progressIsBounded() async throws {
        let start = ContinuousClock.now
        let seen = try await progress("progress", "3000000")
        let tenths = Int((ContinuousClock.now - start) / .milliseconds(100))
        #expect(seen.last.map { $0 == (3_000_000, 3_000_000) } == true)
        #expect(seen.count <= tenths + 2)
    }

    @Test func tasksWithoutProgressCallNobody() async throws {
        #expect(try await progress("echo", "").isEmpty)
    }

    @Test func nonsenseIsClamped() async throws {
        for (done, total) in try await progress("scribble", "") { #expect(done <= total && total > 0) }
    }

    @Test func wordsOfWorkAreCleanedAndBounded() async throws {
        guard case .died(_, SIGABRT, _, let traces) = try await TestSupport.failure("scribble", "!") else {
            Issue.record("not an abort")
            return
        }
        #expect(traces.work.hasPrefix("reading\u{fffd}[2J x x x"))
        #expect(traces.work.utf8.count < 200)
        #expect(!traces.work.contains("\n"))
    }

    @Test func everyLimitNamesTheWork() async throws {
        let clock = try await TestSupport.failure(
            "work-then-sleep", "sub/till.debug", limits: SandboxLimits(wallClock: .milliseconds(500)))
        #expect(
            clock?.description
                == "sandboxed task 'work-then-sleep' reached its time limit of 0.5 seconds while reading "
                + ".debug_abbrev of sub/till.debug; if the file is trustworthy, raise --parser-time")
        let processor = try await TestSupport.failure("work-then-spin", limits: SandboxLimits(processorSeconds: 1))
        #expect(
            processor?.description
                == "sandboxed task 'work-then-spin' reached its processor time limit of 1 s while reading "
                + ".debug_line of till at 0x7; if the file is trustworthy, raise --parser-cpu")
        let output = try TestSupport.file()
        defer { close(output) }
        let size = try await TestSupport.failure(
            "work-then-grow", descriptors: [output], limits: SandboxLimits(fileSize: 1 << 20))
        #expect(
            size?.description
                == "sandboxed task 'work-then-grow' reached its output file limit of 1 MiB while writing the index of "
                + "till; if the file is trustworthy, raise --parser-output")
    }

    /// Random bytes in the page: some text or none, never more than its bounds.
    @Test func anyPageIsReadable() throws {
        var random = SeededGenerator(state: 7)
        for round in 0..<300 {
            var page = (0..<16384).map { _ in UInt8.random(in: 0...255, using: &random) }
            // Plausible slots, or nearly all would be passed over.
            for slot in 0..<63 where round % 2 == 0 {
                page[64 + slot * 256 + 8] = UInt8.random(in: 0...3, using: &random)
                for byte in 9..<12 { page[64 + slot * 256 + byte] = 0 }
            }
            if round % 3 == 0 { for byte in 20..<24 { page[byte] = 0 } }
            let file = try TestSupport.file(page)
            defer { close(file) }
            let report = ChildReport(descriptor: file)
            #expect(report.work().utf8.count < 4000)
            if let progress = report.progress() { #expect(progress.done <= progress.total) }
        }
        let short = try TestSupport.file([1, 2, 3])
        defer { close(short) }
        #expect(ChildReport(descriptor: short).work() == "" && ChildReport(descriptor: short).progress() == nil)
    }

    /// In a process that is no child: nothing happens, one processor.
    @Test func outsideAChildNothingIsSaid() async {
        await #expect(processExitsWith: .success) {
            SandboxChild.progress(done: 1, total: 2)
            SandboxChild.working(on: "reading", of: "x", at: 1)
            SandboxChild.working(at: 2)
            SandboxChild.idle()
            #expect(SandboxChild.processorCount == 1)
        }
    }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
