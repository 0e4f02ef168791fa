import Database
import DebugFiles
import Glibc
import JobTable
import Sandbox
import SymbolIndexBuilder
import Symbolication
import Worker

/// The rooms, opened as the options say.
struct Services {
    let parser: SandboxedObjectParser
    let database: SQLiteDatabase
    let store: DebugFileStore
    let jobs: SQLiteJobTable

    /// Opens everything; creates what is missing.
    ///
    /// A command that ends soon waits for the best index; only a worker has the time to build successors of older ones
    /// behind its answers, and changes that with `adjust`.
    static func open(
        _ storage: StorageOptions, _ sandbox: SandboxOptions,
        adjust: (inout DebugFileStore.Options) -> Void = { _ in }
    ) async throws -> Services {
        // Everything that Symbolist creates is its own user's, whatever the shell's umask says.
        umask(0o077)
        let parser = try sandbox.parser()
        let database = try await openDatabase(storage)
        let folder = try storage.folder()
        var options = storage.cacheOptions.libraryOptions
        options.olderIndexes = .ignore
        adjust(&options)
        do throws(DebugFilesError) {
            let store = try DebugFileStore(
                storage: folder, database: database, parser: parser, cacheFolder: storage.cacheFolder,
                options: options)
            return Services(parser: parser, database: database, store: store, jobs: SQLiteJobTable(database))
        } catch {
            throw CommandFailure(.unavailable, error.description)
        }
    }

    /// Opens the database alone.
    static func openDatabase(_ storage: StorageOptions) async throws -> SQLiteDatabase {
        let location = try storage.location()
        do throws(DatabaseOpeningError) {
            return try await SQLiteDatabase.open(location)
        } catch {
            throw CommandFailure(.unavailable, "--database: \(error)")
        }
    }
}

extension StorageOptions {
    /// The store's folder, made when it is missing.
    func folder() throws -> FolderStorage {
        do throws(BlobStorageError) {
            return try FolderStorage(root: debugFilesFolder)
        } catch {
            if case .unsupportedLocation = error { throw CommandFailure(.usage, "--debug-files: \(error)") }
            throw CommandFailure(.unavailable, "--debug-files: \(error)")
        }
    }
}

extension SandboxOptions {
    /// The sandbox that holds a parser: this executable, with the limits of the options.
    func held() throws -> Sandbox {
        do {
            return Sandbox(
                executable: try SandboxExecutable.current(), policy: sandbox == .strict ? .strict : .limitsOnly,
                limits: SandboxLimits(
                    memory: UInt64(parserMemory) << 20, processorSeconds: UInt64(parserCpu),
                    wallClock: .seconds(parserTime), fileSize: UInt64(parserOutput) << 20))
        } catch {
            throw CommandFailure(.internalError, "the sandbox: \(error)")
        }
    }

    /// The parser of untrusted files.
    func parser() throws -> SandboxedObjectParser {
        SandboxedObjectParser(
            sandbox: try held(), builderRevision: UInt32(SymbolIndexBuilderRevision.current))
    }
}

extension InAppOptions {
    /// The frame rules with the patterns of `--in-app` and `--not-in-app`.
    func symbolicator() throws -> Symbolicator {
        do {
            return Symbolicator(inApp: try InAppRules(inApp: inApp, notInApp: notInApp))
        } catch {
            throw CommandFailure(.usage, "--in-app/--not-in-app: \(error)")
        }
    }
}

extension JobTableError {
    /// The exit status that the error means for a command.
    var failure: CommandFailure {
        switch self {
        case .unavailable, .storageFull: CommandFailure(.unavailable, description)
        case .rejected: CommandFailure(.usage, description)
        case .noSuchEvent: CommandFailure(.nothingUnderstood, description)
        case .payloadTooLarge: CommandFailure(.partly, description)
        case .failed: CommandFailure(.internalError, description)
        }
    }
}

extension EnrichmentError {
    /// The exit status that the error means for a command about one input.
    func failure(of name: String) -> CommandFailure {
        switch self {
        case .notUnderstood(let reason):
            CommandFailure(.nothingUnderstood, reason.hasPrefix(name) ? reason : "\(name): \(reason)")
        case .temporary(let reason), .unavailable(let reason): CommandFailure(.unavailable, reason)
        }
    }
}
