import GRDB

/// The one migration sequence: step *n* takes a file from schema version *n − 1* to *n*.
///
///     empty file ─ step 1 ─▶ version 1 ─ step 2 ─▶ …          one BEGIN IMMEDIATE around all that is missing
///
/// The version stands in `PRAGMA user_version`, the mark that the file is Symbolist's in `PRAGMA application_id`; both
/// change with the transaction. A released step is never edited; a change is a new step.
public enum Schema {
    /// The schema version that this binary writes and reads.
    public static var version: Int { steps.count }

    /// "Symb", the file's `application_id`.
    static let applicationID = 0x5379_6d62

    /// Runs inside the migration's transaction.
    private typealias Step = @Sendable (GRDB.Database) throws -> Void

    private static let steps: [Step] = [
        { try $0.execute(sql: SchemaVersion1.sql) },
        { try SchemaVersion2.migrate($0) },
    ]

    /// What an existing file is.
    enum State: Equatable {
        case empty
        case symbolist(version: Int)
        case foreign
    }

    static func state(_ db: GRDB.Database) throws -> State {
        let identifier = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        if identifier == applicationID { return .symbolist(version: version) }
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        return tables == 0 && version == 0 && identifier == 0 ? .empty : .foreign
    }

    /// Throws unless the file is empty or of a version that this binary can bring up to its own.
    static func check(_ state: State, path: String) throws(DatabaseOpeningError) -> Int {
        switch state {
        case .empty: return 0
        case .foreign:
            throw .notSymbolist(path: path, reason: "an SQLite database, but not one of symbolist's")
        case .symbolist(let found) where found > version:
            throw .newerSchema(path: path, found: found, supported: version)
        case .symbolist(let found): return max(found, 0)
        }
    }

    /// Brings the file up to ``version``; must run inside a `BEGIN IMMEDIATE` transaction.
    ///
    /// Any number of processes may come here at once: the lock lets one through, the others find its work done.
    static func migrate(_ db: GRDB.Database, path: String) throws {
        let found = try check(state(db), path: path)
        guard found < version else { return }
        for step in steps[found...] { try step(db) }
        try db.execute(sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(version)")
    }
}
