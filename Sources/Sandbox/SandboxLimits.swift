/// What one child may use. Whichever limit is reached first ends it, and the error names that one.
///
/// An operator's tighter limits (`ulimit`, a container's) stand: none of these raises them.
public struct SandboxLimits: Sendable, Equatable, Hashable {
    /// Address space in bytes (`RLIMIT_AS`): heap, stacks, libraries and mapped input files together. The libraries of
    /// a Swift program take about 150 MiB of it.
    public var memory: UInt64
    /// Processor time in whole seconds, all threads together (`RLIMIT_CPU`).
    public var processorSeconds: UInt64
    /// Time from start to death as the parent's clock sees it.
    public var wallClock: Duration
    /// Size in bytes to which the child may make any file grow (`RLIMIT_FSIZE`).
    public var fileSize: UInt64
    /// Size of the reply in bytes; kept by the parent.
    public var replySize: Int
    /// Descriptors open at once (`RLIMIT_NOFILE`).
    public var openFiles: UInt64
    /// Size in bytes to which the main thread's stack may grow (`RLIMIT_STACK`); tasks run on the main thread.
    public var stack: UInt64

    /// Limits that fit the debug information of a large program.
    public init(
        memory: UInt64 = 4 << 30, processorSeconds: UInt64 = 120, wallClock: Duration = .seconds(300),
        fileSize: UInt64 = 1 << 30, replySize: Int = 16 << 20, openFiles: UInt64 = 64, stack: UInt64 = 64 << 20
    ) {
        self.memory = memory
        self.processorSeconds = processorSeconds
        self.wallClock = wallClock
        self.fileSize = fileSize
        self.replySize = replySize
        self.openFiles = openFiles
        self.stack = stack
    }

    /// The limits of the initialiser's default arguments.
    public static let `default` = SandboxLimits()
}

/// How much of the sandbox must be in force before the child may read its request.
public enum SandboxPolicy: String, Sendable, Equatable, Hashable {
    /// Limits, no_new_privs, Landlock where the kernel has it, and the seccomp filter; without the filter nothing is
    /// parsed.
    case strict
    /// No seccomp filter: for kernels and containers that refuse one. Limits, and Landlock where the kernel has it.
    ///
    /// What this gives up: a parser taken over by a malicious file may then create sockets and processes, and, without
    /// Landlock, open whatever this user may open.
    case limitsOnly = "limits-only"
}

/// A limit that a child hit.
public enum SandboxLimit: Sendable, Equatable, Hashable {
    /// Address space, bytes.
    case memory(UInt64)
    /// Processor time, seconds.
    case processorTime(UInt64)
    /// Time on the clock.
    case wallClock(Duration)
    /// Size of a file it wrote, bytes.
    case fileSize(UInt64)
    /// Size of its reply, bytes.
    case replySize(Int)
}

extension SandboxLimit: CustomStringConvertible {
    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .memory(let bytes): "memory limit of \(Self.size(bytes))"
        case .processorTime(let seconds): "processor time limit of \(seconds) s"
        case .wallClock(let duration): "time limit of \(duration)"
        case .fileSize(let bytes): "output file limit of \(Self.size(bytes))"
        case .replySize(let bytes): "reply limit of \(Self.size(UInt64(clamping: bytes)))"
        }
    }

    private static func size(_ bytes: UInt64) -> String {
        if bytes >= 1 << 20, bytes % (1 << 20) == 0 { return "\(bytes >> 20) MiB" }
        return bytes == 1 ? "1 byte" : "\(bytes) bytes"
    }
}
