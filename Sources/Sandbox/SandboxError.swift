import Glibc

/// Why a sandboxed task gave no reply. Every case knows its task; every text says what happened, where, and what to do.
public enum SandboxError: Error, Sendable, Equatable {
    /// This machine could not start a child: no fault of the file. `operation` is the call that failed, `code` its
    /// errno.
    case cannotStart(task: String, operation: String, code: Int32)
    /// The kernel refused a part of the sandbox, so nothing was parsed: no fault of the file.
    case unavailable(task: String, part: String, code: Int32)
    /// The Swift task was cancelled; the child is dead.
    case cancelled(task: String)
    /// The task ran and answered with an error of its own, for example a malformed section.
    case taskFailed(task: String, message: String)
    /// The child was stopped at a limit. `isCertain` is false when only circumstances speak for it.
    case limitReached(task: String, limit: SandboxLimit, isCertain: Bool, standardError: String)
    /// The seccomp filter killed the child for a system call off its list.
    case forbiddenSystemCall(task: String, standardError: String)
    /// The child died of a signal.
    case died(task: String, signal: Int32, limits: SandboxLimits, standardError: String)
    /// The child ended by itself, without a reply.
    case exited(task: String, status: Int32, standardError: String)
    /// The reply is not framed as it should be.
    case malformedReply(task: String, reason: String, standardError: String)

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
        case .unavailable(_, "seccomp", let code):
            "was not run: this kernel or container refuses seccomp filters (\(Self.text(code))); allow them, or "
                + "accept a weaker sandbox with --sandbox=limits-only"
        case .unavailable(_, let part, let code):
            "was not run: \(part) could not be put in force (\(Self.text(code)))"
        case .cancelled:
            "was cancelled"
        case .taskFailed(_, let message):
            "failed: \(message)"
        case .limitReached(_, let limit, let isCertain, let output):
            (isCertain ? "reached its \(limit)" : "died, probably at its \(limit)")
                + "; if the file is trustworthy, raise that limit" + Self.quoted(output)
        case .forbiddenSystemCall(_, let output):
            "was killed for a system call that its filter forbids; the file is malformed or hostile"
                + Self.quoted(output)
        case .died(_, let signal, let limits, let output):
            "died of \(Self.name(ofSignal: signal)); its \(SandboxLimit.memory(limits.memory)) and "
                + "\(SandboxLimit.processorTime(limits.processorSeconds)) were not seen to be reached"
                + Self.quoted(output)
        case .exited(_, let status, let output):
            "ended with status \(status) without a reply" + Self.quoted(output)
        case .malformedReply(_, let reason, let output):
            "sent a malformed reply: \(reason)" + Self.quoted(output)
        }
    }

    private static func quoted(_ output: String) -> String {
        output.isEmpty ? "" : "; its last words: \(output)"
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
