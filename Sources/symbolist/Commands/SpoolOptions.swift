import ArgumentParser
import Collector
import Foundation

/// Where crashes wait for a database that is away.
struct SpoolOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where crashes wait until the database takes them. (default: $STATE_DIRECTORY/spool or "
                + "$XDG_STATE_HOME/symbolist/spool)", valueName: "path"))
    var spool: String?

    @Option(
        help: ArgumentHelp(
            "The spool's size in MB; the newest crashes are kept, and what goes is told.", valueName: "MB"))
    var spoolSize = 1024

    func validate() throws {
        guard (1...1_000_000).contains(spoolSize) else {
            throw ValidationError("--spool-size: \(spoolSize) is not between 1 and 1000000")
        }
    }

    /// The spool's folder; it need not exist.
    var folder: String {
        if let spool { return spool }
        let environment = ProcessInfo.processInfo.environment
        // systemd lists several folders with colons between them (systemd.exec(5)); the first is ours.
        if let state = environment["STATE_DIRECTORY"]?.split(separator: ":").first, !state.isEmpty {
            return "\(state)/spool"
        }
        if let base = environment["XDG_STATE_HOME"], base.hasPrefix("/") { return "\(base)/symbolist/spool" }
        return "\(environment["HOME"] ?? NSHomeDirectory())/.local/state/symbolist/spool"
    }

    /// The spool.
    func open() -> Spool { Spool(folder: folder, limit: spoolSize << 20) }
}
