import ParserTasks
import Sandbox
import Testing

@testable import DebugFiles

@Suite struct SandboxedObjectParserTests {
    /// What the sandbox says of a child decides whether the file is to blame.
    @Test(arguments: [
        (SandboxError.taskFailed(task: "build", message: "e_shoff: outside"), ImageStatus.malformed, false),
        (.died(task: "build", signal: 11, limits: .default, traces: ""), .other, true),
        (.exited(task: "build", status: 3, traces: ""), .other, true),
        (.forbiddenSystemCall(task: "build", traces: ""), .other, true),
        (.malformedReply(task: "build", reason: "short", traces: ""), .other, true),
        (.limitReached(task: "build", limit: .memory(1), isCertain: true, traces: ""), .other, true),
        (
            .limitReached(task: "build", limit: .wallClock(.seconds(1)), isCertain: true, traces: ""), .timeout,
            true
        ),
        (.limitReached(task: "build", limit: .processorTime(1), isCertain: true, traces: ""), .timeout, true),
        (.cannotStart(task: "build", operation: "vfork", code: 12), .other, false),
        (.unavailable(task: "build", part: "seccomp", code: 1), .other, false),
        (.cancelled(task: "build"), .other, false),
    ])
    func verdicts(_ error: SandboxError, _ status: ImageStatus, _ counts: Bool) {
        let mapped = ObjectParserError(error)
        #expect(IndexFailure(mapped).status == status)
        #expect(mapped.countsTowardsQuarantine == counts)
    }

    /// A refusal is the word of a healthy child: it says what kind of file it is, and is no death.
    @Test(arguments: [
        (ParserRefusal(kind: .malformed, message: "e_shoff: outside"), ImageStatus.malformed, true),
        (.init(kind: .unsupported, message: "machine 4711"), .unsupported, true),
        (.init(kind: .limit, limit: "sectionSize", message: ".debug_info of a.out"), .other, true),
        (.init(kind: .unavailable, message: "write: No space left on device"), .other, false),
    ])
    func refusals(_ refusal: ParserRefusal, _ status: ImageStatus, _ isFinal: Bool) {
        let mapped = ObjectParserError(refusal)
        let failure = IndexFailure(mapped)
        #expect(failure.status == status)
        #expect(failure.isFinal == isFinal)
        // On a child's word alone nothing is an outage: it would stop the worker.
        #expect(!failure.isOutage)
        #expect(!mapped.countsTowardsQuarantine)
        #expect(failure.reason.hasPrefix(refusal.message))
        #expect(refusal.limit.map(failure.reason.contains) ?? true)
    }
}
