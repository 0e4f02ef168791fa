import Sandbox
import Testing

@testable import DebugFiles

@Suite struct SandboxedObjectParserTests {
    /// What the sandbox says of a child decides whether the file is to blame.
    @Test(arguments: [
        (SandboxError.taskFailed(task: "build", message: "e_shoff: outside"), ImageStatus.malformed, false),
        (.died(task: "build", signal: 11, limits: .default, standardError: ""), .other, true),
        (.exited(task: "build", status: 3, standardError: ""), .other, true),
        (.forbiddenSystemCall(task: "build", standardError: ""), .other, true),
        (.malformedReply(task: "build", reason: "short", standardError: ""), .other, true),
        (.limitReached(task: "build", limit: .memory(1), isCertain: true, standardError: ""), .other, true),
        (
            .limitReached(task: "build", limit: .wallClock(.seconds(1)), isCertain: true, standardError: ""), .timeout,
            true
        ),
        (.limitReached(task: "build", limit: .processorTime(1), isCertain: true, standardError: ""), .timeout, true),
        (.cannotStart(task: "build", operation: "vfork", code: 12), .other, false),
        (.unavailable(task: "build", part: "seccomp", code: 1), .other, false),
        (.cancelled(task: "build"), .other, false),
    ])
    func verdicts(_ error: SandboxError, _ status: ImageStatus, _ counts: Bool) {
        let mapped = ObjectParserError(error)
        #expect(IndexFailure(mapped).status == status)
        #expect(mapped.countsTowardsQuarantine == counts)
    }
}
