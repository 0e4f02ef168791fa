import ArgumentParser
import Database
import DebugFiles
import Foundation
import Logging

/// Options of every command.
struct LoggingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How much is logged, on standard error.", valueName: "level"))
    var logLevel: LogLevel = .notice

    @Option(help: ArgumentHelp("Log lines as text or as JSON.", valueName: "text|json"))
    var logFormat: LogFormat = .text

    /// Starts logging; called once, first thing in a command.
    func start() {
        StandardErrorLogHandler.bootstrap(level: logLevel.level, format: logFormat)
    }
}

/// The logger's levels, as words of the command line.
enum LogLevel: String, ExpressibleByArgument, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .notice }
}

extension LogFormat: ExpressibleByArgument {}

/// Where the job table, the debug files and the caches are.
struct StorageOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The job table and catalogue. (default: sqlite:DATA/symbolist.sqlite, DATA being $STATE_DIRECTORY or "
                + "$XDG_DATA_HOME/symbolist)", valueName: "sqlite:PATH"))
    var database: String?

    @Option(
        help: ArgumentHelp("The folder of debug files and sources. (default: DATA/debug-files)", valueName: "path"))
    var debugFiles: String?

    @OptionGroup var cacheOptions: CacheOptions

    var databaseURL: String { database ?? "sqlite:\(Folders.data())/symbolist.sqlite" }
    var debugFilesFolder: String { debugFiles ?? "\(Folders.data())/debug-files" }
    var cacheFolder: String { cacheOptions.folder }

    /// Where the database is.
    func location() throws -> DatabaseLocation {
        do throws(DatabaseOpeningError) {
            return try DatabaseLocation(parsing: databaseURL)
        } catch {
            throw CommandFailure(.usage, "--database: \(error)")
        }
    }

    /// The database's file, which need not exist.
    func databasePath() throws -> String {
        switch try location() {
        case .sqlite(let path): path
        }
    }
}

/// Where symbol indexes are.
struct CacheOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder of symbol indexes, which can be made again. (default: $CACHE_DIRECTORY or "
                + "$XDG_CACHE_HOME/symbolist)", valueName: "path"))
    var cache: String?

    @Option(help: ArgumentHelp("The cache's size in MB, least recently used first out.", valueName: "MB"))
    var cacheSize: Int = 10_000

    var folder: String { cache ?? Folders.cache() }

    func validate() throws {
        guard (1...1_000_000_000).contains(cacheSize) else {
            throw ValidationError("--cache-size: \(cacheSize) is not a size in MB")
        }
    }

    /// For the rooms that keep indexes.
    var libraryOptions: DebugFileStore.Options {
        var options = DebugFileStore.Options()
        options.indexCacheLimit = cacheSize * 1_000_000
        return options
    }
}

/// How much a parser of untrusted files may use.
struct SandboxOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What holds a parser: 'strict' refuses to parse where the kernel has no seccomp, 'limits-only' goes on with "
                + "limits alone.", valueName: "strict|limits-only"))
    var sandbox: SandboxChoice = .strict

    @Option(help: ArgumentHelp("Memory of a parser in MB; mapped files do not count.", valueName: "MB"))
    var parserMemory: Int = 4096

    @Option(help: ArgumentHelp("Processor seconds of a parser.", valueName: "seconds"))
    var parserCpu: Int = 600

    @Option(help: ArgumentHelp("Seconds after which a parser is stopped.", valueName: "seconds"))
    var parserTime: Int = 900

    @Option(help: ArgumentHelp("The largest index that a parser may write, in MB.", valueName: "MB"))
    var parserOutput: Int = 2048

    func validate() throws {
        for (name, value) in [
            ("memory", parserMemory), ("cpu", parserCpu), ("time", parserTime), ("output", parserOutput),
        ] where value <= 0 || value > 1 << 24 {
            throw ValidationError("--parser-\(name): \(value) is not between 1 and \(1 << 24)")
        }
    }
}

/// `--sandbox`.
enum SandboxChoice: String, ExpressibleByArgument, CaseIterable, Sendable {
    case strict
    case limitsOnly = "limits-only"
}

/// Which frames are the program's own.
struct InAppOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Frames that are in-app whatever the rules say: path:GLOB, module:GLOB, image:GLOB. Repeatable.",
            valueName: "pattern"))
    var inApp: [String] = []

    @Option(help: ArgumentHelp("Frames that are not in-app; as --in-app. Repeatable.", valueName: "pattern"))
    var notInApp: [String] = []
}

/// Which files of this machine may be taken as sources.
struct SourceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("A further folder that sources may lie in. Repeatable.", valueName: "folder"))
    var sourceRoot: [String] = []

    @Option(
        help: ArgumentHelp(
            "Where sources are whose recorded path begins with FROM (prefix maps). Repeatable.", valueName: "from=to"))
    var mapPath: [KeyValue] = []

    /// The rules with this process's folder and toolchain.
    func policy() throws -> SourcePolicy {
        let policy = SourcePolicy(
            currentFolder: FileManager.default.currentDirectoryPath,
            toolchain: SourcePolicy.toolchain(searchPath: ProcessInfo.processInfo.environment["PATH"] ?? ""),
            sourceRoots: sourceRoot, pathMaps: mapPath.map { SourcePolicy.PathMap(from: $0.key, to: $0.value) })
        if let problem = policy.problems.first { throw CommandFailure(.usage, "--source-root: \(problem)") }
        return policy
    }
}

/// `K=V` of `--label` and `--tag`, `FROM=TO` of `--map-path`.
struct KeyValue: ExpressibleByArgument, Sendable {
    let key: String
    let value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        key = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}
