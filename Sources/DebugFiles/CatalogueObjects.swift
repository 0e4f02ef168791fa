import Database
import FoundationEssentials
import GRDB
import ParserTasks

/// The catalogue read by people: lists, one object whole, and what is waited for.
extension Catalogue {
    /// The version of the builder and the deaths after which it gives an object up.
    struct Revision: Sendable {
        var number: Int
        var quarantineLimit: Int
    }

    func objects(_ filter: ObjectFilter, _ revision: Revision) async throws(DebugFilesError) -> [StoredObject] {
        var conditions: [String] = []
        var arguments: [(any DatabaseValueConvertible)?] = [revision.number]
        if let id = filter.id {
            let place = "?\(arguments.count + 1)"
            // A range instead of LIKE: the indexes serve it. '~' is behind every character of an id.
            conditions.append(
                """
                (objects.digest BETWEEN \(place) AND \(place) || '~' OR objects.digest IN
                    (SELECT digest FROM object_ids WHERE id BETWEEN \(place) AND \(place) || '~'))
                """)
            arguments.append(id)
        }
        if let project = filter.project {
            conditions.append(
                "EXISTS (SELECT 1 FROM object_ids WHERE digest = objects.digest AND project IN (?\(arguments.count + 1), 'default'))"
            )
            arguments.append(project)
        }
        if filter.isQuarantined {
            conditions.append("coalesce(dead.deaths, 0) >= ?\(arguments.count + 1)")
            arguments.append(revision.quarantineLimit)
        }
        if filter.isIncomplete {
            conditions.append(
                """
                EXISTS (SELECT 1 FROM wanted_inputs WHERE digest = objects.digest AND NOT EXISTS
                    (SELECT 1 FROM object_ids WHERE kind = wanted_inputs.kind AND id = wanted_inputs.id))
                """)
        }
        if let after = filter.after {
            let place = "?\(arguments.count + 1)"
            conditions.append(
                """
                (objects.stored_at, objects.digest) <
                    (SELECT stored_at, digest FROM objects AS last WHERE last.digest = \(place))
                """)
            arguments.append(after)
        }
        let condition = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
        let sql =
            "\(Self.objectQuery) \(condition) ORDER BY objects.stored_at DESC, objects.digest DESC LIMIT \(filter.limit)"
        let values = StatementArguments(arguments)
        return try await read { db in try Row.fetchAll(db, sql: sql, arguments: values).map(Self.storedObject) }
    }

    private static let objectQuery = """
        SELECT objects.digest, size, stored_at, last_used_at, lost_at IS NOT NULL, inspection,
            (SELECT name FROM uploads WHERE uploads.digest = objects.digest ORDER BY uploads.id DESC LIMIT 1),
            (SELECT group_concat(project, char(10)) FROM
                (SELECT DISTINCT project FROM object_ids WHERE object_ids.digest = objects.digest)),
            (SELECT count(DISTINCT id) FROM object_ids
                WHERE object_ids.digest = objects.digest AND kind = 'dwo_id'),
            (SELECT count(*) FROM wanted_inputs WHERE wanted_inputs.digest = objects.digest),
            (SELECT count(*) FROM wanted_inputs WHERE wanted_inputs.digest = objects.digest AND NOT EXISTS
                (SELECT 1 FROM object_ids WHERE kind = wanted_inputs.kind AND id = wanted_inputs.id)),
            coalesce(dead.deaths, 0)
        FROM objects LEFT JOIN
            (SELECT coalesce(object, digest) AS object, max(deaths) AS deaths FROM quarantine
             WHERE builder_revision = ?1 GROUP BY 1) AS dead ON dead.object = objects.digest
        """

    private static func storedObject(_ row: Row) throws -> StoredObject {
        let text: String = row[5] ?? ""
        let inspection =
            (try? JSONDecoder().decode(ObjectInspection.self, from: Data(text.utf8)))
            ?? ObjectInspection(
                kind: .other, machine: 0, architecture: "unknown", buildID: nil, debugID: nil,
                hasDebugInformation: false, hasSymbolTable: false, hasUnwindTables: false, hasCode: false)
        return StoredObject(
            digest: row[0], size: row[1], storedAt: row[2], lastUsedAt: row[3], isLost: row[4], inspection: inspection,
            name: row[6], projects: (row[7] as String? ?? "").split(separator: "\n").map(String.init).sorted(),
            heldSplitUnits: row[8], wantedFiles: row[9],
            missingFiles: row[10], deaths: row[11])
    }

