import Database
import Foundation
import GRDB

extension SQLiteJobTable {
    private static let now = SQLTime.now

    /// The columns of an ``EventSummary``, in its order.
    private static let summaryColumns = """
        queue.event_id, raw_events.project, \(SQLTime.milliseconds(of: "raw_events.created_at")), queue.priority,
        queue.payload_size, queue.state, queue.available_at > \(now), queue.attempts, queue.reason, queue.changed_at,
        results.status, results.title, results.release, results.environment, results.event_uuid, results.enriched_at,
        results.revision
        """

    private static let tables = """
        queue JOIN raw_events ON raw_events.id = queue.event_id LEFT JOIN results ON results.event_id = queue.event_id
        """

    /// See ``JobTable/events(_:)``.
    public func events(_ filter: EventFilter) async throws(JobTableError) -> [EventSummary] {
        try await read { db in
            // Each restriction is added only when it is asked for, so that the indexes of the rest can be used.
            var conditions: [String] = []
            var arguments = StatementArguments()
            func restrict(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
                guard let value else { return }
                conditions.append(condition)
                arguments += [value]
            }
            // The plus keeps the planner from collecting a whole project by the deduplication index, to sort it then.
            restrict("+raw_events.project = ?", filter.project)
            restrict("results.status = ?", filter.status?.rawValue)
            restrict("results.release = ?", filter.release)
            restrict("results.environment = ?", filter.environment)
            restrict("results.event_uuid = ?", filter.eventUUID)
            restrict("\(SQLTime.milliseconds(of: "raw_events.created_at")) >= ?", filter.createdSince?.milliseconds)
            restrict("queue.event_id < ?", filter.beforeID)
            if let state = filter.state { conditions.append(Self.condition(state)) }
            arguments += [max(0, filter.limit)]
            let selection = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT \(Self.summaryColumns) FROM \(Self.tables) \(selection) ORDER BY queue.event_id DESC LIMIT ?
                    """, arguments: arguments)
            return try rows.map(Self.summary)
        }
    }

    private static func condition(_ state: JobState) -> String {
        switch state {
        case .ready: "queue.state = 'ready' AND queue.available_at <= \(now)"
        case .backingOff: "queue.state = 'ready' AND queue.available_at > \(now)"
        case .leased, .done, .dead: "queue.state = '\(state.rawValue)'"
        }
    }

    /// See ``JobTable/event(_:)``.
    public func event(_ id: Int64) async throws(JobTableError) -> EventRecord? {
        try await read { db in
            guard
                let row = try Row.fetchOne(
                    db,
                    sql: """
                        SELECT \(Self.summaryColumns), raw_events.context, raw_events.payload_blob,
                               results.catalogue_sequence, results.document_blob, results.document
                        FROM \(Self.tables) WHERE queue.event_id = ?
                        """, arguments: [id])
            else { return nil }
            let awaited = try Row.fetchAll(
                db, sql: "SELECT kind, id, lacks FROM awaited_ids WHERE event_id = ? ORDER BY kind, id", arguments: [id]
            )
            let payload: String? = row[18]
            let documentBlob: String? = row[20]
            let document = try row.withUnsafeData(atIndex: 21) { $0.map { [UInt8]($0) } }
            return EventRecord(
                summary: try Self.summary(row), context: row[17],
                payload: payload.map { .blob(digest: $0) } ?? .row,
                document: documentBlob.map { .blob(digest: $0) } ?? document.map { .bytes($0) },
                awaited: try awaited.map {
                    AwaitedID(kind: $0[0], id: $0[1], lacks: try known($0[2], "awaited_ids.lacks"))
                },
                catalogueSequence: row[19])
        }
    }

    private static func summary(_ row: Row) throws -> EventSummary {
        var state: JobState = try known(row[5], "queue.state")
        if state == .ready, row[6] { state = .backingOff }
        let status: String? = row[10]
        let result: EventSummary.Result? = try status.map {
            EventSummary.Result(
                status: try known($0, "results.status"), title: row[11], release: row[12], environment: row[13],
                eventUUID: row[14], enrichedAt: Date(milliseconds: row[15]), revision: row[16])
        }
        return EventSummary(
            id: row[0], project: row[1], createdAt: Date(milliseconds: row[2]), priority: row[3], payloadSize: row[4],
            state: state, attempts: row[7], reason: row[8], changedAt: Date(milliseconds: row[9]), result: result)
    }

    /// See ``JobTable/pendingCounts()``.
    public func pendingCounts() async throws(JobTableError) -> PendingCounts {
        try await read { db in
            let row = try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT count(*) FILTER (WHERE available_at <= \(Self.now)),
                               count(*) FILTER (WHERE available_at > \(Self.now)),
                               (SELECT count(*) FROM queue WHERE state = 'leased')
                        FROM queue WHERE state = 'ready'
                        """))
            guard let row else { throw JobTableError.failed("a count has no row") }
            return PendingCounts(ready: row[0], backingOff: row[1], leased: row[2])
        }
    }

    /// See ``JobTable/finishedCounts()``.
    public func finishedCounts() async throws(JobTableError) -> FinishedCounts {
        try await read { db in
            let row = try Row.fetchOne(
                db,
                sql: """
                    SELECT (SELECT count(*) FROM queue WHERE state = 'done'),
                           (SELECT count(*) FROM queue WHERE state = 'dead')
                    """)
            guard let row else { throw JobTableError.failed("a count has no row") }
            return FinishedCounts(done: row[0], dead: row[1])
        }
    }
}

/// A word of the table as the enumeration's case. The schema's CHECKs admit no other; a file damaged by hand may hold
/// one.
private func known<Word: RawRepresentable<String>>(_ text: String, _ column: String) throws -> Word {
    guard let word = Word(rawValue: text) else { throw JobTableError.failed("\(column) holds an unknown word") }
    return word
}
