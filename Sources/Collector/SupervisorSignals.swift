import CProcess
import Glibc

/// The signals of a supervisor: which are passed on, and what they mean for the program.
///
/// | signal | |
/// |---|---|
/// | TERM, INT, HUP, QUIT, USR1, USR2, WINCH, real-time ones | passed on, unless a terminal sent them: then the program got them as well |
/// | TSTP | the same; when the program stops, so does the supervisor, so that the shell sees a stopped job |
/// | CONT | continues the program |
/// | CHLD | a child ended, stopped or went on |
///
/// What is ignored when the supervisor starts (`nohup`) stays ignored, in the program too.
struct SupervisorSignals {
    /// Readable when a signal has come.
    let descriptor: Int32
    /// Bit N for signal N.
    let ignored: UInt64

    private static let caught: [Int32] =
        [SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGTSTP, SIGCONT, SIGCHLD] + Array(34...63)

    /// Catches them in this process; once.
    init() throws(CallFailure) {
        var ignored: UInt64 = 0
        let mask = Self.caught.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        descriptor = cprocess_catch_signals(mask, &ignored)
        guard descriptor >= 0 else { throw CallFailure("pipe", "signals") }
        // SIGPIPE is ignored by this process for its own sake.
        self.ignored = ignored & ~(1 << UInt64(SIGPIPE))
    }

    /// What has come, oldest first.
    func next() -> [CProcessSignal] {
        var records: [CProcessSignal] = []
        while true {
            var record = CProcessSignal()
            // A record is smaller than what a pipe writes in one piece: it is there whole or not at all.
            guard read(descriptor, &record, MemoryLayout<CProcessSignal>.size) == MemoryLayout<CProcessSignal>.size
            else { return records }
            records.append(record)
        }
    }
}
