import ArgumentParser
import CrashEvent
import DebugFiles
import Foundation
import JobTable

/// `symbolist enqueue`: raw events into the job table.
struct Enqueue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put raw events into the job table and print their ids.",
        discussion: """
            An event in Sentry's JSON or a Swift JSON crash log, told apart by content when a worker takes it. The options add
            what the dump does not say; they fill only what the event lacks.

            The same with plain SQL: INSERT INTO raw_events (payload_text) VALUES (…).

            EXAMPLES
              symbolist enqueue --release till@1.0 --stderr crash.stderr crash.json
              journalctl -u till -o cat | symbolist enqueue --project till --tag host=web1 -
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var sandbox: SandboxOptions

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

    @Argument(help: "Files, or - for standard input.")
    var files: [String]

    func validate() throws {
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
        let services = try await Services.open(storage, sandbox)
        let context = try context()
        var failures = 0
        for file in files {
            do {
                let bytes = try InputFile.read(file, limit: Self.readLimit)
                guard !bytes.isEmpty else { throw CommandFailure(.nothingUnderstood, "\(file): the file is empty") }
                let added = try await add(bytes, context, services)
                show(added, of: file)
            } catch let failure as CommandFailure where files.count > 1 && failure.status == .nothingUnderstood {
                StandardError.write("symbolist: \(failure.message)\n")
                failures += 1
            }
        }
        if failures == files.count { throw ExitCode(ExitStatus.nothingUnderstood.rawValue) }
        if failures > 0 { throw ExitCode(ExitStatus.partly.rawValue) }
    }

    private func add(_ bytes: [UInt8], _ context: String?, _ services: Services) async throws -> EnqueuedEvent {
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
                    payload: payload, project: project, dedupKey: dedupKey, context: context, priority: priority))
        } catch let error as JobTableError {
            throw error.failure
        } catch let error as BlobStorageError {
            throw CommandFailure(.unavailable, error.description)
        }
    }

    private func show(_ event: EnqueuedEvent, of file: String) {
        if json {
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("file", file)
            writer.member("id", event.id)
            writer.member("duplicate", event.isDuplicate)
            writer.endObject()
            StandardOutput.write(writer.bytes + [0x0a])
        } else {
            StandardOutput.write("\(event.id)\n")
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
