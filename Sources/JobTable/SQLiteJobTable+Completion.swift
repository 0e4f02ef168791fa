import Database
import Foundation
import GRDB

extension SQLiteJobTable {
    /// See ``JobTable/catalogueSequence()``.
    public func catalogueSequence() async throws(JobTableError) -> Int64 {
        try await read { db in
            try Int64.fetchOne(db.cachedStatement(sql: "SELECT coalesce(max(sequence), 0) FROM catalogue_changes")) ?? 0
        }
    }

    // An upload and a completion of an event that lacked it, in either order. SQLite commits one after the other:
    //
    //     worker: sequence s ── looks ── complete [awaits x; a change of x > s?]
    //     upload:          ①                   ②                              ③
    //
    // ① is in the worker's view, or has a number > s: complete finds it and leaves the event ready.
    // ② cannot be: complete is one transaction.
    // ③ finds state 'done' and the awaited id: its trigger makes the event ready.
    /// See ``JobTable/complete(_:with:)``.
    public func complete(_ job: LeasedJob, with result: EnrichedResult) async throws(JobTableError) -> Bool {
        try await write { db in
            let done = try db.cachedStatement(
                sql: """
                    UPDATE queue SET state = 'done', attempts = 0, reason = NULL, changed_at = \(SQLTime.now),
                                     lease_token = NULL, lease_owner = NULL, lease_expires_at = NULL
                    WHERE event_id = ? AND lease_token = ?
                    """)
            try done.execute(arguments: [job.eventID, job.token])
            guard db.changesCount == 1 else { return false }
            try Self.store(result, for: job.eventID, db)
            try Self.replaceAwaited(result.awaited, of: job.eventID, db)
            if !result.awaited.isEmpty {
                try Self.wakeIfChanged(job.eventID, since: result.catalogueSequence, db)
            }
            return true
        }
    }

    private static func store(_ result: EnrichedResult, for id: Int64, _ db: GRDB.Database) throws {
        var document: Data?
        var blob: String?
        switch result.document {
        case .bytes(let bytes): document = Data(bytes)
        case .blob(let digest): blob = digest
        }
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO results (event_id, event_uuid, status, title, release, environment, document_blob,
                                     catalogue_sequence, enriched_at, document)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, \(SQLTime.now), ?)
                ON CONFLICT (event_id) DO UPDATE SET event_uuid = excluded.event_uuid, status = excluded.status,
                    title = excluded.title, release = excluded.release, environment = excluded.environment,
                    document_blob = excluded.document_blob, catalogue_sequence = excluded.catalogue_sequence,
                    enriched_at = excluded.enriched_at, document = excluded.document, revision = revision + 1
                """)
        try statement.execute(
            arguments: [
                id, result.eventUUID?.withoutNUL, result.status.rawValue, result.title?.withoutNUL,
                result.release?.withoutNUL, result.environment?.withoutNUL, blob, result.catalogueSequence, document,
            ])
    }

    private static func replaceAwaited(_ awaited: [AwaitedID], of id: Int64, _ db: GRDB.Database) throws {
        try db.cachedStatement(sql: "DELETE FROM awaited_ids WHERE event_id = ?").execute(arguments: [id])
        let insertion = try db.cachedStatement(
            sql: """
                INSERT INTO awaited_ids (event_id, project, kind, id, lacks)
                SELECT id, project, ?2, ?3, ?4 FROM raw_events WHERE id = ?1
                ON CONFLICT (event_id, kind, id) DO NOTHING
                """)
        for entry in awaited {
            try insertion.execute(
                arguments: [id, entry.kind.withoutNUL, entry.id.withoutNUL, entry.lacks.rawValue])
        }
    }

    /// The project rule is the trigger's: an upload to 'default' is for everybody.
    private static func wakeIfChanged(_ id: Int64, since sequence: Int64, _ db: GRDB.Database) throws {
        // CROSS JOIN fixes the order: the event's few ids outside, the index of changes inside.
        let statement = try db.cachedStatement(
            sql: """
                UPDATE queue SET state = 'ready', available_at = \(SQLTime.now)
                WHERE event_id = ?1 AND EXISTS
                    (SELECT 1 FROM awaited_ids AS awaited CROSS JOIN catalogue_changes AS change
                     WHERE awaited.event_id = ?1 AND change.kind = awaited.kind AND change.id = awaited.id
                       AND change.sequence > ?2 AND (change.project = awaited.project OR change.project = 'default'))
                """)
        try statement.execute(arguments: [id, sequence])
    }
}
