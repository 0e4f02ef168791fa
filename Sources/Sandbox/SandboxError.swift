import CSandbox
import Glibc

/// Why a sandboxed task gave no reply. Every case knows its task; every text says what happened, where, and what to do.
public enum SandboxError: Error, Sendable, Equatable {
    /// This machine could not start a child: no fault of the file. `operation` is the call that failed, `code` its
    /// errno.
    case cannotStart(task: String, operation: String, code: Int32)
    /// The kernel or an outer sandbox refused `part` of this one, so nothing was parsed: no fault of the file.
    case unavailable(task: String, part: String, code: Int32)
    /// The Swift task was cancelled; the child is dead.
    case cancelled(task: String)
    /// The task ran and answered with an error of its own, for example a malformed section.
    case taskFailed(task: String, message: String)
    /// The child was stopped at a limit. `isCertain` is false when only circumstances speak for it.
    case limitReached(task: String, limit: SandboxLimit, isCertain: Bool, traces: ChildTraces)
    /// The seccomp filter killed the child for a system call off its list.
    case forbiddenSystemCall(task: String, traces: ChildTraces)
    /// The child died of a signal.
    case died(task: String, signal: Int32, limits: SandboxLimits, traces: ChildTraces)
    /// The child ended by itself, without a reply.
    case exited(task: String, status: Int32, traces: ChildTraces)
    /// The reply is not framed as it should be.
    case malformedReply(task: String, reason: String, traces: ChildTraces)

    /// The child did not survive its input: such a file is quarantined after a few tries. The other cases are the
    /// machine's fault, the caller's wish, or a proper answer that trying again would only repeat.
    public var isDeath: Bool {
        switch self {
        case .cannotStart, .unavailable, .cancelled, .taskFailed: false
        case .limitReached, .forbiddenSystemCall, .died, .exited, .malformedReply: true
        }
    }

    /// The task that was asked for.
    public var task: String {
        switch self {
        case .cannotStart(let task, _, _), .unavailable(let task, _, _), .cancelled(let task), .taskFailed(let task, _),
            .limitReached(let task, _, _, _), .forbiddenSystemCall(let task, _), .died(let task, _, _, _),
            .exited(let task, _, _), .malformedReply(let task, _, _):
            task
        }
    }
}

extension SandboxError: CustomStringConvertible {
    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        "sandboxed task '\(task)' " + outcome
    }

    private var outcome: String {
        switch self {
        case .cannotStart(_, let operation, let code):
            "could not be started: \(operation): \(Self.text(code)); check the machine's limits on "
                + "processes, descriptors and memory"
        case .unavailable(_, let part, let code):
            "was not run: this kernel or container refuses \(Self.words(part)) (\(Self.text(code)))"
                + Self.remedy(part)
        case .cancelled:
            "was cancelled"
        case .taskFailed(_, let message):
            "failed: \(message)"
        case .limitReached(_, let limit, let isCertain, let traces):
            (isCertain ? "reached its \(limit)" : "died, probably at its \(limit)") + Self.during(traces)
                + (limit.setting.map { "; if the file is trustworthy, raise \($0)" }
                    ?? "; the file is malformed or hostile")
                + Self.quoted(traces)
        case .forbiddenSystemCall(_, let traces):
            "was killed for a system call that its filter forbids\(Self.during(traces)); the file is malformed or "
                + "hostile"
                + Self.quoted(traces)
        case .died(_, let signal, let limits, let traces):
            "died of \(Self.name(ofSignal: signal))\(Self.during(traces)); its "
                + "\(SandboxLimit.memory(limits.memory)) and \(SandboxLimit.processorTime(limits.processorSeconds)) were not seen to be reached"
                + Self.quoted(traces)
        case .exited(_, let status, let traces):
            "ended with status \(status) without a reply" + Self.during(traces) + Self.quoted(traces)
        case .malformedReply(_, let reason, let traces):
            "sent a malformed reply: \(reason)" + Self.quoted(traces)
        }
    }

    private static func words(_ part: String) -> String {
        part == "seccomp" ? "seccomp filters" : part
    }

    private static func remedy(_ part: String) -> String {
        part == CSANDBOX_RESOURCE_LIMITS
            ? "; allow them (prlimit64)"
            : "; allow it, or accept a weaker sandbox with --sandbox=limits-only"
    }

    private static func during(_ traces: ChildTraces) -> String {
        traces.work.isEmpty ? "" : " while \(traces.work)"
    }

    private static func quoted(_ traces: ChildTraces) -> String {
        traces.standardError.isEmpty ? "" : "; its last words: \(traces.standardError)"
    }

    /// What the C library says to an error number.
    static func text(_ code: Int32) -> String {
        // strerror_r: errors are described on many threads.
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            buffer.initialize(repeating: 0)
            let text = buffer.baseAddress.unsafelyUnwrapped
            return strerror_r(code, text, buffer.count - 1) == 0 ? String(cString: text) : "error \(code)"
        }
    }

    private static func name(ofSignal signal: Int32) -> String {
        let names: [Int32: String] = [
            SIGABRT: "SIGABRT", SIGSEGV: "SIGSEGV", SIGBUS: "SIGBUS", SIGILL: "SIGILL", SIGTRAP: "SIGTRAP",
            SIGFPE: "SIGFPE", SIGKILL: "SIGKILL, from outside or from the kernel when memory ran out",
            SIGTERM: "SIGTERM",
        ]
        return names[signal] ?? "signal \(signal)"
    }
}
