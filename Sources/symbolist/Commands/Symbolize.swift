import ArgumentParser
import CrashReports
import DebugFiles
import Foundation
import Symbolication
import Worker

/// `symbolist symbolize`: one dump, without a job table.
struct Symbolize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make dumps readable, now.",
        discussion: """
            Debug files come from those uploaded and from every --debug-file, which may also be a folder. Files of split units
            (.dwo, .dwp), supplementary files and separate debug files complete the others by their ids. With --local-files the
            images' own paths on this machine are used too, when they are regular files of the image's build id, and sources
            are read from this disk, by the rules of 'symbolist upload'.

            Any dump will do: Swift crash logs and reports, cores and minidumps (also compressed), Sentry events and envelopes,
            sanitizer reports, backtrace_symbols, Rust panics, gdb and eu-stack, kernel logs, systemd-coredump, LLVM markup, plain
            addresses; alone or between the lines of a log.

            Of a folder all regular files are read, none below; what is no dump is named and passed over. A log may hold
            several reports: each is shown.

            EXAMPLES
              symbolist symbolize crash.json
              symbolist symbolize --debug-file till.debug crash.json
              symbolist symbolize --debug-file till --debug-file till.dwp crash.json
              journalctl -u till -o cat | symbolist symbolize --local-files -
              symbolist symbolize --local-files core.till.zst
              symbolist symbolize --json crash.json | jq .contexts.symbolist
              symbolist symbolize --format html crash.json > crash.html
              symbolist symbolize -e till asan.txt
              symbolist symbolize -e till addresses.txt
              symbolist symbolize /var/crash
            """, aliases: ["symbolicate"])

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var inApp: InAppOptions
    @OptionGroup var sources: SourceOptions
    @OptionGroup var dumps: DumpOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var images: ImageOptions

    @Option(help: ArgumentHelp("A debug file on this machine, or a folder of them. Repeatable.", valueName: "path"))
    var debugFile: [String] = []

    @Flag(help: "Use the images' own files on this machine, and this machine's sources.")
    var localFiles = false

    @Option(help: "The project whose uploads are used.")
    var project = "default"

    @Option(
        name: .customLong("stderr"),
        help: ArgumentHelp("What the process wrote to standard error before it died.", valueName: "file"))
    var standardError: String?

    @Option(help: ArgumentHelp("The largest dump that is read.", valueName: "bytes"))
    var maxEventSize = 20_000_000

    @Argument(help: ArgumentHelp("Dumps and folders of dumps, or - for standard input.", valueName: "file"))
    var files: [String]

    func validate() throws {
        if files.count(where: { $0 == "-" }) > 1 { throw ValidationError("standard input can be read only once") }
        if !(1...(1 << 30)).contains(maxEventSize) {
            throw ValidationError("--max-event-size: \(maxEventSize) is not between 1 and \(1 << 30)")
        }
    }

    func run() async throws {
        logging.start()
        umask(0o077)
        let inputs = try SymbolizeInputs.list(files)
        var report = ReportContext()
        if let standardError {
            report.stderr = String(
                decoding: try InputFile.read(standardError, limit: 1 << 30).suffix(1 << 16), as: UTF8.self)
        }
        let enricher = try await enricher(&report)
        var output = EventOutput(self.output)
        var outcome = SymbolizeOutcome()
        for input in inputs where !outcome.isHopeless {
            do {
                let contents = try await InputFile.contents(
                    of: input.path, limit: maxEventSize, spool: dumps.spool(storage))
                let (reports, notes) = contents.reports(report)
                for note in notes { StandardError.write("symbolist: \(Terminal.visible(note))\n") }
                for (number, part) in reports.enumerated() {
                    let enrichment = try await enrich(part, InputFile.name(of: input.path), report, enricher)
                    for note in enrichment.report.notes {
                        StandardError.write("symbolist: \(Terminal.visible(note))\n")
                    }
                    let isOneOfSeveral = inputs.count > 1 || reports.count > 1
                    let heading = input.heading(report: number, of: reports.count)
                    try output.write(enrichment.document, heading: isOneOfSeveral ? heading : nil)
                    outcome.wrote(isComplete: enrichment.summary.status == .complete)
                }
            } catch let failure as CommandFailure {
                outcome.failed(failure, input)
            }
        }
        output.end()
        let status = try outcome.status()
        if status != .all { throw ExitCode(status.rawValue) }
    }

    /// What all inputs share: the files' indexes are looked for and read once. `report` gets the builds that were named
    /// for images without an id.
    private func enricher(_ report: inout ReportContext) async throws -> EventEnricher {
        let parser = try sandbox.parser()
        let services = try await uploaded()
        let source = try await source(parser, services, &report)
        let reader = dumps.reader(
            storage, parser, source: source, blobs: services?.store.storage, reportSize: maxEventSize)
        return EventEnricher(source: source, symbolicator: try inApp.symbolicator(), dumps: reader)
    }

    private func enrich(
        _ input: InputContents, _ name: String, _ context: ReportContext, _ enricher: EventEnricher
    ) async throws -> Enrichment {
        let progress = DumpProgress(name)
        defer { progress.end() }
        do throws(EnrichmentError) {
            switch input {
            case .text(let bytes): return try await enricher.enrich(bytes, context: context, project: project)
            case .dump(let dump):
                return try await enricher.enrich(
                    dump, name: name, context: context, project: project, onProgress: progress.report)
            }
        } catch {
            throw error.failure(of: name)
        }
    }

    private func source(
        _ parser: SandboxedObjectParser, _ services: Services?, _ report: inout ReportContext
    ) async throws -> any SymbolSource {
        let policy = try sources.policy()
        do throws(DebugFilesError) {
            let local = try LocalDebugFiles(
                parser: parser, cacheFolder: storage.cacheFolder, options: storage.cacheOptions.libraryOptions)
            let named = try await local.files(paths: debugFile + images.paths)
            report.images = images.images(named.files)
            for problem in named.problems { StandardError.write("symbolist: \(Terminal.visible(problem))\n") }
            return NamedSymbols(
                files: named.files, local: local, usesLocalFiles: localFiles, policy: policy,
                fallback: services.map { StoredSymbols($0.store) }, namedPaths: debugFile + images.paths)
        } catch {
            if case .debugFile = error { throw CommandFailure(.nothingUnderstood, "--debug-file: \(error)") }
            throw CommandFailure(.unavailable, error.description)
        }
    }

    /// The store, when there is one: a person with one dump and one debug file needs no database, and none is made.
    private func uploaded() async throws -> Services? {
        guard FileManager.default.fileExists(atPath: try storage.databasePath()) else { return nil }
        return try await Services.open(storage, sandbox)
    }
}
