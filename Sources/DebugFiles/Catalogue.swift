import Database
import FoundationEssentials
import GRDB
import ParserTasks

/// The part of the database that says which objects answer to an id: every statement of this room stands here and in
/// `CatalogueSources.swift`.
struct Catalogue: Sendable {
    let database: SQLiteDatabase

    /// One object with one of the ids that were asked for.
    struct Candidate: Sendable, Equatable {
        var digest: String
        var quality: ObjectQuality
        /// Without its list of sources.
        var inspection: ObjectInspection
        var hasSources: Bool
        /// Whether its blob was missing or damaged when it was last wanted.
        var isLost = false
    }

    /// What is known of an image: its ids, or without any its name.
    struct Wanted: Sendable {
        var ids: [CatalogueID]
        /// Base name, asked only when there is no id.
        var name: String?
    }

    /// The answer for one image.
    struct Found: Sendable {
        /// Those asked for, or those of the one build of that name.
        var ids: [CatalogueID]
        /// Best first.
        var candidates: [Candidate] = []
        var isMatchedByName = false
        /// Builds of that name when there are several: the newest ones, as their ids, and the number of all.
        var builds: (newest: [CatalogueID], count: Int) = ([], 0)
    }

    /// What an upload makes known of one object.
    struct Addition: Sendable {
        var digest: String
        var size: Int
        /// The list of sources is not written: it stands in the object's note.
        var inspection: ObjectInspection
        var project: String
        var upload: UploadNote?
        /// Milliseconds since 1970.
        var addedAt: Int64
        var sources: [SourceEntry] = []
        /// The store has the blob again, which it had lost or which was damaged.
        var isRestored = false
    }

    // MARK: Reading

    /// For each image the objects with its build id, else with its debug id, best first; and the sequence of the
    /// catalogue that the answer is from, read first: a change that comes between is seen twice rather than never.
    func candidates(
        project: String, images: [Wanted]
    ) async throws(DebugFilesError) -> (sequence: Int64, found: [Found]) {
        try await read { db in
            let sequence = try Int64.fetchOne(db, sql: "SELECT max(sequence) FROM catalogue_changes") ?? 0
            let statement = try db.cachedStatement(
                sql: """
                    SELECT object_ids.digest, max(quality) AS quality, max(added_at) AS newest, objects.inspection,
                           EXISTS (SELECT 1 FROM source_manifests WHERE source_manifests.digest = objects.digest),
                           objects.lost_at IS NOT NULL
                    FROM object_ids JOIN objects ON objects.digest = object_ids.digest
                    WHERE kind = ? AND id = ? AND project IN (?, 'default')
                    GROUP BY object_ids.digest ORDER BY quality DESC, newest DESC, object_ids.digest
                    """)
            let found = try images.map { image in
                var found = Found(ids: image.ids)
                if image.ids.isEmpty, let name = image.name { try Self.match(name, project, &found, db) }
                for id in found.ids where found.candidates.isEmpty {
                    let rows = try Row.fetchAll(statement, arguments: [id.kind.rawValue, id.id, project])
                    found.candidates = try rows.map(Self.candidate)
                }
                return found
            }
            return (sequence, found)
        }
    }

    /// The ids of the one build that was uploaded under a name, or as its separate debug file; of several none, because
    /// any but the right one would answer with wrong lines.
    private static func match(_ name: String, _ project: String, _ found: inout Found, _ db: GRDB.Database) throws {
        let rows = try Row.fetchAll(
            try db.cachedStatement(
                sql: """
                    SELECT build_id, debug_id, count(*) OVER () FROM (
                        SELECT uploaded_at,
                            (SELECT id FROM object_ids WHERE digest = uploads.digest AND kind = 'build_id') AS build_id,
                            (SELECT id FROM object_ids WHERE digest = uploads.digest AND kind = 'debug_id') AS debug_id
                        FROM uploads WHERE name IN (?1, ?1 || '.debug') AND project IN (?2, 'default'))
                    WHERE build_id IS NOT NULL OR debug_id IS NOT NULL
                    GROUP BY coalesce(build_id, debug_id) ORDER BY max(uploaded_at) DESC, 1, 2 LIMIT 5
                    """), arguments: [name, project])
        let builds = rows.map { row in
            [(row[0] as String?).flatMap(CatalogueID.buildID), (row[1] as String?).flatMap(CatalogueID.debugID)]
                .compactMap { $0 }
        }
        if builds.count == 1, let build = builds.first {
            found.ids = build
            found.isMatchedByName = true
        } else {
            found.builds = (builds.compactMap(\.first), rows.first?[2] ?? 0)
        }
    }

