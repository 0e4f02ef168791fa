import ArgumentParser
import DebugFiles
import Foundation
import Rendering

/// `symbolist debug-files`: what is in the store, what is missing, and what was given up.
struct DebugFilesGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "debug-files",
        abstract: "List the uploaded debug files, show one, or lift its quarantine.",
        discussion: """
            EXAMPLES
              symbolist debug-files list --quarantined
              symbolist debug-files list --missing
              symbolist debug-files show 3f2a9c
              symbolist debug-files retry 3f2a9c
            """,
        subcommands: [DebugFilesList.self, DebugFilesShow.self, DebugFilesRetry.self],
        defaultSubcommand: DebugFilesList.self)
}

/// `symbolist debug-files list`.
struct DebugFilesList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List debug files, newest first: id, kind, architecture, features, size, time, name.",
        discussion: """
            With --missing, what is waited for instead: ids of images that events lack, and of files that stored ones refer to,
            those that most events wait for first.

            EXAMPLES
              symbolist debug-files list --project till
              symbolist debug-files list --build-id 3f2a9c --json
              symbolist debug-files list --missing --limit 20
              symbolist debug-files list --quarantined --json | jq -r .digest
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var quarantine: QuarantineOptions

    @Option(
        help: ArgumentHelp(
            "Only those with this build id, or another id or digest; its first digits will do.", valueName: "id"))
    var buildID: String?

    @Option(help: "Only those that this project sees.")
    var project: String?

    @Flag(help: "Only those that are given up because their parser died.")
    var quarantined = false

    @Flag(help: "Only those that refer to files which are not here.")
    var incomplete = false

    @Flag(help: "The ids that are waited for, instead of files.")
    var missing = false

    @Option(help: ArgumentHelp("Only those stored before this one (the next page).", valueName: "digest"))
    var after: String?

    @Option(help: "At most so many.")
    var limit = 50

    @Flag(help: "One JSON object a line.")
    var json = false

    func validate() throws {
        if !(1...10_000).contains(limit) { throw ValidationError("--limit: \(limit) is not between 1 and 10000") }
        if missing, quarantined || incomplete || buildID != nil || after != nil {
            throw ValidationError("--missing lists ids, not files: it goes with --project, --limit and --json only")
        }
    }

    func run() async throws {
        logging.start()
        let store = try await Services.open(storage, sandbox) { quarantine.apply(to: &$0) }.store
        let text = DebugFileText(
            style: Style(isOn: Terminal.of(STDOUT_FILENO).hasColour), quarantineLimit: quarantine.quarantineAfter)
        do throws(DebugFilesError) {
            if missing {
                let files = try await store.awaitedFiles(project: project, limit: limit)
                for file in files { StandardOutput.write(json ? text.json(file) : text.line(file)) }
                return
            }
            var filter = ObjectFilter()
            filter.id = buildID
            filter.project = project
            filter.isQuarantined = quarantined
            filter.isIncomplete = incomplete
            filter.after = after
            filter.limit = limit
            let objects = try await store.objects(filter)
            StandardOutput.write(json ? objects.map(text.json).joined() : text.table(objects))
        } catch {
            throw CommandFailure(.unavailable, error.description)
        }
    }
}

/// `symbolist debug-files show`.
struct DebugFilesShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show everything about a debug file: ids, contents, what it refers to, uploads, index, quarantine.",
        discussion: """
            EXAMPLES
              symbolist debug-files show 3f2a9c7d
              symbolist debug-files show --json 3f2a9c7d | jq '.wanted[] | select(.holders == [])'
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var sandbox: SandboxOptions
    @OptionGroup var quarantine: QuarantineOptions

    @Flag(help: "One JSON object a line, one line a file.")
    var json = false

    @Argument(help: ArgumentHelp("A build id, another id, or a digest; its first digits will do.", valueName: "id"))
    var id: String

    func validate() throws {
        if id.isEmpty { throw ValidationError("the id is empty") }
    }

    func run() async throws {
        logging.start()
        let store = try await Services.open(storage, sandbox) { quarantine.apply(to: &$0) }.store
        let text = DebugFileText(
            style: Style(isOn: Terminal.of(STDOUT_FILENO).hasColour), quarantineLimit: quarantine.quarantineAfter)
        let objects = try await store.matching(id)
        do throws(DebugFilesError) {
            for (number, object) in objects.enumerated() {
                let details = try await store.details(of: object)
                if number > 0, !json { StandardOutput.write("\n") }
                StandardOutput.write(json ? text.json(details) : text.page(details))
            }
        } catch {
            throw CommandFailure(.unavailable, error.description)
        }
    }
}

/// `symbolist debug-files retry`.
struct DebugFilesRetry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Lift the quarantine of debug files, and enrich the events again that lack them.",
        discussion: """
            A debug file whose parser died or hung a few times is left alone until another release comes. Try it again after
            raising a limit (--parser-memory, --parser-time, …), or when the machine was to blame.

            EXAMPLES
              symbolist debug-files retry 3f2a9c7d
              symbolist debug-files retry --all
            """)

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var storage: StorageOptions
    @OptionGroup var sandbox: SandboxOptions

    @Flag(help: "Every debug file whose parser died.")
    var all = false

    @Flag(help: "One JSON object a line.")
    var json = false

    @Argument(help: ArgumentHelp("A build id, another id, or a digest; its first digits will do.", valueName: "id"))
    var id: String?

    func validate() throws {
        if all == (id != nil) { throw ValidationError("name one debug file by its id, or all of them with --all") }
        if id?.isEmpty == true { throw ValidationError("the id is empty") }
    }

    func run() async throws {
        logging.start()
        let store = try await Services.open(storage, sandbox).store
        var digests: Set<String>?
        if let id { digests = Set(try await store.matching(id).map(\.digest)) }
        let retried: [String]
        do throws(DebugFilesError) {
            retried = try await store.retry(digests)
        } catch {
            throw CommandFailure(.unavailable, error.description)
        }
        for digest in retried { StandardOutput.write(json ? "{\"digest\":\"\(digest)\"}\n" : "retry  \(digest)\n") }
        if retried.isEmpty { StandardError.write("symbolist: nothing to retry: no parser died of it\n") }
    }
}

extension DebugFileStore {
    /// The objects with an id that begins so; at most 20, since a person reads them. None is an error.
    fileprivate func matching(_ id: String) async throws -> [StoredObject] {
        var filter = ObjectFilter()
        filter.id = id
        filter.limit = 20
        do throws(DebugFilesError) {
            let objects = try await objects(filter)
            if !objects.isEmpty { return objects }
        } catch {
            throw CommandFailure(.unavailable, error.description)
        }
        throw DebugFileText.nothing(id)
    }
}
