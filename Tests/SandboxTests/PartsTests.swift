import Testing

@testable import Sandbox

@Suite struct ReplyFrameTests {
    private func frame(_ body: [UInt8], isFailure: Bool = false) -> [UInt8] {
        ReplyFrame.readyMark + ReplyFrame.header(isFailure: isFailure, length: body.count) + body
    }

    @Test func framesComeBack() {
        let body = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        #expect(ReplyFrame.parse(frame(body)) == .reply(body))
        #expect(ReplyFrame.parse(frame([])) == .reply([]))
        #expect(ReplyFrame.parse(frame(Array("no".utf8), isFailure: true)) == .failure("no"))
    }

    @Test func everyTruncationAndExcessIsMalformed() {
        let whole = frame([1, 2, 3])
        for length in 0..<whole.count {
            guard case .malformed = ReplyFrame.parse(Array(whole.prefix(length))) else {
                Issue.record("\(length) bytes were accepted")
                continue
            }
        }
        #expect(ReplyFrame.parse(whole + [0]) == .malformed("the header claims 3 bytes, 4 came"))
    }

    @Test func hostileHeadersAreMalformed() {
        let endless = ReplyFrame.readyMark + [0] + [UInt8](repeating: 0xff, count: 8)
        #expect(ReplyFrame.claimedLength(endless) == .max)
        #expect(ReplyFrame.parse(endless) == .malformed("the header claims \(UInt64.max) bytes, 0 came"))
        #expect(
            ReplyFrame.parse(ReplyFrame.readyMark + [9] + [UInt8](repeating: 0, count: 8))
                == .malformed("unknown kind 9"))
        let long = [UInt8](repeating: 65, count: ReplyFrame.maximumMessage + 1)
        #expect(ReplyFrame.parse(frame(long, isFailure: true)) == .malformed("an error text of 65537 bytes"))
    }

    @Test func wordsAreCleaned() {
        #expect(CleanText.string(Array("a\u{7}b\u{1b}[2J\n\u{202e}c \n".utf8)) == "a\u{fffd}b\u{fffd}[2J\n\u{fffd}c")
        #expect(CleanText.string([0xff, 0x41]) == "\u{fffd}A")
    }
}

@Suite struct SlotsTests {
    /// Many takers, some cancelled at any moment: never more inside than slots, and all slots back at the end.
    @Test func neverExceedsTheCountAndLosesNone() async {
        let slots = Slots(count: 3)
        let inside = Counter()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<300 {
                group.addTask {
                    let task = Task {
                        guard await slots.take() else { return }
                        await inside.enter()
                        await Task.yield()
                        await inside.leave()
                        slots.give()
                    }
                    if number % 3 == 0 { task.cancel() }
                    await task.value
                }
            }
        }
        #expect(await inside.most <= 3)
        #expect(await inside.most > 0)
        for _ in 0..<3 { #expect(await slots.take()) }
        let extra = Task { await slots.take() }
        extra.cancel()
        #expect(await extra.value == false)
    }

    private actor Counter {
        private var now = 0
        private(set) var most = 0

        func enter() {
            now += 1
            most = max(most, now)
        }

        func leave() { now -= 1 }
    }
}

@Suite struct SandboxErrorTests {
    @Test func deathsAreToldFromTheMachinesFaults() {
        #expect(!SandboxError.cannotStart(task: "t", operation: "vfork", code: 11).isDeath)
        #expect(!SandboxError.unavailable(task: "t", part: "seccomp", code: 38).isDeath)
        #expect(!SandboxError.cancelled(task: "t").isDeath)
        #expect(!SandboxError.taskFailed(task: "t", message: "m").isDeath)
        #expect(SandboxError.malformedReply(task: "t", reason: "r", traces: "").isDeath)
        #expect(SandboxError.died(task: "t", signal: 9, limits: .default, traces: "").isDeath)
    }

    @Test func textsNameTaskLimitAndRemedy() {
        let memory = SandboxError.limitReached(
            task: "build", limit: .memory(512 << 20), isCertain: false, traces: "bad_alloc")
        #expect(
            memory.description
                == "sandboxed task 'build' died, probably at its memory limit of 512 MiB; if the file is "
                + "trustworthy, raise --parser-memory; its last words: bad_alloc")
        let clock = SandboxError.limitReached(
            task: "inspect", limit: .wallClock(.seconds(30)), isCertain: true, traces: "")
        #expect(clock.description.contains("'inspect' reached its time limit of 30.0 seconds"))
        let start = SandboxError.cannotStart(task: "build", operation: "pipe2", code: 24)
        #expect(start.description.contains("pipe2: Too many open files"))
    }
}
