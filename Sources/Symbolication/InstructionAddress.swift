/// How the address of a frame relates to the instruction that is meant.
///
///     call f            <- the instruction a person wants to see
///     mov …             <- what the stack holds: the return address
///
/// A program counter is looked up as it is; a return address one instruction back, since the next instruction may
/// belong to another line, another inlined call, another function, or, behind a call that never returns, another image.
enum AddressMeaning: Equatable, Sendable {
    /// The instruction itself: a program counter, an async resume point, or what an unwinder has adjusted already.
    case instruction
    /// The instruction after a call.
    case returnAddress
}

/// Processor families that differ in how far back a call lies.
enum ArchitectureFamily: Equatable, Sendable {
    case x86
    case arm
    case arm64
    case mips
    case powerPC
    /// RISC-V and whatever is not known: one byte back is inside the call, whatever its length.
    case other

    /// The family of an architecture's usual name (`x86_64`, `amd64`, `arm64e`, `aarch64`, `armv7l`, …).
    init(name: String) {
        let name = name.lowercased()
        switch name {
        case "x86", "x86_64", "x86-64", "amd64", "i386", "i486", "i586", "i686", "x64", "x86_64h": self = .x86
        case _ where name.hasPrefix("arm64") || name.hasPrefix("aarch64"): self = .arm64
        case _ where name.hasPrefix("arm") || name.hasPrefix("thumb"): self = .arm
        case _ where name.hasPrefix("mips"): self = .mips
        case _ where name.hasPrefix("ppc") || name.hasPrefix("powerpc"): self = .powerPC
        default: self = .other
        }
    }

    /// The address to look up for `address`. Addresses too small to step back from stay as they are.
    func lookupAddress(_ address: UInt64, meaning: AddressMeaning) -> UInt64 {
        let aligned = address & ~(alignment - 1)
        guard meaning == .returnAddress else { return aligned }
        return aligned >= callDistance ? aligned - callDistance : aligned
    }

    /// Instructions start at multiples of this; the lowest bit of an ARM address only says "Thumb".
    private var alignment: UInt64 {
        switch self {
        case .arm: 2
        case .arm64, .mips, .powerPC: 4
        case .x86, .other: 1
        }
    }

    /// Bytes from a return address back into the call; MIPS has a delay slot between the two.
    private var callDistance: UInt64 {
        switch self {
        case .x86, .other: 1
        case .arm: 2
        case .arm64, .powerPC: 4
        case .mips: 8
        }
    }
}

/// Signals that a thread's own instruction raises; Linux numbers. (On Linux 10 is `SIGUSR1`; `SIGBUS` is 7.)
enum CrashSignal {
    /// ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS.
    static let numbers: Set<Int> = [4, 5, 6, 7, 8, 11, 31]
}

/// What a stack trace says about its own addresses, and the meaning that follows for each frame.
///
/// First that decides: the frame's `data.symbolist.kind`; its `adjust_instruction_addr`; when another frame of the
/// trace has that flag, "return address"; the trace's `instruction_addr_adjustment`; and else the common case, by
/// position.
struct TraceAddressing: Sendable {
    /// A frame's own statements.
    struct Statement: Equatable, Sendable {
        /// From `data.symbolist.kind`; `nil` when absent or a marker.
        var kind: AddressMeaning?
        /// `adjust_instruction_addr`.
        var adjust: Bool?
    }

    /// A frame's meaning, and whether the event itself states it. What is not stated may be corrected after look-up.
    struct Decision: Equatable, Sendable {
        var meaning: AddressMeaning
        var isStated: Bool
    }

    /// Whether some frame of the trace has `adjust_instruction_addr`.
    var someFrameAdjusts: Bool
    /// `instruction_addr_adjustment`: `none`, `all`, `all_but_first`; `auto`, absent and unknown words mean nothing.
    var adjustment: String?
    /// Whether the innermost frame is not where the thread's instruction pointer was when it crashed: then the trace
    /// starts at a call.
    var innermostIsCall: Bool

    /// The meaning of one frame's address.
    func decide(_ statement: Statement, isInnermost: Bool) -> Decision {
        if let kind = statement.kind { return Decision(meaning: kind, isStated: true) }
        if let adjust = statement.adjust {
            return Decision(meaning: adjust ? .returnAddress : .instruction, isStated: true)
        }
        if someFrameAdjusts { return Decision(meaning: .returnAddress, isStated: false) }
        switch adjustment {
        case "none": return Decision(meaning: .instruction, isStated: true)
        case "all": return Decision(meaning: .returnAddress, isStated: isInnermost)
        case "all_but_first":
            return Decision(meaning: isInnermost ? .instruction : .returnAddress, isStated: isInnermost)
        default: break
        }
        let meaning: AddressMeaning = isInnermost && !innermostIsCall ? .instruction : .returnAddress
        return Decision(meaning: meaning, isStated: false)
    }
}

/// Functions that the kernel enters when a signal handler returns. The address of such a frame is the trampoline's
/// first instruction, and the frame it interrupted stopped at an exact program counter.
enum SignalTrampoline {
    private static let names: Set<String> = [
        "__restore_rt", "__restore", "__kernel_rt_sigreturn", "__kernel_sigreturn", "__default_rt_sa_restorer",
        "__default_sa_restorer", "__vdso_rt_sigreturn", "_sigtramp", "<signal handler called>",
    ]

    /// Whether `name` (a symbol or function name) is one.
    static func isOne(_ name: String) -> Bool { names.contains(name) }
}
