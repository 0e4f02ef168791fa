import ArgumentParser
import CrashEvent
import DebugFiles
import Foundation
import JobTable
import Rendering

/// `symbolist events`: what is in the job table.
struct Events: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List events, or show one.",
        discussion: """
            EXAMPLES
              symbolist events list --state dead
              symbolist events show 17
              symbolist events show 17 --json | jq '.exception.values[0].stacktrace.frames[-1]'
            """,
        subcommands: [EventsList.self, EventsShow.self], defaultSubcommand: EventsList.self)
}

/// `symbolist events list`.
struct EventsList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List events, newest first.",
        discussion: """
            EXAMPLES
              symbolist events list --project till --release till@1.0
              symbolist events list --status partial --limit 20 --json
            """)

    /// The job table's states, as words of the command line.
    enum State: String, ExpressibleByArgument, CaseIterable {
        case ready, leased, done, dead
    }

    /// The results' statuses, as words of the command line.
    enum Status: String, ExpressibleByArgument, CaseIterable {
        case complete, partial
    }

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions

    @Option(help: "Only events of this project.")
    var project: String?

    @Option(help: ArgumentHelp("Only events in this state.", valueName: "ready|leased|done|dead"))
    var state: State?

    @Option(help: ArgumentHelp("Only enriched events of this status.", valueName: "complete|partial"))
    var status: Status?

    @Option(help: "Only events of this release.")
    var release: String?

    @Option(help: "Only events of this environment.")
    var environment: String?

    @Option(help: ArgumentHelp("Only events with an id below this one (the next page).", valueName: "id"))
    var before: Int64?

    @Option(help: "At most so many events.")
    var limit = 50

    @Flag(help: "One JSON object a line.")
    var json = false

    func validate() throws {
        if !(1...10_000).contains(limit) { throw ValidationError("--limit: \(limit) is not between 1 and 10000") }
    }

    func run() async throws {
        logging.start()
        let jobs = SQLiteJobTable(try await Services.openDatabase(storage))
        var filter = EventFilter()
        filter.project = project
        filter.state = state.flatMap { JobState(rawValue: $0.rawValue) }
        filter.status = status.flatMap { EventStatus(rawValue: $0.rawValue) }
        filter.release = release
        filter.environment = environment
        filter.beforeID = before
        filter.limit = limit
        let events: [EventSummary]
        do throws(JobTableError) {
            events = try await jobs.events(filter)
        } catch {
            throw error.failure
        }
        for event in events {
            StandardOutput.write(json ? Self.json(event) : Self.line(event))
        }
    }

    /// `17  2026-11-22T15:59:19Z  default  partial  Swift runtime failure: Index out of range`
    private static func line(_ event: EventSummary) -> String {
        let state = event.result.map(\.status.rawValue) ?? event.state.rawValue
        let text = event.state == .dead ? event.reason : event.result?.title
        let columns = [
            String(event.id), event.createdAt.ISO8601Format(), event.project,
            event.state == .dead ? "dead" : state, text ?? event.reason ?? "",
        ]
        return Terminal.visible(columns.joined(separator: "  ")) + "\n"
    }

    static func json(_ event: EventSummary) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("id", event.id)
        writer.member("project", event.project)
        writer.member("created_at", event.createdAt.ISO8601Format())
        writer.member("state", event.state.rawValue)
        writer.member("attempts", event.attempts)
        writer.member("reason", ifPresent: event.reason)
        if let result = event.result {
            writer.member("status", result.status.rawValue)
            writer.member("title", ifPresent: result.title)
            writer.member("release", ifPresent: result.release)
            writer.member("environment", ifPresent: result.environment)
            writer.member("event_id", ifPresent: result.eventUUID)
            writer.member("enriched_at", result.enrichedAt.ISO8601Format())
            writer.member("revision", result.revision)
        }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self) + "\n"
    }
}

/// `symbolist events show`.
struct EventsShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show one event: the enriched trace, or where it stands.",
        discussion: """
            EXAMPLES
              symbolist events show 17
              symbolist events show 17 --json > event.json
              symbolist events show 17 --format html > crash.html
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The id that 'enqueue' printed.")
    var id: Int64

    func run() async throws {
        logging.start()
        let jobs = SQLiteJobTable(try await Services.openDatabase(storage))
        let record: EventRecord?
        do throws(JobTableError) {
            record = try await jobs.event(id)
        } catch {
            throw error.failure
        }
        guard let record else { throw CommandFailure(.nothingUnderstood, "there is no event \(id)") }
        guard let stored = record.document else {
            let reason = record.summary.reason.map { ": \($0)" } ?? ""
            throw CommandFailure(
                record.summary.state == .dead ? .nothingUnderstood : .partly,
                "event \(id) is not enriched; its state is '\(record.summary.state.rawValue)'\(reason)")
        }
        var output = EventOutput(self.output)
        try output.write(try await document(stored))
        output.end()
        if record.summary.state == .ready, self.output.chosen != .json {
            StandardError.write("symbolist: event \(id) waits to be enriched again\n")
        }
    }

    private func document(_ stored: StoredDocument) async throws -> [UInt8] {
        switch stored {
        case .bytes(let bytes): return bytes
        case .blob(let digest):
            let folder = try storage.folder()
            do throws(BlobStorageError) {
                return try await folder.read(digest, limit: 1 << 30)
            } catch {
                throw CommandFailure(.unavailable, "event \(id): \(error)")
            }
        }
    }
}
