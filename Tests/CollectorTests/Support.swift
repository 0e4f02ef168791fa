import Foundation
import Glibc
import Synchronization

/// A temporary folder of one test.
struct Scratch: Sendable {
    let folder: String

    init() throws {
        folder = "/tmp/symbolist-collector-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { folder + "/" + name }
    func makeFolder(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
    }
    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path(name)))
        settle(name)
    }
    /// Waits until nobody has the file open for writing: children that other tests start at this moment hold what this
    /// process has open, until their exec.
    func settle(_ name: String) {
        let file = open(path(name), O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        let setLease: Int32 = 1024
        while fcntl(file, setLease, Int32(F_RDLCK)) != 0, errno == EAGAIN { usleep(1000) }
        _ = fcntl(file, setLease, Int32(F_UNLCK))
    }
    func names(_ name: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path(name))) ?? []).sorted()
    }
    func bytes(_ name: String) -> [UInt8] { FileManager.default.contents(atPath: path(name)).map { Array($0) } ?? [] }
    func text(_ name: String) -> String { String(decoding: bytes(name), as: UTF8.self) }
    func remove() { try? FileManager.default.removeItem(atPath: folder) }
}

/// A child process, started without Foundation: its `Process` is not made for many at once.
final class Child: Sendable {
    let id: pid_t
    private let input: Int32
    let output: String
    let errors: String
    private let result = Mutex<Int32?>(nil)

    /// Starts a program; its output goes to files named after `name`, its standard input stays open until
    /// ``closeInput()``.
    init(_ program: String, _ arguments: [String], in scratch: Scratch, name: String = "child", extra: [String] = [])
        throws
    {
        output = scratch.path(name + ".out")
        errors = scratch.path(name + ".err")
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0, fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0 else { throw Failed(text: "pipe") }
        input = ends[1]
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The test runner's threads block signals and may ignore some; a shell's child has neither.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let settings = ProcessInfo.processInfo.environment.filter { $0.key != "SWIFT_BACKTRACE" }
        let environment = settings.map { "\($0.key)=\($0.value)" } + extra
        var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var started: pid_t = 0
        let code = posix_spawnp(&started, program, &actions, &attributes, &argv, &envp)
        guard code == 0 else { throw Failed(text: "\(program): \(String(cString: strerror(code)))") }
        id = started
    }

    deinit {
        if result.withLock({ $0 }) == nil {
            kill(id, SIGKILL)
            waitpid(id, nil, 0)
        }
        close(input)
    }

    func closeInput() {
        // The number stays taken, for `deinit`.
        let nothing = open("/dev/null", O_WRONLY | O_CLOEXEC)
        dup3(nothing, input)
        close(nothing)
    }

    private func dup3(_ from: Int32, _ to: Int32) {
        dup2(from, to)
        _ = fcntl(to, F_SETFD, FD_CLOEXEC)
    }

    func send(_ signal: Int32) { kill(id, signal) }

    /// Waits for the end: the exit status, or minus the signal. Gives up after five minutes.
    func status() async throws -> Int32 {
        for _ in 0..<60_000 {
            var raw: Int32 = 0
            let got = waitpid(id, &raw, WNOHANG)
            if got == id {
                result.withLock { $0 = raw }
                return raw & 0x7f == 0 ? raw >> 8 & 0xff : -(raw & 0x7f)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw Failed(text: "no end: \(text(errors))")
    }

    func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}

struct Failed: Error { let text: String }

/// Waits until something is so; gives up after two minutes.
func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    for _ in 0..<24_000 {
        if try condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw Failed(text: "never: \(what)")
}

/// The programs that the tests run.
enum Programs {
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fixtures/Collector").path

    /// Beside the test bundle.
    static let supervisor: String = {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: bundle).deletingLastPathComponent().appending(path: "CollectorTestProgram").path
    }()

    /// Compiled once a run, into a folder that the operating system clears.
    static let victim: String = {
        let source = fixtures + "/victim.c"
        guard let scratch = try? Scratch() else { return "" }
        let program = scratch.path("victim")
        var id: pid_t = 0
        let words = ["gcc", "-O1", "-o", program, source]
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for text in argv { free(text) } }
        guard posix_spawnp(&id, "gcc", nil, nil, &argv, environ) == 0 else { return "" }
        waitpid(id, nil, 0)
        atexit {
            try? FileManager.default.removeItem(atPath: URL(filePath: Programs.victim).deletingLastPathComponent().path)
        }
        return program
    }()
}

/// Numbers from a fixed seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
