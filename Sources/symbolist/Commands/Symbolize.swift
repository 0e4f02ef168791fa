import ArgumentParser
import CrashEvent
import CrashReports
import DebugFiles
import Foundation
import Symbolication
import Worker

/// `symbolist symbolize`: one dump, without a job table.
struct Symbolize: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make one dump readable, now.",
        discussion: """
            Debug files come from those uploaded and from every --debug-file, which may also be a folder. Files of split units
            (.dwo, .dwp), supplementary files and separate debug files complete the others by their ids. With --local-files the
            images' own paths on this machine are used too, when they are regular files of the image's build id, and sources
            are read from this disk, by the rules of 'symbolist upload'.

            EXAMPLES
              symbolist symbolize crash.json
              symbolist symbolize --debug-file till.debug crash.json
              symbolist symbolize --debug-file till --debug-file till.dwp crash.json
              journalctl -u till -o cat | symbolist symbolize --local-files -
              symbolist symbolize --json crash.json | jq .contexts.symbolist
            """, aliases: ["symbolicate"])

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var inApp: InAppOptions
    @OptionGroup var sources: SourceOptions

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

    @Option(help: ArgumentHelp("Source lines shown around each line.", valueName: "lines"))
    var context = 2

    @Option(help: ArgumentHelp("The largest dump that is read.", valueName: "bytes"))
    var maxEventSize = 20_000_000

    @Flag(help: "The whole enriched event as JSON.")
    var json = false

    @Argument(help: "The dump, or - for standard input.")
    var file: String

    func validate() throws {
        if !(0...5).contains(context) { throw ValidationError("--context: \(context) is not between 0 and 5") }
        if !(1...(1 << 30)).contains(maxEventSize) {
            throw ValidationError("--max-event-size: \(maxEventSize) is not between 1 and \(1 << 30)")
        }
    }

    func run() async throws {
        logging.start()
        umask(0o077)
        let symbolicator = try inApp.symbolicator()
        let payload = try InputFile.read(file, limit: maxEventSize)
        var report = ReportContext()
        if let standardError {
            report.stderr = String(
                decoding: try InputFile.read(standardError, limit: 1 << 30).suffix(1 << 16), as: UTF8.self)
        }
        let source = try await source()
        let enrichment: Enrichment
        do throws(EnrichmentError) {
            enrichment = try await EventEnricher(source: source, symbolicator: symbolicator)
                .enrich(payload, context: report, project: project)
        } catch {
            let name = file == "-" ? "standard input" : file
            switch error {
            case .notUnderstood(let reason): throw CommandFailure(.nothingUnderstood, "\(name): \(reason)")
            case .temporary(let reason), .unavailable(let reason): throw CommandFailure(.unavailable, reason)
            }
        }
        for note in enrichment.report.notes { StandardError.write("symbolist: \(Terminal.visible(note))\n") }
        if json {
            StandardOutput.write(line: enrichment.document)
        } else {
            let document: JSONDocument
            do throws(JSONError) {
                document = try JSONDocument(enrichment.document)
            } catch {
                throw CommandFailure(.internalError, "the enriched event cannot be read: \(error)")
            }
            let terminal = Terminal.of(STDOUT_FILENO)
            var text = TraceText(document: document, style: Style(isOn: terminal.hasColour))
            text.context = context
            StandardOutput.write(text.render())
        }
        if enrichment.summary.status != .complete { throw ExitCode(ExitStatus.partly.rawValue) }
    }

    private func source() async throws -> any SymbolSource {
        let parser = try sandbox.parser()
        let fallback = try await uploaded()
        let policy = try sources.policy()
        do throws(DebugFilesError) {
            let local = try LocalDebugFiles(
                parser: parser, cacheFolder: storage.cacheFolder, options: storage.cacheOptions.libraryOptions)
            let named = try await local.files(paths: debugFile)
            for problem in named.problems { StandardError.write("symbolist: \(Terminal.visible(problem))\n") }
            return NamedSymbols(
                files: named.files, local: local, usesLocalFiles: localFiles, policy: policy, fallback: fallback)
        } catch {
            if case .debugFile = error { throw CommandFailure(.nothingUnderstood, "--debug-file: \(error)") }
            throw CommandFailure(.unavailable, error.description)
        }
    }

    /// The store, when there is one: a person with one dump and one debug file needs no database, and none is made.
    private func uploaded() async throws -> (any SymbolSource)? {
        guard FileManager.default.fileExists(atPath: try storage.databasePath()) else { return nil }
        return StoredSymbols(try await Services.open(storage, sandbox).store)
    }
}
