import Collector
import Glibc

/// A supervisor as a process of its own, for the tests: signals and children belong to a process, and the test runner's are
/// its own. Without a database: a folder is the receiver.
///
///     CollectorTestProgram run FOLDER [inherit] -- PROGRAM ARGUMENTS     FOLDER/tmp, FOLDER/spool; delivers to FOLDER/out
///     CollectorTestProgram deliver FOLDER                               status 69 when FOLDER/out is not there
@main
enum CollectorTestProgram {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        let arguments = CommandLine.arguments
        guard arguments.count > 2 else { exit(64) }
        let folder = arguments[2]
        let spool = Spool(folder: folder + "/spool")
        if arguments[1] == "deliver" {
            let report = await spool.deliver(to: FolderReceiver(folder: folder + "/out"))
            exit(report.unavailable == nil ? 0 : 69)
        }
        guard let separator = arguments.firstIndex(of: "--"), separator + 1 < arguments.count else { exit(64) }
        var context = RunContext(program: arguments[separator + 1])
        context.release = "victim@1"
        context.tags = ["role": "test"]
        var plan = SupervisorPlan(
            program: arguments[separator + 1], context: context, spool: spool, temporaryFolder: folder + "/tmp"
        ) { text in
            _ = "symbolist: \(text)\n".withCString { write(STDERR_FILENO, $0, strlen($0)) }
        }
        plan.arguments = Array(arguments[(separator + 2)...])
        plan.inheritsStandardError = arguments[..<separator].contains("inherit")
        plan.delivery = DeliveryCommand(
            executable: "/proc/self/exe", arguments: ["CollectorTestProgram", "deliver", folder],
            environment: plan.environment)
        switch Supervisor(plan).run() {
        case .ended(let end): end.repeatAsOwn()
        case .notStarted(let status, let reason):
            plan.message(reason)
            exit(status)
        }
    }
}

/// A file a crash, named by its id.
struct FolderReceiver: CrashReceiver {
    let folder: String

    func receive(_ crash: CollectedCrash) async throws(CrashReceiverError) {
        let path = "\(folder)/\(crash.id)"
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        guard file >= 0 else { throw .unavailable("\(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        let bytes = crash.context + [0x0a] + crash.payload
        guard write(file, bytes, bytes.count) == bytes.count else { throw .unavailable("write") }
    }
}
