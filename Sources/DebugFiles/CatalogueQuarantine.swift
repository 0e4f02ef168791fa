import Database
import GRDB

/// The catalogue's table of objects whose parsers died.
extension Catalogue {
    /// How often parsers died of the index's inputs, and how the last time.
    func deaths(of key: String, revision: Int) async throws(DebugFilesError) -> (count: Int, reason: String) {
        try await read { db in
            let row = try Row.fetchOne(
                db, sql: "SELECT deaths, reason FROM quarantine WHERE digest = ? AND builder_revision = ?",
                arguments: [key, revision])
            return (row?[0] ?? 0, row?[1] ?? "")
        }
    }

    /// Counts one more death.
    func recordDeath(
        of key: String, object: String, revision: Int, reason: String
    ) async throws(DebugFilesError) {
        let now = Clock.milliseconds()
        try await write(durable: false) { db in
            try db.execute(
                sql: """
                    INSERT INTO quarantine (digest, builder_revision, deaths, reason, object, died_at)
                    VALUES (?1, ?2, 1, ?3, ?4, ?5)
                    ON CONFLICT (digest, builder_revision) DO UPDATE
                    SET deaths = deaths + 1, reason = ?3, object = ?4, died_at = ?5
                    """, arguments: [key, revision, reason, object, now])
        }
    }

    /// Forgets the deaths of objects' parsers, of every revision, and wakes the events that wait for those objects.
    /// - Parameter digests: `nil` stands for all.
    /// - Returns: The objects whose deaths were forgotten.
    func forgetDeaths(of digests: Set<String>?) async throws(DebugFilesError) -> [String] {
        try await write(durable: true) { db in
            let dead = try String.fetchAll(
                db, sql: "SELECT DISTINCT coalesce(object, digest) FROM quarantine ORDER BY 1")
            let chosen = dead.filter { digests?.contains($0) ?? true }
            for digest in chosen {
                try db.execute(sql: "DELETE FROM quarantine WHERE coalesce(object, digest) = ?", arguments: [digest])
                try Self.announce(digest, db)
            }
            return chosen
        }
    }
}
