import CSandbox
import Glibc

/// The child's side of ``Sandbox``: a hidden mode of the same executable.
///
/// The executable's main begins with
///
///     if SandboxChild.isChild(arguments: CommandLine.arguments) {
///         exit(SandboxChild.main(arguments: CommandLine.arguments, tasks: tasks))
///     }
///
/// before it does anything else: no argument parsing, no logging, no thread.
public enum SandboxChild {
    /// A task: its request and the numbers of its descriptors (3, 4, …) in, its reply out. An error's description is
    /// the message of ``SandboxError/taskFailed(task:message:)``.
    ///
    /// Works on the thread it is called on. Plain threads (`pthread_create`, with a stack size of their own: the
    /// default is the main thread's large one) are possible, ``processorCount`` of them make sense; libdispatch queues,
    /// and with them Swift's concurrency, are not: their worker threads need files under /proc and kill the process
    /// without them.
    public typealias Task = @Sendable (_ request: [UInt8], _ descriptors: [Int32]) throws -> [UInt8]

    /// The hidden first argument.
    static let flag = "--sandbox-child"

    /// How a child ends that cannot answer.
    enum ExitStatus: Int32 {
        case replied = 0
        case noLimits = 110
        case noProcessControl = 111
        case noLandlock = 112
        case noSeccomp = 113
        case memoryExhausted = 114
        case badArguments = 115
        case unknownTask = 116
        case unreadableRequest = 117
        case unwritableReply = 118
        case dumpable = 119

        /// The part of the sandbox that is not in force; `nil` when the status is about something else.
        var missingPart: String? {
            switch self {
            case .noLimits: CSANDBOX_RESOURCE_LIMITS
            case .noProcessControl: CSANDBOX_NO_NEW_PRIVS
            case .dumpable: "PR_SET_DUMPABLE"
            case .noLandlock: "Landlock"
            case .noSeccomp: "seccomp"
            default: nil
            }
        }
    }

    /// Whether this process was started by a ``Sandbox``.
    public static func isChild(arguments: [String]) -> Bool {
        arguments.count > 1 && arguments[1] == flag
    }

    static func arguments(name: String, task: String, policy: SandboxPolicy, descriptors: Int) -> [String] {
        [name, flag, policy.rawValue, String(descriptors), String(ProcessorCount.available), task]
    }

    /// Locks the process down, runs the task that the parent asked for on the calling thread, and answers.
    ///
    /// - Returns: The status to exit with at once.
    public static func main(arguments: [String], tasks: [String: Task]) -> Int32 {
        guard arguments.count == 6, arguments[1] == flag, let policy = SandboxPolicy(rawValue: arguments[2]),
            let count = Int32(arguments[3]), count >= 0, count < 1000, let processors = Int(arguments[4]),
            processors > 0
        else { return ExitStatus.badArguments.rawValue }
        setProcessorCount(processors)
        // Page and gate stand behind the task's descriptors and are none of the task's.
        guard csandbox_use_report(3 + count), csandbox_pass_gate(4 + count) else {
            return ExitStatus.badArguments.rawValue
        }
        offerToOutOfMemoryKiller()

        // The reply pipe moves out of the way of print(): what a library says belongs to the last words.
        let output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3 + count)
        guard output >= 0, dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 else { return ExitStatus.badArguments.rawValue }
        guard csandbox_report_exhaustion(ExitStatus.memoryExhausted.rawValue) else {
            return ExitStatus.noProcessControl.rawValue
        }

        var code: Int32 = 0
        switch csandbox_lock_down(policy == .strict, &code) {
        case CSANDBOX_LOCKED: break
        case CSANDBOX_NO_LIMITS: return refuse(.noLimits, code)
        case CSANDBOX_PRIVILEGES: return refuse(.noProcessControl, code)
        case CSANDBOX_DUMPABLE: return refuse(.dumpable, code)
        case CSANDBOX_NO_LANDLOCK: return refuse(.noLandlock, code)
        default: return refuse(.noSeccomp, code)
        }
        guard write(ReplyFrame.readyMark, to: output) else { return ExitStatus.unwritableReply.rawValue }

        guard let task = tasks[arguments[5]] else { return ExitStatus.unknownTask.rawValue }
        guard let request = readRequest() else { return ExitStatus.unreadableRequest.rawValue }
        let isFailure: Bool
        let reply: [UInt8]
        do {
            reply = try task(request, Array(3..<(3 + count)))
            isFailure = false
        } catch {
            reply = Array("\(error)".utf8.prefix(ReplyFrame.maximumMessage))
            isFailure = true
        }
        let header = ReplyFrame.header(isFailure: isFailure, length: reply.count)
        guard write(header, to: output), write(reply, to: output) else { return ExitStatus.unwritableReply.rawValue }
        return ExitStatus.replied.rawValue
    }

    /// Ends without parsing; the error number travels as the only words.
    private static func refuse(_ status: ExitStatus, _ code: Int32) -> Int32 {
        _ = write(Array(String(code).utf8), to: STDERR_FILENO)
        return status.rawValue
    }

    private static func readRequest() -> [UInt8]? {
        var status = stat()
        guard fstat(STDIN_FILENO, &status) == 0, status.st_size >= 0 else { return nil }
        let size = Int(status.st_size)
        var isComplete = true
        let request = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = pread(STDIN_FILENO, buffer.baseAddress.unsafelyUnwrapped + count, size - count, off_t(count))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else {
                    isComplete = false
                    return
                }
                count += got
            }
        }
        return isComplete ? request : nil
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var written = 0
            while written < buffer.count {
                let count = Glibc.write(
                    descriptor, buffer.baseAddress.unsafelyUnwrapped + written, buffer.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                written += count
            }
            return true
        }
    }
}
