import CProcess
import Glibc

/// Starting one program in this process's group, with its output where the caller wants it.
enum ChildProcess {
    /// Starts the first of `candidates` that can be executed.
    ///
    /// - Parameters:
    ///   - arguments: `argv`, the name first.
    ///   - environment: `KEY=VALUE` each.
    ///   - descriptors: what becomes descriptors 0, 1 and 2; `nil` leaves this process's.
    ///   - ignoredSignals: signals that stay ignored, bit N for signal N.
    static func start(
        _ candidates: [String], arguments: [String], environment: [String],
        descriptors: (Int32?, Int32?, Int32?) = (nil, nil, nil), ignoredSignals: UInt64 = 0
    ) throws(StartFailure) -> pid_t {
        let started = withStrings(candidates) { candidates in
            withStrings(arguments) { argv in
                // "sh", the script (filled in), the arguments behind the name.
                withStrings(["sh", ""] + arguments.dropFirst()) { shell in
                    withStrings(environment) { environment in
                        var start = CProcessStart()
                        start.candidates = UnsafePointer(candidates)
                        start.arguments = UnsafePointer(argv)
                        start.shell_arguments = shell
                        start.environment = UnsafePointer(environment)
                        start.descriptors = (descriptors.0 ?? -1, descriptors.1 ?? -1, descriptors.2 ?? -1)
                        start.ignored_signals = ignoredSignals
                        let empty = shell[1]
                        let started = cprocess_start(&start)
                        // One of the candidates may stand there now, which is freed by its own list.
                        shell[1] = empty
                        return started
                    }
                }
            }
        }
        guard started.error == 0, started.pid > 0 else {
            // Its exec failed: it has ended, and is not left as a zombie.
            if started.pid > 0 { while waitpid(started.pid, nil, 0) < 0, errno == EINTR {} }
            throw StartFailure(code: started.error == 0 ? ENOENT : started.error)
        }
        return started.pid
    }

    /// Why a program could not be started.
    struct StartFailure: Error, Equatable {
        /// The error number.
        let code: Int32

        /// As a shell ends: 127 for what is not there, 126 for what cannot be executed.
        var status: Int32 { code == ENOENT ? 127 : 126 }
    }

    /// What a status of `waitpid` says, as `<sys/wait.h>` defines it in macros that Swift does not see.
    enum Change: Equatable {
        case ended(ProgramEnd)
        case stopped
        case continued

        init(status: Int32) {
            switch status {
            case 0xffff: self = .continued
            case _ where status & 0xff == 0x7f: self = .stopped
            case _ where status & 0x7f == 0: self = .ended(.exited(status: status >> 8 & 0xff))
            default: self = .ended(.killed(signal: status & 0x7f))
            }
        }
    }

    private static func withStrings<Result>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { (list + index).initialize(to: strdup(string)) }
        (list + strings.count).initialize(to: nil)
        defer {
            for index in strings.indices { free(list[index]) }
            list.deallocate()
        }
        return body(list)
    }
}
