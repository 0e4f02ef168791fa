import ArgumentParser
import Collector
import Foundation
import Glibc

/// `symbolist run`: a program under supervision.
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a program and put its crashes into the job table.",
        discussion: """
            PROGRAM runs as if it were started alone: standard input and output are its own, standard error is passed on
            byte for byte, signals are passed on, and this command ends as the program ends, also by the same signal (127
            when it is not found, 126 when it cannot be executed). SWIFT_BACKTRACE is set so that Swift writes a report that
            can be symbolized later; what is set there already stays.

            When the program or a child of it crashes, the report, the last 64 KB of standard error (with the message of
            fatalError), the signal and the options below become an event. It is written to the spool first, and delivered
            from there: a database that is away loses nothing.

            Standard error is a pipe for the program, not a terminal; --no-stderr leaves it alone.

            EXAMPLES
              symbolist run --release till@1.4 --environment production -- /srv/till/till serve
              symbolist run --tag region=eu --no-stderr -- swift run
            """)

    @OptionGroup var storage: StorageOptions
    @OptionGroup var spoolOptions: SpoolOptions

    @Option(help: "The project.")
    var project = "default"

    @Option(help: "The release that runs.")
    var release: String?

    @Option(help: "production, staging, …")
    var environment: String?

    @Option(help: "The machine. (default: its host name)")
    var serverName: String?

    @Option(help: ArgumentHelp("A tag. Repeatable.", valueName: "key=value"))
    var tag: [KeyValue] = []

    @Option(help: "Higher is enriched first.")
    var priority = 0

    @Option(
        help: ArgumentHelp(
            "Where the private folder for Swift's reports is made. (default: beside the spool, else $TMPDIR or /tmp)",
            valueName: "path"))
    var crashFolder: String?

    @Option(
        help: ArgumentHelp(
            "Swift's reporter. (default: swift-backtrace-static or swift-backtrace beside PROGRAM or in "
                + "../libexec/swift/linux, else what the runtime finds)", valueName: "path"))
    var swiftBacktrace: String?

    @Flag(help: "Leave standard error to the program; what it says before it dies is not kept.")
    var noStderr = false

    @Option(help: ArgumentHelp("How long delivering a crash may hold up the end.", valueName: "seconds"))
    var deliveryTime = 10

    @Argument(
        parsing: .postTerminator, help: ArgumentHelp("The program and its arguments, after --.", valueName: "program"))
    var command: [String] = []

    func validate() throws {
        guard (0...3600).contains(deliveryTime) else {
            throw ValidationError("--delivery-time: \(deliveryTime) is not between 0 and 3600")
        }
        guard (1...64).contains(project.unicodeScalars.count) else {
            throw ValidationError("--project: a name has 1 to 64 characters")
        }
    }

    func run() throws {
        // Here, so that an unknown option is told first.
        guard let program = command.first, !program.isEmpty else {
            throw ValidationError("No program: symbolist run [options] -- PROGRAM [arguments]")
        }
        // Not opened here: a program that does not crash needs no database. But a wrong URL is told now.
        _ = try storage.location()
        var context = RunContext(program: program)
        context.project = project
        context.release = release
        context.environment = environment
        context.serverName = serverName ?? Self.hostName
        context.tags = Dictionary(tag.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        context.priority = priority
        var plan = SupervisorPlan(
            program: command[0], context: context, spool: spoolOptions.open(), temporaryFolder: temporaryFolder
        ) { text in
            StandardError.write("symbolist: \(Terminal.visible(text))\n")
        }
        plan.arguments = Array(command.dropFirst())
        plan.inheritsStandardError = noStderr
        plan.reporter = swiftBacktrace
        plan.deliveryTime = Int64(deliveryTime) * 1000
        plan.delivery = delivery(plan.environment)
        switch Supervisor(plan).run() {
        case .ended(let end): end.repeatAsOwn()
        case .notStarted(let status, let reason):
            StandardError.write("symbolist: \(reason)\n")
            throw ExitCode(status)
        }
    }

    /// This executable once more. The settings go by the environment: a command line is visible to everybody.
    private func delivery(_ environment: [String]) -> DeliveryCommand {
        let settings = [
            "SYMBOLIST_DATABASE": storage.databaseURL, "SYMBOLIST_DEBUG_FILES": storage.debugFilesFolder,
            "SYMBOLIST_SPOOL": spoolOptions.folder, "SYMBOLIST_SPOOL_SIZE": String(spoolOptions.spoolSize),
        ]
        let others = environment.filter { setting in !settings.keys.contains { setting.hasPrefix($0 + "=") } }
        return DeliveryCommand(
            executable: "/proc/self/exe", arguments: ["symbolist", "deliver", "--quiet"],
            environment: others + settings.map { "\($0.key)=\($0.value)" }.sorted())
    }

    /// Beside the spool, where nobody else can write: a child that outlives this command keeps the folder's name, and in
    /// /tmp anybody could take that name once the folder is gone.
    private var ownFolder: String? {
        let folder = URL(filePath: spoolOptions.folder + ".reports").path
        try? FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return access(folder, W_OK | X_OK) == 0 ? folder : nil
    }

    private var temporaryFolder: String {
        let folder = crashFolder ?? ownFolder ?? ProcessInfo.processInfo.environment["TMPDIR"] ?? ""
        // The program may change its folder before it crashes.
        return folder.isEmpty
            ? "/tmp" : folder.hasPrefix("/") ? folder : FileManager.default.currentDirectoryPath + "/" + folder
    }

    private static var hostName: String? {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return nil }
        return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
