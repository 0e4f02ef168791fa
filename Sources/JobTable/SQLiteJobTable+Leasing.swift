import Database
import Foundation
import GRDB

extension SQLiteJobTable {
    /// How many events one call leases at most, whatever is asked for: the write lock is held for milliseconds.
    static let largestBatch = 1000

    /// See ``JobTable/lease(limit:owner:duration:)``.
    public func lease(limit: Int, owner: String, duration: Duration) async throws(JobTableError) -> [LeasedJob] {
        let policy = policy
        return try await write { db in
            try Self.endExpiredLeases(db, policy: policy)
            let statement = try db.cachedStatement(
                sql: """
                    UPDATE queue SET state = 'leased', attempts = attempts + 1,
                                     lease_token = lower(hex(randomblob(16))), lease_owner = ?,
                                     lease_expires_at = \(SQLTime.now) + ?, changed_at = \(SQLTime.now)
                    WHERE event_id IN (SELECT event_id FROM queue
                                       WHERE state = 'ready' AND available_at <= \(SQLTime.now)
                                       ORDER BY priority DESC, available_at, event_id LIMIT ?)
                    RETURNING event_id
                    """)
            let ids = try Int64.fetchAll(
                statement,
                arguments: [owner.withoutNUL, duration.milliseconds, min(max(0, limit), Self.largestBatch)])
            let jobs = try ids.compactMap { try Self.leasedJob($0, db) }
            // RETURNING promises no order.
            return jobs.sorted {
                ($1.job.priority, $0.availableAt, $0.job.eventID) < ($0.job.priority, $1.availableAt, $1.job.eventID)
            }
            .map(\.job)
        }
    }

    private static func leasedJob(_ id: Int64, _ db: GRDB.Database) throws -> (job: LeasedJob, availableAt: Int64)? {
        let statement = try db.cachedStatement(
            sql: """
                SELECT queue.lease_token, queue.attempts, queue.priority, queue.payload_size, queue.available_at,
                       raw_events.project, raw_events.context, raw_events.payload_blob,
                       \(SQLTime.milliseconds(of: "raw_events.created_at"))
                FROM queue JOIN raw_events ON raw_events.id = queue.event_id WHERE queue.event_id = ?
                """)
        guard let row = try Row.fetchOne(statement, arguments: [id]) else {
            // A program that had neither foreign keys nor triggers on replaced the raw event. Nothing is left to
            // process.
            try db.execute(sql: "DELETE FROM queue WHERE event_id = ?", arguments: [id])
            return nil
        }
        let blob: String? = row[7]
        let job = LeasedJob(
            eventID: id, token: row[0], attempts: row[1], project: row[5], context: row[6], priority: row[2],
            payloadSize: row[3], payload: blob.map { .blob(digest: $0) } ?? .row, createdAt: Date(milliseconds: row[8]))
        return (job, row[4])
    }

