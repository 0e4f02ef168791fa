import CSandbox
import Glibc

/// What a dead child's status, words and reply mean.
struct ChildVerdict {
    let task: String
    let limits: SandboxLimits
    /// Its memory was looked at from here; else address space stood for it.
    let isMemoryWatched: Bool
    let stop: ChildWatch.Stop?
    /// As `waitpid` gives it.
    let status: Int32
    let reply: [UInt8]
    let traces: ChildTraces

    func result() throws(SandboxError) -> [UInt8] {
        switch stop {
        case .cancelled: throw .cancelled(task: task)
        case .wallClock: throw reached(.wallClock(limits.wallClock))
        case .replySize: throw reached(.replySize(limits.replySize))
        case .memory: throw reached(.memory(limits.memory))
        case nil: break
        }
        let signal = status & 0x7f
        if signal != 0 { throw death(by: signal) }
        let exitStatus = (status >> 8) & 0xff
        if exitStatus != 0 { throw exit(exitStatus) }
        switch ReplyFrame.parse(reply) {
        case .reply(let bytes): return bytes
        case .failure(let message): throw .taskFailed(task: task, message: message)
        case .malformed(let reason): throw .malformedReply(task: task, reason: reason, traces: traces)
        }
    }

    private func death(by signal: Int32) -> SandboxError {
        switch signal {
        case SIGSYS: .forbiddenSystemCall(task: task, traces: traces)
        case SIGXCPU: reached(.processorTime(limits.processorSeconds))
        case SIGXFSZ: reached(.fileSize(limits.fileSize))
        case _ where wordsSpeakOfMemory: reached(addressSpace, isCertain: false)
        default: .died(task: task, signal: signal, limits: limits, traces: traces)
        }
    }

    private func exit(_ exitStatus: Int32) -> SandboxError {
        let refusal = SandboxChild.ExitStatus(rawValue: exitStatus)
        if refusal == .memoryExhausted { return reached(addressSpace, isCertain: false) }
        // Believed only from a child that had not yet seen its request.
        if let refusal, let part = refusal.missingPart, !ReplyFrame.isReady(reply) {
            return .unavailable(task: task, part: part, code: Int32(traces.standardError) ?? 0)
        }
        // ld.so's status when there is not enough memory to load the program.
        if exitStatus == 127, wordsSpeakOfMemory { return reached(addressSpace, isCertain: false) }
        return .exited(task: task, status: exitStatus, traces: traces)
    }

    private func reached(_ limit: SandboxLimit, isCertain: Bool = true) -> SandboxError {
        .limitReached(task: task, limit: limit, isCertain: isCertain, traces: traces)
    }

    /// The limit that an allocation which the kernel refused has met.
    private var addressSpace: SandboxLimit {
        isMemoryWatched ? .addressSpace(limits.addressSpace) : .memory(limits.memory)
    }

    /// A single allocation beyond the limit leaves the address space as roomy as it was; only the words tell.
    private var wordsSpeakOfMemory: Bool {
        let words = traces.standardError.lowercased()
        return [
            "bad_alloc", "allocate memory", "failed to allocate", "failed to map", "cannot map", "out of memory",
            "memory allocation",
        ].contains {
            words.contains($0)
        }
    }
}
