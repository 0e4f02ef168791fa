import Glibc

/// The process that delivers the spool: this executable once more, so that the one that waits never opens a database,
/// and a database that answers slowly delays nobody.
struct DeliveryHelper {
    /// `nil` when somebody else delivers.
    let command: DeliveryCommand?
    /// The running helper.
    private(set) var processID: pid_t?
    /// When to try again, by the clock of ``Monotonic``; `nil` when there is no need.
    private(set) var retryAt: Int64?
    private var isWantedAgain = false
    private var pause: Int64 = firstPause

    static let firstPause: Int64 = 60_000
    static let longestPause: Int64 = 3_600_000

    init(command: DeliveryCommand?) { self.command = command }

    /// Delivers now, or again when the running helper is done. Its messages go to standard error; standard output is the
    /// program's.
    mutating func request() {
        guard let command else { return }
        guard processID == nil else {
            isWantedAgain = true
            return
        }
        retryAt = nil
        isWantedAgain = false
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { if nothing >= 0 { close(nothing) } }
        processID = try? ChildProcess.start(
            [command.executable], arguments: command.arguments, environment: command.environment,
            descriptors: (nothing, STDERR_FILENO, STDERR_FILENO))
        if processID == nil { wait() }
    }

    /// Takes note of the helper's end.
    mutating func ended(_ end: ProgramEnd) {
        processID = nil
        if end == .exited(status: 0) { pause = Self.firstPause } else { wait() }
        if isWantedAgain { request() }
    }

    /// Tries again when it is time.
    mutating func requestIfDue(at now: Int64) {
        if let retryAt, now >= retryAt { request() }
    }

    private mutating func wait() {
        retryAt = Monotonic.now() + pause
        pause = min(pause * 2, Self.longestPause)
    }
}