    /// A worker that was killed, hung, or lost its machine. Its events go to the end of their priority, so that one
    /// that kills workers does not hold up the others, and after the last attempt out of the way.
    private static func endExpiredLeases(_ db: GRDB.Database, policy: JobTablePolicy) throws {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE queue SET state = CASE WHEN attempts >= ?1 THEN 'dead' ELSE 'ready' END,
                    reason = CASE WHEN attempts >= ?1 THEN 'given up after ' || attempts || ' attempts: ' ELSE '' END
                        || 'the lease of ' || coalesce(lease_owner, 'a worker') || ' expired: '
                        || 'it was killed, or took longer than its lease without a heartbeat',
                    available_at = \(SQLTime.now), changed_at = \(SQLTime.now),
                    lease_token = NULL, lease_owner = NULL, lease_expires_at = NULL
                WHERE state = 'leased' AND lease_expires_at <= \(SQLTime.now)
                """)
        try statement.execute(arguments: [policy.maximumAttempts])
    }

    /// See ``JobTable/heartbeat(_:duration:)``.
    public func heartbeat(_ jobs: [LeasedJob], duration: Duration) async throws(JobTableError) -> [LeasedJob] {
        guard !jobs.isEmpty else { return [] }
        return try await write { db in
            let statement = try db.cachedStatement(
                sql: "UPDATE queue SET lease_expires_at = \(SQLTime.now) + ? WHERE event_id = ? AND lease_token = ?")
            return try jobs.filter { job in
                try statement.execute(arguments: [duration.milliseconds, job.eventID, job.token])
                return db.changesCount == 1
            }
        }
    }

    /// See ``JobTable/release(_:)``.
    public func release(_ jobs: [LeasedJob]) async throws(JobTableError) {
        guard !jobs.isEmpty else { return }
        try await write { db in
            // available_at stays: the event keeps its place.
            let statement = try db.cachedStatement(
                sql: """
                    UPDATE queue SET state = 'ready', attempts = max(0, attempts - 1), changed_at = \(SQLTime.now),
                                     lease_token = NULL, lease_owner = NULL, lease_expires_at = NULL
                    WHERE event_id = ? AND lease_token = ?
                    """)
            for job in jobs { try statement.execute(arguments: [job.eventID, job.token]) }
        }
    }

    /// See ``JobTable/retryLater(_:reason:)``.
    public func retryLater(_ job: LeasedJob, reason: String) async throws(JobTableError) -> RetryOutcome {
        let pause = policy.pause(after: job.attempts, jitter: Double.random(in: 0...1))
        let isLast = job.attempts >= policy.maximumAttempts
        let text = isLast ? "given up after \(job.attempts) attempts: \(reason)" : reason
        return try await write { db in
            let held = try Self.end(
                job, as: isLast ? "dead" : "ready", reason: text, after: isLast ? .zero : pause, db)
            guard held else { return .leaseLost }
            return isLast ? .deadLettered : .scheduled(after: pause)
        }
    }

    /// See ``JobTable/deadLetter(_:reason:)``.
    public func deadLetter(_ job: LeasedJob, reason: String) async throws(JobTableError) -> Bool {
        try await write { db in try Self.end(job, as: "dead", reason: reason, after: .zero, db) }
    }

    /// Ends a lease without a result; `false` when it was lost.
    private static func end(
        _ job: LeasedJob, as state: String, reason: String, after pause: Duration, _ db: GRDB.Database
    ) throws -> Bool {
        let statement = try db.cachedStatement(
            sql: """
                UPDATE queue SET state = ?, reason = ?, available_at = \(SQLTime.now) + ?, changed_at = \(SQLTime.now),
                                 lease_token = NULL, lease_owner = NULL, lease_expires_at = NULL
                WHERE event_id = ? AND lease_token = ?
                """)
        try statement.execute(arguments: [state, reason.withoutNUL, pause.milliseconds, job.eventID, job.token])
        return db.changesCount == 1
    }

    /// See ``JobTable/retry(_:)``.
    public func retry(_ id: Int64) async throws(JobTableError) -> Bool {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE queue SET state = 'ready', attempts = 0, reason = NULL, available_at = \(SQLTime.now),
                                     changed_at = \(SQLTime.now)
                    WHERE event_id = ?
                      AND (state IN ('dead', 'done') OR state = 'ready' AND available_at > \(SQLTime.now))
                    """, arguments: [id])
            return db.changesCount == 1
        }
    }

    /// See ``JobTable/waitForWork(timeout:)``.
    public func waitForWork(timeout: Duration) async throws(JobTableError) -> Bool {
        let deadline = ContinuousClock.now.advanced(by: timeout)
        while !Task.isCancelled {
            // The token first, then the look: a commit between the two ends the wait.
            let token: ChangeSignal.Token
            do { token = try await database.changes.token() } catch { throw Self.jobTableError(error) }
            let due = try await millisecondsUntilDue()
            if let due, due <= 0 { return true }
            let remaining = ContinuousClock.now.duration(to: deadline)
            guard remaining > .zero else { return false }
            let pause = due.map { min(remaining, .milliseconds($0)) } ?? remaining
            await database.changes.wait(after: token, timeout: pause)
        }
        return false
    }

    /// Until the next event is ready by the clock alone, or a lease expires; `nil` when there is neither.
    private func millisecondsUntilDue() async throws(JobTableError) -> Int64? {
        try await read { db in
            try Int64.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT CASE WHEN EXISTS
                                (SELECT 1 FROM queue WHERE state = 'ready' AND available_at <= \(SQLTime.now))
                            THEN 0
                            ELSE (SELECT min(due) - \(SQLTime.now) FROM
                                     (SELECT min(available_at) AS due FROM queue WHERE state = 'ready'
                                      UNION ALL SELECT min(lease_expires_at) FROM queue WHERE state = 'leased'))
                            END
                        """))
        }
    }
}

extension Date {
    /// A time of the table.
    init(milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    /// As a time of the table; `nil` beyond what SQLite's calendar knows anyway.
    var milliseconds: Int64? {
        Int64(exactly: (timeIntervalSince1970 * 1000).rounded())
    }
}
