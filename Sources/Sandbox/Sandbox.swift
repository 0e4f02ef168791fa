import CSandbox
import Glibc

/// Runs one task on untrusted bytes in a child process that can do almost nothing else.
///
///     parent (worker, command)                     child: the same executable, `--sandbox-child`
///     ────────────────────────                     ─────────────────────────────────────────────
///     run(task:request:descriptors:) ── vfork ──▶  only the handed descriptors, an empty environment,
///        │  poll: reply, stderr, death, clock,     limits, own session, dies with its parent
///        │        memory, progress, cancellation   SandboxChild.main: Landlock, seccomp, ready mark
///        │                                         ◀── request (sealed memory) on stdin
///        ▼        ◀── progress, work (memory) ──   the task reads descriptors 3, 4, …, on several threads if it likes
///     reply bytes, or a SandboxError    ◀── frame ──  reply, or the task's own error
///
/// The parent believes nothing a child says beyond its own file: replies are framed and limited, words are cleaned, the
/// clock and the count of its memory are the parent's. Each running child has one thread here, so no blocking call
/// happens on Swift's own threads, and at most `simultaneousChildren` run at once; the rest wait in order.
///
/// Cost of a round trip, without the task's own work: starting the executable (a few milliseconds, mostly loading its
/// libraries) and building the filter (below one). So thousands of small files are a matter of seconds a core; hand
/// several questions about *one* file to one child, never several files, because a file that takes the child over would
/// answer for the others.
public struct Sandbox: Sendable {
    /// The program that children run.
    public let executable: SandboxExecutable
    /// What must be in force before a child reads its request.
    public let policy: SandboxPolicy
    /// The limits of tasks that do not bring their own.
    public let limits: SandboxLimits

    private let slots: Slots

    /// A sandbox whose copies share one bound on simultaneous children (default: the number of processors).
    public init(
        executable: SandboxExecutable, policy: SandboxPolicy = .strict, limits: SandboxLimits = .default,
        simultaneousChildren: Int? = nil
    ) {
        self.executable = executable
        self.policy = policy
        self.limits = limits
        slots = Slots(count: max(1, simultaneousChildren ?? ProcessorCount.available))
    }

    /// Tests set it to false; see ``ChildSupervision/canWatchMemory``.
    var canWatchMemory = true

    /// Runs `task` in a new child and returns its reply.
    ///
    /// - Parameters:
    ///   - task: A name in the child's table of tasks.
    ///   - request: The bytes that the task gets.
    ///   - descriptors: Open descriptors, which the child sees as 3, 4, … in this order; at most 200. They stay the
    ///     caller's and must stay open until this returns. The child shares their file offsets.
    ///   - limits: Instead of the sandbox's own.
    ///   - onProgress: Gets what the task says with ``SandboxChild/progress(done:total:)``, when it changed, at most
    ///     ten times a second and once more at the end; `done` is at most `total`, and otherwise nothing about the numbers
    ///     is certain. Called on the thread that watches the child: it must be quick.
    /// - Throws: ``SandboxError``. Cancelling the surrounding Swift task kills the child and throws `.cancelled`.
    public func run(
        task: String, request: [UInt8], descriptors: [Int32], limits: SandboxLimits? = nil,
        onProgress: (@Sendable (_ done: UInt64, _ total: UInt64) -> Void)? = nil
    ) async throws(SandboxError) -> [UInt8] {
        guard await slots.take() else { throw .cancelled(task: task) }
        defer { slots.give() }
        guard let cancellation = Cancellation() else {
            throw .cannotStart(task: task, operation: "eventfd", code: errno)
        }
        let supervision = ChildSupervision(
            executable: executable, policy: policy, limits: limits ?? self.limits, task: task, request: request,
            descriptors: descriptors, cancellation: cancellation, onProgress: onProgress,
            canWatchMemory: canWatchMemory)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                DedicatedThread.run(orFailWith: {
                    .failure(.cannotStart(task: task, operation: "pthread_create", code: $0))
                }) {
                    supervision.run()
                } then: { (result: Result<[UInt8], SandboxError>) in
                    continuation.resume(returning: result)
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
        return try result.get()
    }

    /// The version of Landlock that this kernel has, 0 without: for diagnostics.
    public static var landlockVersion: Int {
        Int(csandbox_landlock_version())
    }
}
