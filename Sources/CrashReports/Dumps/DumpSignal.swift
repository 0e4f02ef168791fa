/// A Linux signal as a core or minidump has it, in words: signal(7), sigaction(2).
///
/// | signal | code | words |
/// |---|---|---|
/// | 11 | 1 | `Segmentation fault at 0x0 (address not mapped)` |
/// | 11 | 128 | `Segmentation fault (without an address: probably not a canonical one)` |
/// | 6 | -6 | `Aborted (sent by the process itself)` |
struct DumpSignal: Equatable {
    let number: Int
    /// `si_code`.
    let code: Int?
    /// `si_addr` as it came; see ``faultAddress``.
    let address: UInt64?

    /// `SIGSEGV`; `SIGRTMIN+3`; `Signal 99` for a number that Linux does not have.
    var name: String {
        if let known = Self.signals[number] { return known.name }
        if (34...64).contains(number) { return number == 34 ? "SIGRTMIN" : "SIGRTMIN+\(number - 34)" }
        return "Signal \(number)"
    }

    /// `SEGV_MAPERR`, where the code has a name.
    var codeName: String? { meaning?.name }

    /// The address that the signal is about; `nil` where the field holds something else: only faults of the processor's
    /// have one, and a signal that was sent, by the kernel or by a process, is none.
    var faultAddress: UInt64? {
        guard Self.faults.contains(number), let address else { return nil }
        guard let code else { return address }
        return code > 0 && code != Self.sentByKernel ? address : nil
    }

    /// One sentence without a full stop.
    var sentence: String {
        var text = Self.signals[number]?.words ?? "Ended by \(name)"
        if let faultAddress { text += " at 0x" + String(faultAddress, radix: 16) }
        if let words = meaning?.words { text += " (\(words))" }
        return text
    }

    /// SI_KERNEL.
    private static let sentByKernel = 128
    /// Signals that the processor raises.
    private static let faults: Set<Int> = [4, 5, 7, 8, 11]

    private var meaning: (name: String, words: String)? {
        guard let code else { return nil }
        if code > 0, code != Self.sentByKernel { return Self.codes[number]?[code] }
        // x86 raises a general protection fault, which knows no address, for one that is not canonical.
        if number == 11, code == Self.sentByKernel {
            return ("SI_KERNEL", "without an address: probably not a canonical one")
        }
        return Self.senders[code]
    }

    private static let senders: [Int: (name: String, words: String)] = [
        0: ("SI_USER", "sent by a process"), 128: ("SI_KERNEL", "sent by the kernel"),
        -1: ("SI_QUEUE", "sent by a process"), -2: ("SI_TIMER", "sent by a timer"),
        -3: ("SI_MESGQ", "sent by a message queue"), -4: ("SI_ASYNCIO", "sent by asynchronous I/O"),
        -5: ("SI_SIGIO", "sent by I/O"), -6: ("SI_TKILL", "sent to the thread by a process, usually its own"),
    ]

    private static let signals: [Int: (name: String, words: String)] = [
        1: ("SIGHUP", "Hangup"), 2: ("SIGINT", "Interrupted"), 3: ("SIGQUIT", "Quit"),
        4: ("SIGILL", "Illegal instruction"), 5: ("SIGTRAP", "Trap"), 6: ("SIGABRT", "Aborted"),
        7: ("SIGBUS", "Bus error"), 8: ("SIGFPE", "Arithmetic exception"), 9: ("SIGKILL", "Killed"),
        10: ("SIGUSR1", "User-defined signal 1"), 11: ("SIGSEGV", "Segmentation fault"),
        12: ("SIGUSR2", "User-defined signal 2"), 13: ("SIGPIPE", "Broken pipe"), 14: ("SIGALRM", "Alarm clock"),
        15: ("SIGTERM", "Terminated"), 16: ("SIGSTKFLT", "Stack fault"), 17: ("SIGCHLD", "Child ended"),
        18: ("SIGCONT", "Continued"), 19: ("SIGSTOP", "Stopped"), 20: ("SIGTSTP", "Stopped from the terminal"),
        21: ("SIGTTIN", "Stopped for terminal input"), 22: ("SIGTTOU", "Stopped for terminal output"),
        23: ("SIGURG", "Urgent I/O"), 24: ("SIGXCPU", "CPU time limit exceeded"),
        25: ("SIGXFSZ", "File size limit exceeded"), 26: ("SIGVTALRM", "Virtual timer expired"),
        27: ("SIGPROF", "Profiling timer expired"), 28: ("SIGWINCH", "Window changed"),
        29: ("SIGIO", "I/O possible"), 30: ("SIGPWR", "Power failure"), 31: ("SIGSYS", "Bad system call"),
    ]

    /// The codes of asm-generic/siginfo.h.
    private static let codes: [Int: [Int: (name: String, words: String)]] = [
        4: [
            1: ("ILL_ILLOPC", "illegal opcode"), 2: ("ILL_ILLOPN", "illegal operand"),
            3: ("ILL_ILLADR", "illegal addressing mode"), 4: ("ILL_ILLTRP", "illegal trap"),
            5: ("ILL_PRVOPC", "privileged opcode"), 6: ("ILL_PRVREG", "privileged register"),
            7: ("ILL_COPROC", "coprocessor error"), 8: ("ILL_BADSTK", "internal stack error"),
            9: ("ILL_BADIADDR", "unimplemented instruction address"),
        ],
        5: [
            1: ("TRAP_BRKPT", "breakpoint"), 2: ("TRAP_TRACE", "trace trap"), 3: ("TRAP_BRANCH", "branch trap"),
            4: ("TRAP_HWBKPT", "hardware breakpoint or watchpoint"), 5: ("TRAP_UNK", "undiagnosed trap"),
            6: ("TRAP_PERF", "performance event"),
        ],
        7: [
            1: ("BUS_ADRALN", "misaligned address"), 2: ("BUS_ADRERR", "no memory behind the address"),
            3: ("BUS_OBJERR", "hardware error of the object"), 4: ("BUS_MCEERR_AR", "hardware memory error"),
            5: ("BUS_MCEERR_AO", "hardware memory error, found but not used"),
        ],
        8: [
            1: ("FPE_INTDIV", "integer division by zero"), 2: ("FPE_INTOVF", "integer overflow"),
            3: ("FPE_FLTDIV", "floating-point division by zero"), 4: ("FPE_FLTOVF", "floating-point overflow"),
            5: ("FPE_FLTUND", "floating-point underflow"), 6: ("FPE_FLTRES", "inexact floating-point result"),
            7: ("FPE_FLTINV", "invalid floating-point operation"), 8: ("FPE_FLTSUB", "subscript out of range"),
            14: ("FPE_FLTUNK", "undiagnosed floating-point exception"),
        ],
        11: [
            1: ("SEGV_MAPERR", "address not mapped"), 2: ("SEGV_ACCERR", "access not permitted"),
            3: ("SEGV_BNDERR", "address bound check failed"), 4: ("SEGV_PKUERR", "access denied by a protection key"),
            5: ("SEGV_ACCADI", "ADI not enabled for the object"), 6: ("SEGV_ADIDERR", "disrupting MCD error"),
            7: ("SEGV_ADIPERR", "precise MCD exception"), 8: ("SEGV_MTEAERR", "memory tag mismatch, found later"),
            9: ("SEGV_MTESERR", "memory tag mismatch"), 10: ("SEGV_CPERR", "control protection fault"),
        ],
        31: [1: ("SYS_SECCOMP", "refused by a seccomp filter"), 2: ("SYS_USER_DISPATCH", "user dispatch")],
    ]
}
