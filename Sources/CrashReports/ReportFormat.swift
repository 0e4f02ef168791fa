extension DecodedReport {
    /// What an input was.
    public enum Format: String, Equatable, Sendable, CaseIterable {
        /// An event in Sentry's JSON already.
        case sentryEvent = "sentry-event"
        /// A Sentry envelope with an event in it.
        case sentryEnvelope = "sentry-envelope"
        /// The JSON report of Swift's own backtracer.
        case swiftCrashLog = "swift-crash-log"
        /// The text report of Swift's own backtracer.
        case swiftText = "swift-text"
        /// `Runtime.Backtrace`, encoded.
        case swiftBacktrace = "swift-backtrace"
        /// An ELF core.
        case elfCore = "elf-core"
        /// A minidump.
        case minidump
        /// A report of AddressSanitizer, UndefinedBehaviorSanitizer, ThreadSanitizer or LeakSanitizer.
        case sanitizer
        /// glibc's `backtrace_symbols`.
        case backtraceSymbols = "backtrace-symbols"
        /// A Rust panic with its backtrace.
        case rustPanic = "rust-panic"
        /// gdb's `bt`.
        case gdb
        /// lldb's `bt`.
        case lldb
        /// eu-stack's output.
        case euStack = "eu-stack"
        /// A line of the kernel's about a process, or an oops.
        case kernelLog = "kernel-log"
        /// What systemd-coredump wrote about a crash into the journal, or `coredumpctl info` shows.
        case systemdCoredump = "systemd-coredump"
        /// LLVM symbolizer markup.
        case llvmMarkup = "llvm-markup"
        /// Addresses, one a line.
        case addresses

        /// The same for people, with an article.
        public var name: String {
            switch self {
            case .sentryEvent: "a Sentry event"
            case .sentryEnvelope: "a Sentry envelope"
            case .swiftCrashLog: "a Swift JSON crash log"
            case .swiftText: "a Swift text backtrace"
            case .swiftBacktrace: "an encoded Swift Runtime.Backtrace"
            case .elfCore: "an ELF core dump"
            case .minidump: "a minidump"
            case .sanitizer: "a sanitizer report"
            case .backtraceSymbols: "output of glibc's backtrace_symbols"
            case .rustPanic: "a Rust panic"
            case .gdb: "a gdb backtrace"
            case .lldb: "an lldb backtrace"
            case .euStack: "output of eu-stack"
            case .kernelLog: "a kernel log of a crash"
            case .systemdCoredump: "a report of systemd-coredump"
            case .llvmMarkup: "LLVM symbolizer markup"
            case .addresses: "a list of addresses"
            }
        }
    }
}
