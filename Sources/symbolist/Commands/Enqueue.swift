import ArgumentParser
import CrashEvent
import CrashReports
import DebugFiles
import Foundation
import JobTable
import Worker

/// `symbolist enqueue`: raw events into the job table.
struct Enqueue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put raw events into the job table and print their ids.",
        discussion: """
            An event in Sentry's JSON or a Swift JSON crash log, told apart by content when a worker takes it. The options add
            what the dump does not say; they fill only what the event lacks.

            Of a core or minidump, also a compressed one, the stacks are enqueued, unwound with the executables and libraries
            that were uploaded, and with --local-files those of this machine. --keep-dump keeps the dump itself, so that
            executables that are uploaded later count too.

            Each report of a log is an event of its own. When the database is away, reports wait in the spool, and --watch
            waits: it takes what falls into a folder, such as the one that SWIFT_BACKTRACE or core_pattern names.

            The same with plain SQL: INSERT INTO raw_events (payload_text) VALUES (…).

            EXAMPLES
              symbolist enqueue --release till@1.0 --stderr crash.stderr crash.json
              journalctl -u till -o cat | symbolist enqueue --project till --tag host=web1 -
              symbolist enqueue --local-files --keep-dump /var/lib/systemd/coredump/core.till.zst
              symbolist enqueue --watch /var/crash --release till@1.0
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var dumps: DumpOptions

    @Flag(help: "Keep a core or minidump, compressed, in the debug-file store.")
    var keepDump = false

    @Flag(help: "Unwind a core or minidump with the files of this machine that it names, when the build ids agree.")
    var localFiles = false

    @Option(help: "The project.")
    var project = "default"

    @Option(help: "The release that crashed.")
    var release: String?

    @Option(help: "production, staging, …")
    var environment: String?

    @Option(help: "The machine it happened on.")
    var serverName: String?

    @Option(help: ArgumentHelp("A tag. Repeatable.", valueName: "key=value"))
    var tag: [KeyValue] = []

    @Option(
        name: .customLong("stderr"),
        help: ArgumentHelp("What the process wrote to standard error before it died.", valueName: "file"))
    var standardError: String?

    @Option(help: "Higher is taken first.")
    var priority = 0

    @Option(help: "An event with a key that the project has already is not added again (one FILE only).")
    var dedupKey: String?

    @Flag(help: "One JSON object a line: file, id, duplicate.")
    var json = false

    @OptionGroup var watching: WatchOptions
    @OptionGroup var spoolOptions: SpoolOptions

    @Argument(help: "Files, or - for standard input.")
    var files: [String] = []

    func validate() throws {
        try watching.validate(files: files, dedupKey: dedupKey, standardError: standardError)
        if dedupKey != nil, files.count != 1 { throw ValidationError("--dedup-key goes with one FILE") }
        if files.filter({ $0 == "-" }).count > 1 { throw ValidationError("- may be given once") }
    }

    /// Bytes above which a payload becomes a blob in the store.
    static let inlineLimit = 1 << 20
    /// The most that is read of one file: far more than a worker takes, so that a large event ends as a dead letter that says
    /// so, and is not refused by a program that nobody watches.
    static let readLimit = 1 << 30

    func run() async throws {
        logging.start()
        let context = try context()
        if let folder = watching.watch { return try await watch(folder, context) }
        let services: Services
        do {
            services = try await Services.open(storage, sandbox)
        } catch let failure as CommandFailure where failure.status == .unavailable {
            throw await keep(files, context, because: failure)
        }
        await deliverSpool(services)
        var failures = 0
        for (position, file) in files.enumerated() {
            do {
                let bytes = try await payload(of: file, services)
                guard !bytes.isEmpty else { throw CommandFailure(.nothingUnderstood, "\(file): the file is empty") }
                let reports = reports(in: bytes)
                for (number, report) in reports.enumerated() {
                    do {
                        let key = Self.key(dedupKey, ofReport: number)
                        show(try await add(report, key: key, context, services), of: file)
                    } catch let failure as CommandFailure
                        where failure.status == .unavailable || failure.status == .internalError
                    {
                        // Gone since it was opened. What came through a pipe is nowhere else.
                        throw await keep(
                            Array(reports[number...]), first: number, of: file,
                            then: Array(files[(position + 1)...]), context, because: failure)
                    }
                }
            } catch let failure as CommandFailure where files.count > 1 && failure.status == .nothingUnderstood {
                StandardError.write("symbolist: \(failure.message)\n")
                failures += 1
            }
        }
        if failures == files.count { throw ExitCode(ExitStatus.nothingUnderstood.rawValue) }
        if failures > 0 { throw ExitCode(ExitStatus.partly.rawValue) }
    }

    /// The bytes of a report, or the event that a binary dump becomes.
    func payload(of file: String, _ services: Services) async throws -> [UInt8] {
        switch try await InputFile.contents(of: file, limit: Self.readLimit, spool: dumps.spool(storage)) {
        case .text(let bytes): return bytes
        case .dump(let dump):
            return try await payload(
                of: dump, InputFile.name(of: file), services.parser,
                source: try unwindingSource(services.parser, StoredSymbols(services.store)), services.store.storage)
        }
    }

    /// The event that a binary dump becomes without the store, for the time when that is away: unwound with this
    /// machine's files at most.
    func payloadWithoutStore(of dump: FileDescriptor, _ name: String) async throws -> [UInt8] {
        let parser = try sandbox.parser()
        return try await payload(of: dump, name, parser, source: try unwindingSource(parser, nil), nil)
    }

    private func payload(
        of descriptor: FileDescriptor, _ name: String, _ parser: SandboxedObjectParser, source: any SymbolSource,
        _ blobs: (any BlobStorage)?
    ) async throws -> [UInt8] {
        let progress = DumpProgress(name)
        defer { progress.end() }
        let reader = dumps.reader(
            storage, parser, source: source, blobs: blobs, reportSize: Self.readLimit)
        let dump: ReadDump
        do throws(EnrichmentError) {
            let contents = try await reader.read(
                descriptor, name: name, project: project, onProgress: progress.report)
            switch contents {
            case .report(let bytes): return bytes
            case .dump(let read): dump = read
            }
        } catch {
            throw error.failure(of: name)
        }
        for note in dump.report.notes { StandardError.write("symbolist: \(Terminal.visible(note))\n") }
        guard keepDump else { return dump.report.event }
        do throws(EnrichmentError) {
            return try await reader.keep(dump, name: name, onProgress: progress.report)
        } catch {
            // The crash itself is worth more than its dump.
            StandardError.write("symbolist: \(name): the dump is not kept: \(Terminal.visible(error.description))\n")
            return dump.report.event
        }
    }

    private func unwindingSource(
        _ parser: SandboxedObjectParser, _ stored: StoredSymbols?
    ) throws -> any SymbolSource {
        if let stored, !localFiles { return stored }
        do throws(DebugFilesError) {
            return NamedSymbols(
                files: [],
                local: try LocalDebugFiles(
                    parser: parser, cacheFolder: storage.cacheFolder,
                    options: storage.cacheOptions.libraryOptions),
                usesLocalFiles: localFiles, policy: SourcePolicy(currentFolder: nil), fallback: stored)
        } catch {
            throw CommandFailure(.unavailable, error.description)
        }
    }

    func add(
        _ bytes: [UInt8], key: String?, _ context: String?, _ services: Services
    ) async throws -> EnqueuedEvent {
        do {
            let payload: NewRawEvent.Payload
            if bytes.count > Self.inlineLimit {
                let blob = try await services.store.storage.put(bytes)
                payload = .blob(digest: blob.digest, size: blob.size)
            } else if let text = String(validating: bytes, as: UTF8.self) {
                payload = .text(text)
            } else {
                payload = .bytes(bytes)
            }
            return try await services.jobs.enqueue(
                NewRawEvent(
                    payload: payload, project: project, dedupKey: key, context: context, priority: priority))
        } catch let error as JobTableError {
            throw error.failure
        } catch let error as BlobStorageError {
            throw CommandFailure(.unavailable, error.description)
        }
    }

    func show(_ event: EnqueuedEvent, of file: String) {
        if json {
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("file", file)
            writer.member("id", event.id)
            writer.member("duplicate", event.isDuplicate)
            writer.endObject()
            StandardOutput.offer(writer.bytes + [0x0a])
        } else {
            StandardOutput.offer(Array("\(event.id)\n".utf8))
            if event.isDuplicate {
                StandardError.write("symbolist: \(file): the project has event \(event.id) under this key already\n")
            }
        }
    }

    private func context() throws -> String? {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("release", ifPresent: release)
        writer.member("environment", ifPresent: environment)
        writer.member("server_name", ifPresent: serverName)
        if !tag.isEmpty {
            writer.key("tags")
            writer.beginObject()
            for (key, value) in Dictionary(tag.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
                .sorted(by: { $0.key < $1.key })
            {
                writer.member(key, value)
            }
            writer.endObject()
        }
        if let standardError {
            let bytes = try InputFile.read(standardError, limit: Self.readLimit)
            // The crash stands at the end; more than 64 KiB helps nobody and would be in every copy of the event.
            writer.member("stderr", String(decoding: bytes.suffix(1 << 16), as: UTF8.self))
        }
        writer.endObject()
        let text = String(decoding: writer.bytes, as: UTF8.self)
        return text == "{}" ? nil : text
    }
}
