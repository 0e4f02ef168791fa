import Glibc

/// The signals that mean a crash, when a process dies by them.
public enum CrashSignal {
    private static let names: [Int32: (name: String, text: String)] = [
        SIGILL: ("SIGILL", "Illegal instruction"), SIGTRAP: ("SIGTRAP", "Trace or breakpoint trap"),
        SIGABRT: ("SIGABRT", "Aborted"), SIGBUS: ("SIGBUS", "Bus error"),
        SIGFPE: ("SIGFPE", "Arithmetic exception"), SIGSEGV: ("SIGSEGV", "Segmentation fault"),
        SIGSYS: ("SIGSYS", "Bad system call"),
    ]

    /// Whether a death by `signal` is a crash, and not somebody's wish.
    public static func isCrash(_ signal: Int32) -> Bool { names[signal] != nil }

    /// `SIGSEGV`, or `signal 64` for one without a crash's name.
    public static func name(_ signal: Int32) -> String { names[signal]?.name ?? "signal \(signal)" }

    /// What it means, for people.
    static func text(_ signal: Int32) -> String { names[signal]?.text ?? name(signal) }
}