    private static func candidate(_ row: Row) throws -> Candidate {
        let text: String = row[3]
        return Candidate(
            digest: row[0], quality: ObjectQuality(rawValue: row[1]) ?? .other,
            inspection: try JSONDecoder().decode(ObjectInspection.self, from: Data(text.utf8)), hasSources: row[4],
            isLost: row[5])
    }

    /// Whether the object is known, whether this project has it, and whether the store lost its blob.
    func isKnown(
        _ digest: String, project: String
    ) async throws(DebugFilesError) -> (object: Bool, inProject: Bool, isLost: Bool) {
        try await read { db in
            let isLost = try Bool.fetchOne(
                db, sql: "SELECT lost_at IS NOT NULL FROM objects WHERE digest = ?", arguments: [digest])
            let inProject = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM object_ids WHERE digest = ? AND project = ?)",
                arguments: [digest, project])
            return (isLost != nil, inProject ?? false, isLost ?? false)
        }
    }

    /// Notes that objects answered, for retention by last use.
    func touch(_ digests: Set<String>, now: Int64) async throws(DebugFilesError) {
        try await write(durable: false) { db in
            for digest in digests.sorted() {
                try db.execute(
                    sql: "UPDATE objects SET last_used_at = ? WHERE digest = ?", arguments: [now, digest])
            }
        }
    }

    // MARK: Losses

    /// Notes that the store does not have the object's blob, or not whole: the upload that brings it back wakes the
    /// events that lack it, even if another upload was killed after it had stored the blob.
    func recordLoss(of digest: String, now: Int64) async throws(DebugFilesError) {
        try await write(durable: true) { db in
            try db.execute(
                sql: "UPDATE objects SET lost_at = ? WHERE digest = ? AND lost_at IS NULL", arguments: [now, digest])
        }
    }

    /// Takes the note back because the blob is whole, and wakes the events that lack the object.
    func recordReturn(of digest: String) async throws(DebugFilesError) {
        try await write(durable: true) { db in
            if try Self.forgetLoss(of: digest, db) { try Self.announce(digest, db) }
        }
    }

    private static func forgetLoss(of digest: String, _ db: GRDB.Database) throws -> Bool {
        try db.execute(
            sql: "UPDATE objects SET lost_at = NULL WHERE digest = ? AND lost_at IS NOT NULL", arguments: [digest])
        return db.changesCount > 0
    }

    /// A change under every id of the object, in every project that has it.
    private static func announce(_ digest: String, _ db: GRDB.Database) throws {
        try db.execute(
            sql: """
                INSERT INTO catalogue_changes (project, kind, id)
                SELECT project, kind, id FROM object_ids WHERE digest = ?
                """, arguments: [digest])
    }

    // MARK: Writing

    /// Catalogues an object, an upload of it and its sources in one transaction, with the changes that wake the events
    /// that lacked them. Everything that is there already is left alone.
    /// - Returns: whether an answer can be better now.
    @discardableResult
    func add(_ addition: Addition) async throws(DebugFilesError) -> Bool {
        var small = addition.inspection
        small.sources = []
        let inspection: String
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            inspection = String(decoding: try encoder.encode(small), as: UTF8.self)
        } catch {
            throw .catalogue("the inspection cannot be written as JSON: \(error)")
        }
        return try await write(durable: true) { db in
            try db.execute(
                sql: """
                    INSERT INTO objects (digest, size, stored_at, inspection) VALUES (?, ?, ?, ?)
                    ON CONFLICT (digest) DO UPDATE SET inspection = excluded.inspection WHERE inspection IS NULL
                    """, arguments: [addition.digest, addition.size, addition.addedAt, inspection])
            var isChanged = try Self.addIDs(of: addition, db)
            if let upload = addition.upload { try Self.addUpload(upload, of: addition.digest, db) }
            let hasReturned = try Self.forgetLoss(of: addition.digest, db)
            let hasNewSources = try Self.addSources(addition.sources, of: addition.digest, db)
            if hasNewSources || hasReturned || addition.isRestored {
                isChanged = true
                try Self.announce(addition.digest, db)
            }
            return isChanged
        }
    }

    private static func addIDs(of addition: Addition, _ db: GRDB.Database) throws -> Bool {
        let quality = ObjectQuality(addition.inspection).rawValue
        var isChanged = false
        for id in CatalogueID.all(of: addition.inspection) {
            try db.execute(
                sql: """
                    INSERT OR IGNORE INTO object_ids (project, kind, id, digest, quality, added_at)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """,
                arguments: [addition.project, id.kind.rawValue, id.id, addition.digest, quality, addition.addedAt])
            guard db.changesCount > 0 else { continue }
            isChanged = true
            try db.execute(
                sql: "INSERT INTO catalogue_changes (project, kind, id) VALUES (?, ?, ?)",
                arguments: [addition.project, id.kind.rawValue, id.id])
        }
        return isChanged
    }

    /// The same build uploaded again from the same place says nothing new and adds no row.
    private static func addUpload(_ upload: UploadNote, of digest: String, _ db: GRDB.Database) throws {
        let labels = try upload.labels.isEmpty ? nil : labelText(upload.labels)
        try db.execute(
            sql: """
                INSERT INTO uploads
                    (project, digest, path, uploaded_at, host, git_commit, git_branch, git_dirty, labels, name)
                SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE NOT EXISTS
                    (SELECT 1 FROM uploads WHERE digest = ?2 AND project = ?1 AND path IS ?3 AND host IS ?5
                     AND git_commit IS ?6 AND git_branch IS ?7 AND git_dirty IS ?8 AND labels IS ?9)
                """,
            arguments: [
                upload.project, digest, upload.path, upload.uploadedAt, upload.host, upload.git?.commit,
                upload.git?.branch, upload.git?.isDirty, labels, ImageName.base(of: upload.path),
            ])
    }

    /// Whether the same upload is recorded already.
    func isRecorded(_ upload: UploadNote, of digest: String) async throws(DebugFilesError) -> Bool {
        try await read { db in
            let labels = try upload.labels.isEmpty ? nil : Self.labelText(upload.labels)
            return try Bool.fetchOne(
                db,
                sql: """
                    SELECT EXISTS (SELECT 1 FROM uploads WHERE digest = ? AND project = ? AND path IS ? AND host IS ?
                        AND git_commit IS ? AND git_branch IS ? AND git_dirty IS ? AND labels IS ?)
                    """,
                arguments: [
                    digest, upload.project, upload.path, upload.host, upload.git?.commit, upload.git?.branch,
                    upload.git?.isDirty, labels,
                ]) ?? false
        }
    }

    private static func labelText(_ labels: [String: String]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(labels), as: UTF8.self)
    }

    // MARK: Transactions

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (GRDB.Database) throws -> Value
    ) async throws(DebugFilesError) -> Value {
        do {
            return try await database.read(body)
        } catch {
            throw .catalogue("\(error)")
        }
    }

    func write<Value: Sendable>(
        durable: Bool, _ body: @escaping @Sendable (GRDB.Database) throws -> Value
    ) async throws(DebugFilesError) -> Value {
        do {
            return try await database.write(durable: durable, body)
        } catch {
            throw .catalogue("\(error)")
        }
    }
}
