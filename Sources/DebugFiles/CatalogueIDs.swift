import Database
import GRDB
import ParserTasks

/// The catalogue's tables of ids: which object has which, which object wants which, and who hears of it.
extension Catalogue {
    /// One file that an object wants, and who has it.
    struct Companion: Sendable, Equatable {
        /// An object with the id.
        struct Holder: Sendable, Equatable {
            var digest: String
            var quality: Int
            /// Milliseconds since 1970.
            var addedAt: Int64
            var isLost: Bool
        }

        var wanted: WantedFile
        var holders: [Holder] = []
    }

    /// What an object's debug information refers to and which objects that the project sees have it, one row an id. An
    /// object may want 10,000 split units: this is one pass over two indexes.
    func companions(of digest: String, project: String) async throws(DebugFilesError) -> [Companion] {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT wanted.kind, wanted.id, wanted.name, object_ids.digest, max(object_ids.quality),
                           max(object_ids.added_at), objects.lost_at IS NOT NULL
                    FROM wanted_inputs AS wanted
                    LEFT JOIN object_ids ON object_ids.kind = wanted.kind AND object_ids.id = wanted.id
                        AND object_ids.project IN (?2, 'default') AND object_ids.digest <> wanted.digest
                    LEFT JOIN objects ON objects.digest = object_ids.digest
                    WHERE wanted.digest = ?1
                    GROUP BY wanted.kind, wanted.id, object_ids.digest
                    ORDER BY wanted.kind, wanted.id
                    """)
            var companions: [Companion] = []
            let rows = try Row.fetchCursor(statement, arguments: [digest, project])
            while let row = try rows.next() {
                guard let kind = CatalogueKind(rawValue: row[0]) else { continue }
                let wanted = WantedFile(id: CatalogueID(kind, row[1]), name: row[2])
                if companions.last?.wanted.id != wanted.id { companions.append(Companion(wanted: wanted)) }
                guard let holder = row[3] as String? else { continue }
                companions[companions.count - 1].holders.append(
                    .init(digest: holder, quality: row[4], addedAt: row[5], isLost: row[6]))
            }
            return companions
        }
    }

    /// The ids of the images that could be answered better with these objects: their own, and those of the objects that
    /// refer to them. One id an image, its build id if it has one.
    func images(betteredBy digests: [String], project: String) async throws(DebugFilesError) -> [CatalogueID] {
        try await read { db in
            let wanting = try db.cachedStatement(
                sql: """
                    SELECT DISTINCT wanted_inputs.digest
                    FROM object_ids JOIN wanted_inputs ON wanted_inputs.kind = object_ids.kind
                        AND wanted_inputs.id = object_ids.id
                    WHERE object_ids.digest = ? ORDER BY 1
                    """)
            let own = try db.cachedStatement(
                sql: """
                    SELECT kind, id FROM object_ids
                    WHERE digest = ? AND project IN (?, 'default') AND kind IN ('build_id', 'debug_id')
                        AND NOT EXISTS (SELECT 1 FROM object_ids AS parts WHERE parts.digest = object_ids.digest
                                        AND parts.kind IN ('dwo_id', 'supplementary_id'))
                        AND NOT EXISTS (SELECT 1 FROM wanted_inputs WHERE wanted_inputs.kind = object_ids.kind
                                        AND wanted_inputs.id = object_ids.id)
                    ORDER BY kind, id LIMIT 1
                    """)
            var ids: [CatalogueID] = []
            var seenIDs: Set<CatalogueID> = []
            var seen: Set<String> = []
            var open = digests
            for _ in 0..<4 where !open.isEmpty {
                var next: [String] = []
                for digest in open where seen.insert(digest).inserted {
                    if let row = try Row.fetchOne(own, arguments: [digest, project]),
                        let kind = CatalogueKind(rawValue: row[0])
                    {
                        let id = CatalogueID(kind, row[1])
                        if seenIDs.insert(id).inserted { ids.append(id) }
                    }
                    next += try String.fetchAll(wanting, arguments: [digest])
                }
                open = next
            }
            return ids
        }
    }

    // MARK: Writing

    /// Adds what is new under the addition's ids and tells whoever waits for one of them, or for an object that wants one.
    static func addIDs(of addition: Addition, _ db: GRDB.Database) throws -> Bool {
        let quality = ObjectQuality(addition.inspection).rawValue
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO object_ids (project, kind, id, digest, quality, added_at)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (project, kind, id, digest) DO UPDATE SET quality = excluded.quality
                WHERE quality < excluded.quality
                """)
        let name = addition.upload.flatMap { ImageName.base(of: $0.path) }
        var changed: [CatalogueID] = []
        for id in CatalogueID.all(of: addition.inspection, name: name) {
            try statement.execute(arguments: [
                addition.project, id.kind.rawValue, id.id, addition.digest, quality, addition.addedAt,
            ])
            if db.changesCount > 0 { changed.append(id) }
        }
        try announce(changed, project: addition.project, db)
        return !changed.isEmpty
    }

    /// Notes what the object wants. Whether it is known only now, of an object that is there already.
    static func addWanted(of addition: Addition, _ db: GRDB.Database) throws -> Bool {
        let wanted = WantedFile.all(of: addition.inspection)
        guard !wanted.isEmpty else { return false }
        let isKnown =
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM object_ids WHERE digest = ?)", arguments: [addition.digest])
            ?? false
        let statement = try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO wanted_inputs (digest, kind, id, name) VALUES (?, ?, ?, ?)")
        var isNew = false
        for file in wanted {
            try statement.execute(arguments: [addition.digest, file.id.kind.rawValue, file.id.id, file.name])
            if db.changesCount > 0 { isNew = true }
        }
        return isNew && isKnown
    }

    /// A change under every id of the object, in every project that has it, and under those of the objects that want it.
    static func announce(_ digest: String, _ db: GRDB.Database) throws {
        let rows = try Row.fetchAll(
            db, sql: "SELECT project, kind, id FROM object_ids WHERE digest = ? ORDER BY project", arguments: [digest])
        var ids: [String: [CatalogueID]] = [:]
        for row in rows {
            guard let kind = CatalogueKind(rawValue: row[1]) else { continue }
            ids[row[0], default: []].append(CatalogueID(kind, row[2]))
        }
        for (project, ids) in ids.sorted(by: { $0.key < $1.key }) { try announce(ids, project: project, db) }
    }

    /// Writes the changes that wake whoever lacks something under these ids.
    ///
    /// An event waits for the ids of its image, not for each of the thousands of split units that the image's object
    /// wants: so what a new file brings is told under the ids of every object that wants it too, and of those that want
    /// that one (a stripped object, its separate debug file, that one's split units).
    private static func announce(_ ids: [CatalogueID], project: String, _ db: GRDB.Database) throws {
        let wanting = try db.cachedStatement(
            sql: """
                SELECT DISTINCT object_ids.kind, object_ids.id
                FROM wanted_inputs JOIN object_ids ON object_ids.digest = wanted_inputs.digest
                WHERE wanted_inputs.kind = ?1 AND wanted_inputs.id = ?2
                    AND (object_ids.project IN (?3, 'default') OR ?3 = 'default')
                ORDER BY object_ids.kind, object_ids.id
                """)
        let change = try db.cachedStatement(sql: "INSERT INTO catalogue_changes (project, kind, id) VALUES (?, ?, ?)")
        var seen: Set<CatalogueID> = []
        var open = ids
        // Three steps lead from a unit to an image; a bound for files that name each other in a circle.
        for _ in 0..<4 where !open.isEmpty {
            var next: [CatalogueID] = []
            for id in open where seen.insert(id).inserted {
                try change.execute(arguments: [project, id.kind.rawValue, id.id])
                for row in try Row.fetchAll(wanting, arguments: [id.kind.rawValue, id.id, project]) {
                    if let kind = CatalogueKind(rawValue: row[0]) { next.append(CatalogueID(kind, row[1])) }
                }
            }
            open = next
        }
    }
}
