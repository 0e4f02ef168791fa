import ArgumentParser
import DebugFiles
import Foundation

/// `symbolist upload`: debug files and the sources they name into the store.
struct Upload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Store debug files and the sources they name.",
        discussion: """
            Walks folders for ELF files with a build id or debug information: executables, shared objects, kernel modules, .debug
            files, split units (.dwo, .dwp) and the supplementary files of dwz. Each is stored once. Events that waited for one
            of them are enriched again. Then the symbol indexes are built, so that the first crash finds them; --no-index leaves
            that to the worker.

            Sources are taken when they are regular UTF-8 files of at most 1 MiB below the enclosing git work tree, the
            current folder, the Swift toolchain or a --source-root; never hidden files (.build/checkouts excepted), never
            below /proc, /sys, /dev and /etc.

            EXAMPLES
              symbolist upload .build/release
              symbolist upload --label pipeline=4711 build/app build/app.debug
              symbolist upload --map-path /src=. --source-root ../shared .build/release
              symbolist upload --json .build/release | jq -r '.outcomes[].buildID'
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var sandbox: SandboxOptions

    @Option(help: "The project; every project sees the uploads of 'default'.")
    var project = "default"

    @Option(help: ArgumentHelp("A fact about the build, kept with the upload. Repeatable.", valueName: "key=value"))
    var label: [KeyValue] = []

    @OptionGroup var sources: SourceOptions

    @Flag(help: "Store no sources.")
    var noSources = false

    @Flag(help: "Build no indexes; the first event that needs one waits for it.")
    var noIndex = false

    @Flag(
        name: [.customShort("v"), .long],
        help: "Name every file that was passed over, and every source that was not taken.")
    var verbose = false

    @Flag(help: "One JSON object with every file, instead of lines.")
    var json = false

    @Argument(help: "Files and folders.")
    var paths: [String]

    func run() async throws {
        logging.start()
        let services = try await Services.open(storage, sandbox)
        let progress = UploadProgress(terminal: Terminal.of(STDERR_FILENO), isQuiet: json)
        let options = try options()
        let report: UploadReport
        do throws(DebugFilesError) {
            report = try await services.store.upload(paths, options: options) { event in await progress.show(event) }
        } catch {
            await progress.end()
            throw CommandFailure(.unavailable, error.description)
        }
        await progress.end()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            StandardOutput.write(Array(try encoder.encode(report)) + [0x0a])
        } else {
            StandardOutput.write(UploadText(verbose: verbose).summary(report))
        }
        // The files are stored: what cannot be indexed is a warning, and 'debug-files show' says it again.
        for index in report.indexes {
            guard let problem = index.problem else { continue }
            StandardError.write(
                "symbolist: warning: \(Terminal.visible("index of \(index.path ?? index.id): \(problem)"))\n")
        }
        if report.hasFailures { throw ExitCode(ExitStatus.partly.rawValue) }
        if report.outcomes.isEmpty {
            throw CommandFailure(
                .nothingUnderstood, "nothing to upload: no ELF file with a build id or debug information")
        }
    }

    private func options() throws -> UploadOptions {
        var options = UploadOptions()
        options.project = project
        options.labels = Dictionary(label.map { ($0.key, $0.value) }) { _, last in last }
        options.environment = ProcessInfo.processInfo.environment
        options.buildsIndexes = !noIndex
        if !noSources { options.sources = try sources.policy() }
        return options
    }
}

/// What an upload says while it runs: a moving line on a terminal, plain lines otherwise.
actor UploadProgress {
    private let terminal: Terminal
    private let isQuiet: Bool
    private var hasLine = false

    init(terminal: Terminal, isQuiet: Bool) {
        self.terminal = terminal
        self.isQuiet = isQuiet
    }

    func show(_ event: UploadEvent) {
        switch event {
        case .started(let path, let size):
            line("reading \(path) (\(ByteCount.text(size)))")
        case .stage(let path, let stage, let size):
            line("\(stage.rawValue) \(path) (\(ByteCount.text(size)))")
        case .walked(let files):
            line("\(files) files")
        case .indexing(let name, let done, let total):
            line(UploadText.indexing(name, done: done, total: total))
        case .indexed(let index):
            clear()
            if !isQuiet { StandardOutput.write(UploadText(verbose: false).line(index)) }
        case .finished(let outcome):
            clear()
            if !isQuiet { StandardOutput.write(UploadText(verbose: false).line(outcome)) }
        }
    }

    func end() { clear() }

    private func line(_ text: String) {
        guard terminal.isInteractive else { return }
        clear()
        StandardError.write(String(Terminal.visible(text).prefix(terminal.width - 1)))
        hasLine = true
    }

    private func clear() {
        guard hasLine else { return }
        StandardError.write("\r\u{1b}[K")
        hasLine = false
    }
}
