/// The exit statuses of every command; the numbers above 63 are those of `sysexits.h`.
enum ExitStatus: Int32, Sendable {
    case all = 0
    /// Something was missing or skipped; the rest was done.
    case partly = 1
    /// The input was nothing that Symbolist knows.
    case nothingUnderstood = 2
    case usage = 64
    /// A database, store or network service cannot be reached.
    case unavailable = 69
    case internalError = 70
}

/// Ends a command with a message on standard error and a status.
struct CommandFailure: Error {
    let status: ExitStatus
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }
}
