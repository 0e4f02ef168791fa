/// What one child may use. Whichever limit is reached first ends it, and the error names that one.
///
/// An operator's tighter limits (`ulimit`, a container's) stand: none of these raises them.
public struct SandboxLimits: Sendable, Equatable, Hashable {
    /// Memory in bytes: heap, stacks and whatever else is private to the child, in RAM or swapped out, with its page
    /// tables. Mapped input files do not count, nor does address space that was reserved and not touched.
    ///
    /// No limit of the kernel's counts that, so the parent looks several times a second (as often as the child could
    /// reach the limit between two looks) and kills. Where it cannot look (no /proc, or one that hides processes), this
    /// is the limit of address space instead, and large files need a larger one.
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
    /// Address space in bytes that may be reserved beyond `memory` (`RLIMIT_AS` is the sum): mapped input files, stacks
    /// of threads, room for sections that are being decompressed. Costs nothing until touched.
    public var reservations: UInt64

    /// `RLIMIT_AS`.
    var addressSpace: UInt64 {
        let (sum, isOverflow) = memory.addingReportingOverflow(reservations)
        return isOverflow ? .max >> 1 : sum
    }

    /// Limits that fit the debug information of a large program.
    public init(
        memory: UInt64 = 4 << 30, processorSeconds: UInt64 = 120, wallClock: Duration = .seconds(300),
        fileSize: UInt64 = 1 << 30, replySize: Int = 16 << 20, openFiles: UInt64 = 64, stack: UInt64 = 64 << 20,
        reservations: UInt64 = 64 << 30
    ) {
        self.memory = memory
        self.processorSeconds = processorSeconds
        self.wallClock = wallClock
        self.fileSize = fileSize
        self.replySize = replySize
        self.openFiles = openFiles
        self.stack = stack
        self.reservations = reservations
    }

    /// The limits of the initialiser's default arguments.
    public static let `default` = SandboxLimits()
}

/// How much of the sandbox must be in force before the child may read its request.
public enum SandboxPolicy: String, Sendable, Equatable, Hashable {
    /// Limits, no_new_privs, Landlock where the kernel has it, and the seccomp filter; when one of them is missing
    /// nothing is parsed.
    case strict
    /// No seccomp filter: for kernels and containers that refuse one. Limits must be in force; no_new_privs, death with
    /// the parent and Landlock are, where the kernel goes along.
    ///
    /// What this gives up: a parser taken over by a malicious file may then create sockets and processes, and, without
    /// Landlock, open whatever this user may open.
    case limitsOnly = "limits-only"
}

/// A limit that a child hit.
public enum SandboxLimit: Sendable, Equatable, Hashable {
    /// Memory, bytes.
    case memory(UInt64)
    /// Address space, bytes: ``SandboxLimits/memory`` and ``SandboxLimits/reservations`` together.
    case addressSpace(UInt64)
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
    /// The limit's name and value.
    public var description: String {
        switch self {
        case .memory(let bytes): "memory limit of \(Self.size(bytes))"
        case .addressSpace(let bytes): "address space limit of \(Self.size(bytes))"
        case .processorTime(let seconds): "processor time limit of \(seconds) s"
        case .wallClock(let duration): "time limit of \(duration)"
        case .fileSize(let bytes): "output file limit of \(Self.size(bytes))"
        case .replySize(let bytes): "reply limit of \(Self.size(UInt64(clamping: bytes)))"
        }
    }

    /// The option that raises the limit; `nil` for one that is not meant to be raised.
    public var setting: String? {
        switch self {
        case .memory, .addressSpace: "--parser-memory"
        case .processorTime: "--parser-cpu"
        case .wallClock: "--parser-time"
        case .fileSize: "--parser-output"
        case .replySize: nil
        }
    }

    private static func size(_ bytes: UInt64) -> String {
        if bytes >= 1 << 20, bytes % (1 << 20) == 0 { return "\(bytes >> 20) MiB" }
        return bytes == 1 ? "1 byte" : "\(bytes) bytes"
    }
}
