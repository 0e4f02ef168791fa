import Foundation
import Synchronization

/// A finished program.
struct Outcome: Sendable {
    let status: Int32
    let output: String
    let errors: String
    /// Both streams, for a failed expectation's message.
    var all: String { "status \(status)\n--- output\n\(output)\n--- errors\n\(errors)" }
}

/// Runs programs as a person would.
enum Tool {
    /// The repository's root.
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// The built binary lies beside the test bundle, unless `SYMBOLIST_TEST_BINARY` names another one.
    static let symbolist: String = {
        if let path = ProcessInfo.processInfo.environment["SYMBOLIST_TEST_BINARY"], !path.isEmpty { return path }
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: bundle).deletingLastPathComponent().appending(path: "symbolist").path
    }()

    /// Runs a program to its end. Standard output and error go through files, so no pipe can fill up.
    static func run(
        _ program: String, _ arguments: [String], input: String? = nil, environment: [String: String] = [:],
        folder: String? = nil, timeout: Duration = .seconds(300)
    ) async throws -> Outcome {
        let scratch = try Scratch()
        defer { scratch.remove() }
        let output = scratch.path("stdout")
        let errors = scratch.path("stderr")
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        var merged = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SYMBOLIST_") }
        merged.merge(environment) { _, new in new }
        process.environment = merged
        if let folder { process.currentDirectoryURL = URL(filePath: folder) }
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        let source = scratch.path("stdin")
        _ = FileManager.default.createFile(atPath: source, contents: Data((input ?? "").utf8))
        process.standardInput = FileHandle(forReadingAtPath: source)
        let finished = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { process in
            finished.continuation.yield(process.terminationStatus)
            finished.continuation.finish()
        }
        try process.run()
        let watchdog = Task {
            try await Task.sleep(for: timeout)
            process.terminate()
        }
        var status: Int32 = -1
        for await value in finished.stream { status = value }
        watchdog.cancel()
        return Outcome(
            status: status, output: String(decoding: try Data(contentsOf: URL(filePath: output)), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: URL(filePath: errors)), as: UTF8.self))
    }

    /// A program found on PATH.
    static func shell(
        _ command: String, input: String? = nil, environment: [String: String] = [:], folder: String? = nil
    ) async throws -> Outcome {
        try await run("/bin/bash", ["-c", command], input: input, environment: environment, folder: folder)
    }
}

/// A temporary folder of one test.
struct Scratch: Sendable {
    let folder: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "symbolist-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { folder + "/" + name }

    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(filePath: path(name)))
        return path(name)
    }

    func remove() { try? FileManager.default.removeItem(atPath: folder) }
}

/// An own job table, debug-file store and cache, and the commands on them.
struct Installation: Sendable {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    var environment: [String: String] {
        ["STATE_DIRECTORY": scratch.path("state"), "CACHE_DIRECTORY": scratch.path("cache"), "NO_COLOR": "1"]
    }

    var database: String { scratch.path("state/symbolist.sqlite") }

    func symbolist(
        _ arguments: String..., input: String? = nil, environment extra: [String: String] = [:], folder: String? = nil
    ) async throws -> Outcome {
        try await Tool.run(
            Tool.symbolist, arguments, input: input, environment: environment.merging(extra) { _, new in new },
            folder: folder)
    }

    func remove() { scratch.remove() }
}

/// Something slow that several tests share: made once, by whoever comes first.
final class Shared<Value: Sendable>: Sendable {
    private let task: Mutex<Task<Value, any Error>?> = Mutex(nil)
    private let make: @Sendable () async throws -> Value

    init(_ make: @escaping @Sendable () async throws -> Value) { self.make = make }

    func value() async throws -> Value {
        let task = task.withLock { task in
            if let task { return task }
            let started = Task { [make] in try await make() }
            task = started
            return started
        }
        return try await task.value
    }
}
