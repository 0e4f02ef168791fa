import CSandboxProbe
import Foundation
import Glibc
import Sandbox

/// The program that the sandbox's tests start: the sandbox's child with tasks that behave well, badly and very badly.
@main enum TestChild {
    static func main() async {
        let arguments = CommandLine.arguments
        if arguments.last == "without-seccomp", getenv("SECCOMP_IS_FORBIDDEN") == nil { startWithoutSeccomp(arguments) }
        // A child that never locks itself down, for the parent's handling of refusals and nonsense.
        if arguments.last == "instead-of-ready" { exit(113) }
        if arguments.last == "no-frame" { exit(0) }
        if SandboxChild.isChild(arguments: arguments) {
            exit(
                SandboxChild.main(
                    arguments: arguments, tasks: GoodTasks.all.merging(BadTasks.all) { first, _ in first }))
        }
        if arguments.count == 2, arguments[1] == "--parent" { await actAsParent() }
        exit(64)
    }

    /// A parent whose child holds descriptor 3 open, until somebody kills the parent.
    private static func actAsParent() async {
        do {
            let sandbox = Sandbox(executable: try .current())
            _ = try await sandbox.run(task: "hold", request: [], descriptors: [3])
        } catch {
            say("\(error)\n")
        }
    }

    private static func startWithoutSeccomp(_ arguments: [String]) {
        guard probe_forbid_seccomp() else { exit(65) }
        var pointers = arguments.map { strdup($0) }
        pointers.append(nil)
        var environment = [strdup("SECCOMP_IS_FORBIDDEN=1"), nil]
        probe_start_anew(&pointers, &environment)
        exit(66)
    }
}

/// An error of a task's own.
struct TestError: Error, CustomStringConvertible {
    var description: String
}

/// Writes to standard error.
func say(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}
