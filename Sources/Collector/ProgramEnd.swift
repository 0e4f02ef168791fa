import CProcess
import Glibc

/// How a program ended.
public enum ProgramEnd: Equatable, Sendable {
    /// By itself, with this status.
    case exited(status: Int32)
    /// By a signal.
    case killed(signal: Int32)

    /// Ends this process in the same way: with the status, or by the signal, then without a core of its own.
    public func repeatAsOwn() -> Never {
        switch self {
        case .exited(let status): exit(status)
        case .killed(let signal): cprocess_die_by_signal(signal)
        }
    }

    /// Whether that is a crash by itself, whatever was reported.
    public var isCrash: Bool {
        if case .killed(let signal) = self { return CrashSignal.isCrash(signal) }
        return false
    }
}
