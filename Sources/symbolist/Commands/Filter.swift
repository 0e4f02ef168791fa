import ArgumentParser
import CrashEvent
import CrashReports
import DebugFiles
import Foundation
import Rendering
import Symbolication
import Worker

/// `symbolist filter`: standard input to standard output, with readable stack lines.
struct Filter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy standard input to standard output and make the stack lines in it readable as they pass.",
        discussion: """
            Lines that name a file and a place in it get the function, source file and line behind them: stacks of sanitizers,
            of glibc's backtrace_symbols and of systemd-coredump, the kernel's lines about processes that died, and LLVM's
            symbolizer markup. Functions that were inlined there stand on lines of their own. A report of Swift's own backtracer
            is shown whole, as 'symbolist symbolize' shows it. Everything else passes byte for byte, at once; the beginning of a
            line without its end waits 50 milliseconds for the rest, and a Swift report 5 seconds for its next line.

            Debug files come from those uploaded and from every --debug-file. With --local-files the files that lines name
            are used too, when a build id beside them says that they are the right ones.

            EXAMPLES
              symbolist filter --debug-file till.debug < till.log
              journalctl -f | symbolist filter
              ./till 2>&1 | symbolist filter --debug-file till.debug
              dmesg | symbolist filter --debug-file /usr/local/bin
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var inApp: InAppOptions
    @OptionGroup var sources: SourceOptions

    @Option(help: ArgumentHelp("A debug file on this machine, or a folder of them. Repeatable.", valueName: "path"))
    var debugFile: [String] = []

    @Flag(help: "Use the files that lines name on this machine, and this machine's sources.")
    var localFiles = false

    @Option(help: "The project whose uploads are used.")
    var project = "default"

    @Option(help: ArgumentHelp("Source lines shown around each line of a whole report.", valueName: "lines"))
    var context = 0

    func validate() throws {
        if !(0...5).contains(context) { throw ValidationError("--context: \(context) is not between 0 and 5") }
    }

    func run() async throws {
        logging.start()
        umask(0o077)
        let input = try FilterInput()
        let enricher = FilterEnricher(
            source: try await source(), symbolicator: try inApp.symbolicator(), project: project)
        var filter = StackFilter()
        var said: Set<String> = []
        while true {
            let event = await input.next(until: filter.deadline)
            let batch: FilterBatch
            switch event {
            case .bytes(let bytes): batch = filter.push(bytes, at: .now)
            case .deadline: batch = filter.expire(at: .now)
            case .end, .signal: batch = filter.finish()
            }
            await write(batch, enricher, &said)
            switch event {
            case .bytes, .deadline: continue
            case .end: return
            case .signal(let number): FilterInput.die(of: number)
            }
        }
    }

    private func write(_ batch: FilterBatch, _ enricher: FilterEnricher, _ said: inout Set<String>) async {
        var batch = batch
        let leading = batch.takeLeadingText()
        if !leading.isEmpty { StandardOutput.write(leading) }
        guard !batch.isEmpty else { return }
        let (bytes, problems) = await enricher.output(of: batch) { document in
            var options = TextOptions()
            options.context = context
            return EventText(EventStory(document), options: options).render()
        }
        // A problem is told once: the stream may go on for days.
        for problem in problems where said.count < 100 && said.insert(problem).inserted {
            StandardError.write("symbolist: \(Terminal.visible(problem))\n")
        }
        if !bytes.isEmpty { StandardOutput.write(bytes) }
    }

    /// The store, when there is one, and the named files.
    private func source() async throws -> any SymbolSource {
        let parser = try sandbox.parser()
        let hasStore = FileManager.default.fileExists(atPath: try storage.databasePath())
        let store = hasStore ? try await Services.open(storage, sandbox).store : nil
        let policy = try sources.policy()
        do throws(DebugFilesError) {
            let local = try LocalDebugFiles(
                parser: parser, cacheFolder: storage.cacheFolder, options: storage.cacheOptions.libraryOptions)
            let named = try await local.files(paths: debugFile)
            for problem in named.problems { StandardError.write("symbolist: \(Terminal.visible(problem))\n") }
            return NamedSymbols(
                files: named.files, local: local, usesLocalFiles: localFiles, policy: policy,
                fallback: store.map { StoredSymbols($0) }, namedPaths: debugFile)
        } catch {
            if case .debugFile = error { throw CommandFailure(.nothingUnderstood, "--debug-file: \(error)") }
            throw CommandFailure(.unavailable, error.description)
        }
    }
}
