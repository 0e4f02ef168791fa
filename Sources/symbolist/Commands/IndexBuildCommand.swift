import ArgumentParser
import Foundation
import Glibc
import ParserTasks
import Rendering
import Sandbox
import SymbolIndex

/// `symbolist index build`.
struct IndexBuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Build the symbol index of debug files.",
        discussion: """
            Reads each FILE in a sandboxed process and writes FILE's name with .symindex behind it into the current folder, or
            OUT; '-' is standard input or output. Files that the debug information refers to are used only when they are named:
            nothing that a file names is opened. The index is the same for any number of threads.

            The status is 1 when a file could not be indexed or its index lacks something, and 2 when none could.

            EXAMPLES
              symbolist index build till.debug
              symbolist index build --supplementary common.debug --output till.symindex till.debug
              symbolist index build --split till.dwp --json till | jq .report.quality
              xz -d < vmlinux.xz | symbolist index build --output vmlinux.symindex -
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var sandbox: SandboxOptions

    @Option(
        name: [.customShort("o"), .long],
        help: ArgumentHelp("Where the index goes, for one FILE. (default: FILE.symindex here)", valueName: "path"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "The file that several debug files share: dwz's (.gnu_debugaltlink) or DWARF 5's (.debug_sup).",
            valueName: "path"))
    var supplementary: String?

    @Option(help: ArgumentHelp("A file of split units: .dwo or .dwp. Repeatable.", valueName: "path"))
    var split: [String] = []

    @Option(help: ArgumentHelp("Threads that read; 0: one a processor.", valueName: "count"))
    var threads = 0

    @Flag(help: "One JSON object a line and file.")
    var json = false

    @Argument(help: ArgumentHelp("Debug files.", valueName: "file"))
    var files: [String]

    func validate() throws {
        if !(0...256).contains(threads) { throw ValidationError("--threads: \(threads) is not between 0 and 256") }
        if files.isEmpty { throw ValidationError("no file to index") }
        if output != nil, files.count > 1 { throw ValidationError("--output goes with one file, not \(files.count)") }
        if output == nil, files.contains("-") { throw ValidationError("an index of standard input needs --output") }
        if output == "-", json { throw ValidationError("--json would be mixed with the index on standard output") }
        if split.count > 190 { throw ValidationError("--split: \(split.count) files, and at most 190 are taken") }
    }

    func run() async throws {
        logging.start()
        let holder = try sandbox.held()
        let inputs = try namedInputs()
        var failures = 0
        var isComplete = true
        for file in files {
            do {
                let built = try await build(file, inputs, holder)
                report(built)
                isComplete = isComplete && built.isComplete
            } catch let failure as CommandFailure where failure.status == .partly {
                failures += 1
                StandardError.write("symbolist: \(Terminal.visible(failure.message))\n")
            }
        }
        if failures == files.count { throw ExitCode(ExitStatus.nothingUnderstood.rawValue) }
        if failures > 0 || !isComplete { throw ExitCode(ExitStatus.partly.rawValue) }
    }

    /// The inputs that the options name, open and hashed.
    private func namedInputs() throws -> [OpenedInput] {
        var inputs: [OpenedInput] = []
        if let supplementary { inputs.append(try OpenedInput(supplementary, role: .supplementary)) }
        for path in split { inputs.append(try OpenedInput(path, role: .split)) }
        return inputs
    }

    private func build(_ path: String, _ inputs: [OpenedInput], _ holder: Sandbox) async throws -> BuiltIndex {
        let start = ContinuousClock.now
        let before = Usage.ofChildren()
        let object = try OpenedInput(path, role: nil)
        let target = output ?? Self.defaultOutput(path)
        let file = try NewFile(target)
        let request = IndexBuildRequest(
            objectDigest: object.digest, objectName: object.name,
            inputs: inputs.compactMap { input in
                input.role.map { .init(role: $0, digest: input.digest, name: input.name) }
            }, threads: threads)
        let line = ProgressLine(name: object.name, terminal: Terminal.of(STDERR_FILENO))
        let reply: ParserReply<IndexBuildReport>
        do {
            let bytes = try await holder.run(
                task: IndexBuildRequest.task, request: Array(try JSONEncoder().encode(request)),
                descriptors: [object.descriptor, file.descriptor] + inputs.map(\.descriptor)
            ) { done, total in line.show(done, total) }
            line.end()
            reply = try JSONDecoder().decode(ParserReply<IndexBuildReport>.self, from: Data(bytes))
        } catch let error as SandboxError {
            line.end()
            // What the machine lacks it will lack for the next file too.
            guard error.isDeath else { throw CommandFailure(.unavailable, "\(path): \(error)") }
            throw CommandFailure(.partly, "\(path): \(error)")
        } catch {
            throw CommandFailure(.partly, "\(path): the parser answered something that is no reply: \(error)")
        }
        switch reply {
        case .refused(let refusal):
            let limit = refusal.limit.map { " (limit \($0))" } ?? ""
            throw CommandFailure(.partly, "\(path): \(refusal.message)\(limit)")
        case .value(let value):
            try IndexFile.check(file.descriptor, name: target)
            try file.finish()
            return BuiltIndex(
                file: path, output: target, objectBytes: object.size, inputs: inputs.map(\.path),
                seconds: ((ContinuousClock.now - start) / .milliseconds(1)).rounded() / 1000,
                usage: Usage.ofChildren().since(before), report: value)
        }
    }

    /// `FILE.symindex` in the current folder.
    static func defaultOutput(_ path: String) -> String {
        (path.split(separator: "/").last.map(String.init) ?? path) + ".symindex"
    }

    private func report(_ built: BuiltIndex) {
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            if let bytes = try? encoder.encode(built) { StandardOutput.write(line: Array(bytes)) }
            return
        }
        let isPiped = output == "-"
        let style = Style(isOn: Terminal.of(isPiped ? STDERR_FILENO : STDOUT_FILENO).hasColour)
        let text = IndexBuildText(style: style).render(built)
        if isPiped { StandardError.write(text) } else { StandardOutput.write(text) }
    }
}

/// What became of one file; the JSON of `index build`.
struct BuiltIndex: Encodable {
    var file: String
    var output: String
    var objectBytes: Int
    /// The files that were handed to the build.
    var inputs: [String]
    var seconds: Double
    var usage: Usage
    var report: IndexBuildReport

    /// Nothing was skipped and nothing is missing.
    var isComplete: Bool {
        report.unitsSkippedCount == 0 && report.missingInputs.isEmpty && report.problems.isEmpty
    }
}

/// Processor time and memory of this process's children.
struct Usage: Encodable {
    var processorSeconds: Double
    /// The largest child's resident memory, mapped files included.
    var peakBytes: Int

    static func ofChildren() -> Usage {
        var usage = rusage()
        getrusage(RUSAGE_CHILDREN.rawValue, &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
        return Usage(
            processorSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime), peakBytes: Int(usage.ru_maxrss) << 10)
    }

    func since(_ before: Usage) -> Usage {
        Usage(processorSeconds: processorSeconds - before.processorSeconds, peakBytes: peakBytes)
    }
}

/// A line on a terminal that says how far a build is; nothing elsewhere. Called on the thread that watches the child.
private final class ProgressLine: Sendable {
    private let name: String
    private let terminal: Terminal

    init(name: String, terminal: Terminal) {
        self.name = name
        self.terminal = terminal
    }

    func show(_ done: UInt64, _ total: UInt64) {
        guard terminal.isInteractive else { return }
        let text = UploadText.indexing(name, done: Int(clamping: done), total: Int(clamping: total))
        StandardError.write("\r\u{1b}[K" + String(Terminal.visible(text).prefix(terminal.width - 1)))
    }

    func end() {
        if terminal.isInteractive { StandardError.write("\r\u{1b}[K") }
    }
}
