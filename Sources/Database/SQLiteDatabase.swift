import Dispatch
public import GRDB

/// One SQLite file, opened by this process: the owner of its connections and of the rules for using them.
///
///     many readers ──▶ ┌──────────┐
///     one writer   ──▶ │ WAL file │ ◀── other processes: workers, uploads, any program that can INSERT
///     ChangeSignal ──▶ └──────────┘
///
/// - Readers never wait for writers and see one committed state.
/// - Writers take `BEGIN IMMEDIATE`, so two never deadlock, wait for each other by the busy timeout, and are expected
///   to hold the lock for milliseconds: nothing but SQL belongs into a write closure.
/// - A commit survives a crash of the process. It survives a loss of power at once only when written `durable`
///   (`synchronous=FULL`); others (`NORMAL`) may be undone together from some moment on, never partly: right for what
///   is computed again from durable rows, wrong for what somebody was told is kept.
///
/// The closures run on GRDB's own threads, never on Swift's cooperative pool. They are not interrupted when the calling
/// task is cancelled: a worker that stops still writes what it holds.
///
/// (The type is not called `Database` because GRDB's handle is, and both stand side by side in the rooms above.)
public final class SQLiteDatabase: Sendable {
    /// The absolute path of the file, without symbolic links.
    public let path: String
    /// Wakes those who wait for commits, whoever made them.
    public let changes: ChangeSignal

    private let pool: DatabasePool

    /// How to open a file. The defaults are right for everything but tests.
    public struct Options: Sendable {
        /// How long a writer waits for another process's transaction before it fails as busy.
        public var busyTimeout: Duration = .seconds(10)
        /// Connections for simultaneous reads.
        public var readerCount = 4
        /// How often a waiting process asks for foreign commits.
        public var pollInterval: Duration = .milliseconds(50)
        /// Tells local file systems from others.
        public var fileSystem = FileSystemProbe.system

        /// The defaults.
        public init() {}
    }

    /// Opens the file, creates it when it is missing (0600, missing folders 0700), and migrates it to
    /// ``Schema/version``.
    ///
    /// Any number of processes may open a new file at once. A file that is not Symbolist's, or newer than this binary,
    /// is not touched.
    public static func open(
        _ location: DatabaseLocation, options: Options = Options()
    ) async throws(DatabaseOpeningError) -> SQLiteDatabase {
        let path =
            switch location {
            case .sqlite(let path): path
            }
        let deadline = ContinuousClock.now.advanced(by: options.busyTimeout)
        var pause: Duration = .milliseconds(5)
        while true {
            let failure: DatabaseOpeningError
            do throws(DatabaseOpeningError) {
                return try await offThePool { () throws(DatabaseOpeningError) in
                    try SQLiteDatabase(path: path, options: options)
                }
            } catch {
                failure = error
            }
            guard case .busy = failure, ContinuousClock.now < deadline else { throw failure }
            // Switching a new file to WAL takes a lock that SQLite does not wait for, as that could deadlock.
            do { try await Task.sleep(for: pause) } catch { throw failure }
            pause = min(pause * 2, .milliseconds(200))
        }
    }

    private init(path named: String, options: Options) throws(DatabaseOpeningError) {
        path = try DatabaseFile.prepare(named, probe: options.fileSystem)
        do {
            try Self.refuseForeignFile(path)
            pool = try DatabasePool(path: path, configuration: Self.configuration(options))
            try pool.writeWithoutTransaction { [path] db in
                try db.inTransaction(.immediate) {
                    try Schema.migrate(db, path: path)
                    return .commit
                }
            }
            changes = try ChangeSignal(path: path, interval: options.pollInterval)
        } catch let error as DatabaseOpeningError {
            throw error
        } catch let error as DatabaseError {
            throw Self.openingError(error, path: named)
        } catch {
            throw .sqlite(path: named, code: 1, message: String(describing: error))
        }
    }

    /// Reads one committed state of the file. What the closure throws is thrown.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (GRDB.Database) throws -> Value
    ) async throws -> Value {
        // A task of its own: GRDB would interrupt the closure when the caller's task is cancelled.
        try await Task { [pool] in try await pool.read(body) }.value
    }

    /// Runs the closure in one `BEGIN IMMEDIATE` transaction: committed when it returns, rolled back when it throws.
    ///
    /// - Parameter durable: whether a loss of power right after the return may not undo it. Costs an `fsync`.
    public func write<Value: Sendable>(
        durable: Bool = false, _ body: @escaping @Sendable (GRDB.Database) throws -> Value
    ) async throws -> Value {
        let value = try await Task { [pool] in
            try await pool.writeWithoutTransaction { db in
                // Takes effect between transactions only; nobody else has this connection meanwhile.
                if durable { try db.execute(sql: "PRAGMA synchronous = FULL") }
                defer { if durable { try? db.execute(sql: "PRAGMA synchronous = NORMAL") } }
                var value: Value?
                try db.inTransaction(.immediate) {
                    value = try body(db)
                    return .commit
                }
                guard let value else { throw DatabaseError(resultCode: .SQLITE_INTERNAL) }
                return value
            }
        }.value
        changes.notify()
        return value
    }

    private static func configuration(_ options: Options) -> Configuration {
        var configuration = Configuration()
        configuration.label = "symbolist"
        let timeout = options.busyTimeout.components
        configuration.busyMode = .timeout(Double(timeout.seconds) + Double(timeout.attoseconds) / 1e18)
        configuration.maximumReaderCount = max(1, options.readerCount)
        configuration.foreignKeysEnabled = true
        configuration.prepareDatabase { db in
            try db.execute(
                sql: """
                    PRAGMA temp_store = MEMORY;              -- no copies of payloads in /tmp
                    PRAGMA journal_size_limit = 67108864;    -- a WAL that a long reader let grow shrinks again
                    """)
        }
        return configuration
    }

    /// Looks at an existing file without changing it: opening for use would switch it to WAL first.
    private static func refuseForeignFile(_ path: String) throws {
        do {
            try refuseForeignFile(path, readonly: true)
        } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_READONLY_ROLLBACK {
            // A process was killed while it made the file, before there was a WAL. What it left half done can be undone
            // by a writer only, and is by every program that opens the file to write.
            try refuseForeignFile(path, readonly: false)
        }
    }

    private static func refuseForeignFile(_ path: String, readonly: Bool) throws {
        var configuration = Configuration()
        configuration.readonly = readonly
        configuration.busyMode = .timeout(1)
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        _ = try Schema.check(queue.unsafeRead { try Schema.state($0) }, path: path)
    }

    private static func openingError(_ error: DatabaseError, path: String) -> DatabaseOpeningError {
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED: .busy(path: path)
        case .SQLITE_NOTADB: .notSymbolist(path: path, reason: "not an SQLite database")
        default:
            .sqlite(path: path, code: error.extendedResultCode.rawValue, message: error.message ?? "unknown error")
        }
    }

    /// Runs blocking work on a thread of its own, not on one of the cooperative pool's few.
    private static func offThePool<Value: Sendable>(
        _ work: @escaping @Sendable () throws(DatabaseOpeningError) -> Value
    ) async throws(DatabaseOpeningError) -> Value {
        let result: Result<Value, DatabaseOpeningError> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                do throws(DatabaseOpeningError) {
                    continuation.resume(returning: .success(try work()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }
}
