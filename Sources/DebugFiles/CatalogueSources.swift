import Database
import GRDB

/// The catalogue's table of source texts.
extension Catalogue {
    /// Where a text stands.
    struct TextPlace: Sendable, Equatable {
        var pack: String
        var offset: Int
        var length: Int
    }

    /// Marks of the source paths that the object has texts for.
    func sourceMarks(of digest: String) async throws(DebugFilesError) -> [String: SourceMark] {
        try await read { db in
            var marks: [String: SourceMark] = [:]
            let rows = try Row.fetchCursor(
                db, sql: "SELECT path, mark FROM source_manifests WHERE digest = ?", arguments: [digest])
            while let row = try rows.next() { marks[row[0]] = SourceMark(rawValue: row[1]) }
            return marks
        }
    }

    /// Where the store keeps these texts already, for any object.
    func places(ofTexts digests: Set<String>) async throws(DebugFilesError) -> [String: TextPlace] {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT pack, "offset", length FROM source_manifests
                    WHERE text_digest = ? AND pack IS NOT NULL LIMIT 1
                    """)
            var places: [String: TextPlace] = [:]
            for digest in digests {
                if let row = try Row.fetchOne(statement, arguments: [digest]) {
                    places[digest] = TextPlace(pack: row[0], offset: row[1], length: row[2])
                }
            }
            return places
        }
    }

    /// The manifest's entries for some paths of an object; paths without a text are absent.
    func sources(of digest: String, paths: [String]) async throws(DebugFilesError) -> [String: SourceEntry] {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT text_digest, pack, "offset", length, mark FROM source_manifests WHERE digest = ? AND path = ?
                    """)
            var entries: [String: SourceEntry] = [:]
            for path in paths {
                guard let row = try Row.fetchOne(statement, arguments: [digest, path]),
                    let pack = row[1] as String?, let offset = row[2] as Int?, let length = row[3] as Int?
                else { continue }
                entries[path] = SourceEntry(
                    path: path, textDigest: row[0], pack: pack, offset: offset, length: length,
                    mark: SourceMark(rawValue: row[4]) ?? .unchecked)
            }
            return entries
        }
    }

    /// Adds what is new and replaces what has a worse mark. Returns whether anything changed.
    static func addSources(_ sources: [SourceEntry], of digest: String, _ db: GRDB.Database) throws -> Bool {
        guard !sources.isEmpty else { return false }
        let ranks = "CASE mark WHEN 'exact' THEN 3 WHEN 'unchecked' THEN 2 WHEN 'newer' THEN 1 ELSE 0 END"
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO source_manifests (digest, path, text_digest, pack, "offset", length, mark)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (digest, path) DO UPDATE SET text_digest = excluded.text_digest, pack = excluded.pack,
                    "offset" = excluded."offset", length = excluded.length, mark = excluded.mark
                WHERE ? > \(ranks)
                """)
        var isChanged = false
        for source in sources {
            try statement.execute(arguments: [
                digest, source.path, source.textDigest, source.pack, source.offset, source.length,
                source.mark.rawValue, source.mark.rank,
            ])
            if db.changesCount > 0 { isChanged = true }
        }
        return isChanged
    }
}
