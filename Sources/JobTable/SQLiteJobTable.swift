public import Database
import Foundation
import GRDB

/// The job table in one SQLite file, shared by any number of processes.
///
/// Files of this type: intake here, leases in `SQLiteJobTable+Leasing.swift`, results in `+Completion`, questions in
/// `+Reading`. The tables are commented in the schema (`SchemaVersion1`).
public struct SQLiteJobTable: JobTable {
    /// How often and when failed events are tried again.
    public let policy: JobTablePolicy
    let database: SQLiteDatabase

    /// A job table in an open file.
    public init(_ database: SQLiteDatabase, policy: JobTablePolicy = JobTablePolicy()) {
        self.database = database
        self.policy = policy
    }

    /// See ``JobTable``.
    public func enqueue(_ events: [NewRawEvent]) async throws(JobTableError) -> [EnqueuedEvent] {
        for event in events { try Self.check(event) }
        guard !events.isEmpty else { return [] }
        return try await write(durable: true) { db in
            try events.map { try Self.insert($0, into: db) }
        }
    }

    /// GRDB binds text as a C string, which ends at a NUL: a name with one would be stored as another name.
    private static func check(_ event: NewRawEvent) throws(JobTableError) {
        for (name, text) in [("project", event.project), ("dedup key", event.dedupKey), ("context", event.context)]
        where text?.utf8.contains(0) == true {
            throw .rejected("the \(name) holds a NUL character")
        }
    }

    private static func insert(_ event: NewRawEvent, into db: GRDB.Database) throws -> EnqueuedEvent {
        var text: Data?
        var bytes: Data?
        var blob: (digest: String, size: Int)?
        switch event.payload {
        case .text(let value): text = Data(value.utf8)
        case .bytes(let value): bytes = Data(value)
        case .blob(let digest, let size): blob = (digest, size)
        }
        // Text goes in as bytes too, for the reason given above.
        let insertion = try db.cachedStatement(
            sql: """
                INSERT INTO raw_events
                    (project, dedup_key, context, priority, payload_text, payload_bytes, payload_blob)
                VALUES (?, ?, ?, ?, CAST(? AS TEXT), ?, ?) ON CONFLICT (project, dedup_key) DO NOTHING RETURNING id
                """)
        let arguments: StatementArguments = [
            event.project, event.dedupKey, event.context, event.priority, text, bytes, blob?.digest,
        ]
        if let id = try Int64.fetchAll(insertion, arguments: arguments).first {
            if let blob {
                // The trigger cannot know the size of what is not in the row.
                try db.execute(
                    sql: "UPDATE queue SET payload_size = ? WHERE event_id = ?", arguments: [max(0, blob.size), id])
            }
            return EnqueuedEvent(id: id, isDuplicate: false)
        }
        let existing = try db.cachedStatement(sql: "SELECT id FROM raw_events WHERE project = ? AND dedup_key = ?")
        guard let id = try Int64.fetchOne(existing, arguments: [event.project, event.dedupKey]) else {
            throw JobTableError.failed("an event was neither added nor found by its dedup key")
        }
        return EnqueuedEvent(id: id, isDuplicate: true)
    }

    /// See ``JobTable/payload(of:limit:)``.
    public func payload(of eventID: Int64, limit: Int) async throws(JobTableError) -> RawPayload {
        try await read { db in
            // The size stands in the queue, so a payload that is too large is not even looked at.
            let statement = try db.cachedStatement(
                sql: """
                    SELECT queue.payload_size, raw_events.payload_blob,
                           CASE WHEN queue.payload_size <= ?2
                                THEN CAST(coalesce(raw_events.payload_text, raw_events.payload_bytes) AS BLOB) END
                    FROM queue JOIN raw_events ON raw_events.id = queue.event_id WHERE queue.event_id = ?1
                    """)
            guard let row = try Row.fetchOne(statement, arguments: [eventID, limit]) else {
                throw JobTableError.noSuchEvent(eventID)
            }
            if let digest: String = row[1] { return .blob(digest: digest) }
            let size: Int = row[0]
            guard size <= limit else { throw JobTableError.payloadTooLarge(size: size, limit: limit) }
            return .bytes(try row.withUnsafeData(atIndex: 2) { $0.map { [UInt8]($0) } ?? [] })
        }
    }

    /// See ``JobTable/moveLargePayload(of:toBlob:)``.
    public func moveLargePayload(of job: LeasedJob, toBlob digest: String) async throws(JobTableError) -> Bool {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE raw_events SET payload_blob = ?, payload_text = NULL, payload_bytes = NULL
                    WHERE id = ? AND payload_blob IS NULL
                      AND EXISTS (SELECT 1 FROM queue WHERE event_id = raw_events.id AND lease_token = ?)
                    """,
                arguments: [digest, job.eventID, job.token])
            return db.changesCount == 1
        }
    }

    // MARK: - Errors

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (GRDB.Database) throws -> Value
    ) async throws(JobTableError) -> Value {
        do {
            return try await database.read(body)
        } catch {
            throw Self.jobTableError(error)
        }
    }

    func write<Value: Sendable>(
        durable: Bool = false, _ body: @escaping @Sendable (GRDB.Database) throws -> Value
    ) async throws(JobTableError) -> Value {
        do {
            return try await database.write(durable: durable, body)
        } catch {
            throw Self.jobTableError(error)
        }
    }

    static func jobTableError(_ error: any Error) -> JobTableError {
        if let error = error as? JobTableError { return error }
        guard let error = error as? DatabaseError else { return .failed(String(describing: error)) }
        // The message only: GRDB's description shows the SQL too.
        let message = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        return switch error.resultCode {
        case .SQLITE_CONSTRAINT: .rejected(message)
        case .SQLITE_TOOBIG: .rejected("larger than SQLite allows: \(message)")
        case .SQLITE_BUSY, .SQLITE_LOCKED: .unavailable(message)
        case .SQLITE_FULL: .storageFull(message)
        default: .failed("\(message) (SQLite error \(error.extendedResultCode.rawValue))")
        }
    }
}

extension String {
    /// For columns that people search and lists show: the text without NUL, which no database's text type takes whole.
    var withoutNUL: String {
        utf8.contains(0) ? String(map { $0 == "\0" ? "\u{fffd}" : $0 }) : self
    }
}

extension Duration {
    /// Whole milliseconds, saturated: the unit of the table's times.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        if overflow { return seconds < 0 ? -Self.farAway : Self.farAway }
        return min(max(whole, -Self.farAway), Self.farAway) + attoseconds / 1_000_000_000_000_000
    }

    /// Thirty thousand years; added to the present time it does not overflow.
    private static let farAway: Int64 = 1_000_000_000_000_000
}
