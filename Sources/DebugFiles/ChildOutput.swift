import Glibc

/// Runs a trusted tool and reads what it prints.
enum ChildOutput {
    private static let outputLimit = 1 << 20

    /// What the tool wrote to its standard output, trimmed; `nil` when it cannot be started, fails or takes too long.
    /// Blocks.
    static func run(
        _ tool: String, _ arguments: [String], environment: [String: String], seconds: Int
    ) -> String? {
        // A socket pair instead of a pipe, because it can be made close-on-exec in one step: a child that another task
        // starts right now must not keep the other end open.
        var pipes: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pipes) == 0 else { return nil }
        let reading = FileDescriptor(pipes[0])
        guard let child = start(tool, arguments, environment: environment, output: FileDescriptor(pipes[1])) else {
            return nil
        }
        // Nobody here holds the writing end any more: the output ends when the child does.
        let output = read(reading, until: .now + .seconds(seconds))
        if output == nil { kill(child, SIGKILL) }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard let output, status == 0 else { return nil }
        return String(decoding: output, as: UTF8.self).trimmedOfWhitespace
    }

    private static func start(
        _ tool: String, _ arguments: [String], environment: [String: String], output: FileDescriptor
    ) -> pid_t? {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.rawValue, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)

        guard let path = locate(tool, searchPath: environment["PATH"] ?? "/usr/bin:/bin") else { return nil }
        var argumentPointers = ([path] + arguments).map { strdup($0) } + [nil]
        var variablePointers = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argumentPointers + variablePointers).forEach { free($0) } }
        var child: pid_t = 0
        guard posix_spawn(&child, path, &actions, nil, &argumentPointers, &variablePointers) == 0 else { return nil }
        return child
    }

    private static func locate(_ tool: String, searchPath: String) -> String? {
        searchPath.split(separator: ":").lazy.map { "\($0)/\(tool)" }.first { access($0, X_OK) == 0 }
    }

    /// Everything until the end of the pipe; `nil` past the deadline or the limit.
    private static func read(_ pipe: FileDescriptor, until deadline: ContinuousClock.Instant) -> [UInt8]? {
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16384)
        while true {
            let left = ContinuousClock.now.duration(to: deadline).components
            let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
            guard milliseconds > 0, output.count < outputLimit else { return nil }
            var waiting = pollfd(fd: pipe.rawValue, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, Int32(clamping: milliseconds)) > 0 else { continue }
            let count = Glibc.read(pipe.rawValue, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? output : nil }
            output += piece.prefix(count)
        }
    }
}

extension String {
    fileprivate var trimmedOfWhitespace: String {
        var text = Substring(self)
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text.drop { $0.isWhitespace })
    }
}