    /// What the catalogue knows of an object besides its summary.
    struct Particulars: Sendable {
        var ids: [ObjectDetails.ID] = []
        var wanted: [ObjectDetails.WantedInput] = []
        var uploads: [ObjectDetails.Upload] = []
        var deaths: [ObjectDetails.Deaths] = []
        var sources = 0
    }

    func particulars(of digest: String, _ revision: Revision) async throws(DebugFilesError) -> Particulars {
        try await read { db in
            var result = Particulars()
            let ids = try Row.fetchAll(
                db, sql: "SELECT project, kind, id FROM object_ids WHERE digest = ? ORDER BY kind, id, project",
                arguments: [digest])
            result.ids = ids.compactMap { row in
                CatalogueKind(rawValue: row[1]).map { .init(project: row[0], id: CatalogueID($0, row[2])) }
            }
            let wanted = try Row.fetchAll(
                db,
                sql: """
                    SELECT kind, id, name, (SELECT group_concat(DISTINCT object_ids.digest) FROM object_ids
                        WHERE object_ids.kind = wanted_inputs.kind AND object_ids.id = wanted_inputs.id)
                    FROM wanted_inputs WHERE digest = ? ORDER BY kind, id
                    """, arguments: [digest])
            result.wanted = wanted.compactMap { row in
                CatalogueKind(rawValue: row[0]).map { kind in
                    .init(
                        id: CatalogueID(kind, row[1]), name: row[2],
                        holders: (row[3] as String? ?? "").split(separator: ",").map(String.init).sorted())
                }
            }
            let uploads = try Row.fetchAll(
                db,
                sql: """
                    SELECT project, path, uploaded_at, host, git_commit, git_branch, git_dirty, labels FROM uploads
                    WHERE digest = ? ORDER BY uploaded_at DESC, id DESC LIMIT 100
                    """, arguments: [digest])
            result.uploads = uploads.map { row in
                .init(
                    project: row[0], path: row[1] ?? "", uploadedAt: row[2], host: row[3] ?? "", gitCommit: row[4],
                    gitBranch: row[5], gitIsDirty: row[6], labels: row[7])
            }
            let deaths = try Row.fetchAll(
                db,
                sql: """
                    SELECT digest, builder_revision, deaths, reason, died_at FROM quarantine
                    WHERE coalesce(object, digest) = ? ORDER BY builder_revision DESC, digest
                    """, arguments: [digest])
            result.deaths = deaths.map { row in
                let count: Int = row[2]
                let number: Int = row[1]
                return .init(
                    isAlone: row[0] == digest, revision: number, count: count, reason: row[3] ?? "", diedAt: row[4],
                    isQuarantined: number == revision.number && count >= revision.quarantineLimit)
            }
            result.sources =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM source_manifests WHERE digest = ?", arguments: [digest]) ?? 0
            return result
        }
    }

    /// Ids that something waits for and that no object has, those that most events wait for first.
    func awaitedFiles(project: String?, limit: Int) async throws(DebugFilesError) -> [AwaitedFile] {
        try await read { db in
            let rows = try Row.fetchAll(
                db,
                sql: """
                    SELECT kind, id, max(name), sum(events), sum(objects), max(newest) FROM (
                        SELECT kind, id, NULL AS name, count(*) AS events, 0 AS objects, max(event_id) AS newest
                        FROM awaited_ids WHERE lacks <> 'sources' AND (?1 IS NULL OR project = ?1) GROUP BY kind, id
                        UNION ALL
                        SELECT kind, id, max(name), 0, count(*), NULL FROM wanted_inputs
                        WHERE ?1 IS NULL OR EXISTS (SELECT 1 FROM object_ids WHERE digest = wanted_inputs.digest
                                                    AND project IN (?1, 'default'))
                        GROUP BY kind, id) AS waiting
                    WHERE NOT EXISTS (SELECT 1 FROM object_ids WHERE object_ids.kind = waiting.kind
                        AND object_ids.id = waiting.id AND (?1 IS NULL OR project IN (?1, 'default')))
                    GROUP BY kind, id ORDER BY 4 DESC, 5 DESC, kind, id LIMIT ?2
                    """, arguments: [project, limit])
            return rows.compactMap { row in
                CatalogueKind(rawValue: row[0]).map {
                    AwaitedFile(
                        id: CatalogueID($0, row[1]), name: row[2], events: row[3], objects: row[4], newestEvent: row[5])
                }
            }
        }
    }
}
