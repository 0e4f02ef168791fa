import CSandboxProbe
import Foundation
import Glibc
import Sandbox

/// The program that the sandbox's tests start: the sandbox's child with tasks that behave well, badly and very badly.
@main enum TestChild {
    static func main() async {
        let arguments = CommandLine.arguments
        // A child that never locks itself down, for the parent's handling of refusals and nonsense.
        if arguments.last == "instead-of-ready" { exit(113) }
        if arguments.last == "no-frame" { exit(0) }
        if SandboxChild.isChild(arguments: arguments) {
            exit(
                SandboxChild.main(
                    arguments: arguments,
                    tasks: [GoodTasks.all, ThreadTasks.all, MemoryTasks.all, BadTasks.all].reduce(into: [:]) {
                        $0.merge($1) { first, _ in first }
                    }))
        }
        if arguments.count == 2, arguments[1] == "--parent" { await actAsParent() }
        if arguments.count == 6, arguments[1] == "--without" {
            await actAsParentWithout(arguments[2], arguments[3], arguments[4], arguments[5])
            exit(0)
        }
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

    /// A parent on a poorer machine, and with it its children: `--without NAME=ERRNO,… POLICY TASK REQUEST`. Prints
    /// what became of the task.
    private static func actAsParentWithout(_ features: String, _ policy: String, _ task: String, _ request: String)
        async
    {
        let pairs = features.split(separator: ",").map { $0.split(separator: "=") }
        let names = pairs.map { strdup(String($0[0])) }
        let errors = pairs.map { Int32($0[1]) ?? 0 }
        guard probe_take_away(names.map { UnsafePointer($0) }, errors, Int32(pairs.count)) else { exit(65) }
        do throws(SandboxError) {
            let sandbox = Sandbox(executable: try executable(), policy: SandboxPolicy(rawValue: policy) ?? .strict)
            let reply = try await sandbox.run(task: task, request: Array(request.utf8), descriptors: [])
            print("reply " + String(decoding: reply, as: UTF8.self))
        } catch {
            switch error {
            case .unavailable(_, let part, let code): print("unavailable \(part) \(code) \(error.isDeath)")
            case .cannotStart(_, let operation, let code): print("cannotStart \(operation) \(code) \(error.isDeath)")
            case .forbiddenSystemCall: print("forbidden")
            default: print("\(error)")
            }
        }
    }

    private static func executable() throws(SandboxError) -> SandboxExecutable {
        do throws(SandboxExecutable.Errno) {
            return try .current()
        } catch {
            throw .cannotStart(task: "", operation: "open", code: error.code)
        }
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
