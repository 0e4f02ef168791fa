import Foundation
import Testing

/// Something that a test needs and that could not be made.
struct CrashWorkshopError: Error, CustomStringConvertible {
    let description: String
}

/// A temporary folder in which a test builds crashing programs and collects their cores; removed with the value.
final class CrashWorkshop {
    let folder: URL
    private var crashes = 0

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "symbolist-cores-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// The folder of the crash programs' sources.
    static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/Crashes").path

    /// Builds a program from the fixtures with a compiler command; its path.
    func build(_ name: String, _ command: [String], source: String) throws -> String {
        try run(command + ["-o", path(name), CrashWorkshop.fixtures + "/" + source])
        return path(name)
    }

    /// Runs a tool in the folder, which must succeed, and returns its standard output.
    @discardableResult
    func run(_ command: [String]) throws -> String {
        let (status, output, errors) = try Self.execute(command, in: folder, environment: [:])
        guard status == 0 else {
            throw CrashWorkshopError(
                description: "\(command.joined(separator: " ")): \(status): \(errors.prefix(2000))")
        }
        return output
    }

    /// Runs a program that crashes, in a folder of its own, and returns the core that it leaves there.
    func crash(
        _ program: String, _ arguments: [String] = [], prefix: [String] = [], environment: [String: String] = [:]
    ) throws -> String {
        crashes += 1
        let place = folder.appending(path: "crash-\(crashes)")
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        // 8 MB of stack: how deep a stack overflow goes depends on it.
        let script = "ulimit -c unlimited && ulimit -s 8192 && exec \"$@\""
        let setting = ["SWIFT_BACKTRACE": "enable=no"].merging(environment) { $1 }
        _ = try Self.execute(
            ["/bin/sh", "-c", script, "sh"] + prefix + [program] + arguments, in: place, environment: setting)
        // QEMU names its guest's cores itself, and the kernel writes one of QEMU besides.
        let names = try FileManager.default.contentsOfDirectory(atPath: place.path).sorted()
        let name = names.first { $0.hasPrefix("qemu_") } ?? names.first { $0.hasPrefix("core") }
        guard let name else {
            throw CrashWorkshopError(description: "\(program) \(arguments): no core in \(names)")
        }
        return place.appending(path: name).path
    }

    /// Why programs leave no cores where tests look for them, if so.
    static let problem: String? = {
        let pattern = (try? String(contentsOfFile: "/proc/sys/kernel/core_pattern", encoding: .utf8)) ?? ""
        if pattern.hasPrefix("|") || pattern.contains("/") {
            return "core_pattern is \(pattern.trimmingCharacters(in: .whitespacesAndNewlines))"
        }
        let (status, _, _) =
            (try? execute(["/bin/sh", "-c", "ulimit -c unlimited"], in: nil, environment: [:])) ?? (1, "", "")
        return status == 0 ? nil : "cores are limited (ulimit -H -c)"
    }()

    /// Whether a tool is installed.
    static func has(_ tool: String) -> Bool {
        ((try? execute(["/bin/sh", "-c", "command -v " + tool], in: nil, environment: [:]))?.status ?? 1) == 0
    }

    /// Runs a command to its end, at most two minutes. Not by Foundation's Process: programs must start with no signal
    /// blocked, and the threads that tests run on block many.
    private static func execute(
        _ command: [String], in folder: URL?, environment: [String: String]
    ) throws -> (status: Int32, output: String, errors: String) {
        let outputs = FileManager.default.temporaryDirectory.appending(path: "symbolist-output-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: outputs) }
        let files = ["out", "err"].map { outputs.appending(path: $0).path }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, files[0], O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, files[1], O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let all = ProcessInfo.processInfo.environment.merging(["LC_ALL": "C"]) { $1 }.merging(environment) { $1 }
        var arguments = (["timeout", "-s", "KILL", "120", "env", "-C", folder?.path ?? "/"] + command).map {
            strdup($0)
        }
        arguments.append(nil)
        var variables = all.map { strdup("\($0.key)=\($0.value)") }
        variables.append(nil)
        defer { (arguments + variables).forEach { free($0) } }
        var child: pid_t = 0
        guard posix_spawnp(&child, "timeout", &actions, &attributes, arguments, variables) == 0 else {
            throw CrashWorkshopError(description: "cannot run \(command)")
        }
        var status: Int32 = 0
        guard waitpid(child, &status, 0) == child else { throw CrashWorkshopError(description: "lost \(command)") }
        // `timeout` leads a process group. What is left of it, such as a reporter of crashes, would stay for ever.
        kill(-child, SIGKILL)
        let texts = files.map { String(decoding: FileManager.default.contents(atPath: $0) ?? Data(), as: UTF8.self) }
        return (status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f), texts[0], texts[1])
    }
}
