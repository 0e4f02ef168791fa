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
        /// Whether its debug information refers to other files (``Companion``).
        var hasWanted = false
        /// It does not have the image's id: an object that does names it as its separate debug file, by name and CRC.
        var isLinked = false
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
        /// Revision of the parser that inspected it.
        var inspectedBy = 0
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
                    SELECT \(Self.candidateColumns)
                    FROM object_ids JOIN objects ON objects.digest = object_ids.digest
                    WHERE kind = ? AND id = ? AND project IN (?, 'default')
                    GROUP BY object_ids.digest ORDER BY quality DESC, newest DESC, object_ids.digest
                    """)
            let found = try images.map { image in
                var found = Found(ids: image.ids)
                if image.ids.isEmpty, let name = image.name { try Self.match(name, project, &found, db) }
                for id in found.ids where found.candidates.isEmpty {
                    let rows = try Row.fetchAll(statement, arguments: [id.kind.rawValue, id.id, project])
                    found.candidates = try rows.map { try Self.candidate($0) }
                }
                try Self.addLinked(to: &found, project, db)
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

    private static let candidateColumns = """
        object_ids.digest, max(quality) AS quality, max(added_at) AS newest, objects.inspection,
        EXISTS (SELECT 1 FROM source_manifests WHERE source_manifests.digest = objects.digest),
        objects.lost_at IS NOT NULL,
        EXISTS (SELECT 1 FROM wanted_inputs WHERE wanted_inputs.digest = objects.digest)
        """

    private static func candidate(_ row: Row, isLinked: Bool = false) throws -> Candidate {
        let text: String = row[3]
        return Candidate(
            digest: row[0], quality: ObjectQuality(rawValue: row[1]) ?? .other,
            inspection: try JSONDecoder().decode(ObjectInspection.self, from: Data(text.utf8)), hasSources: row[4],
            isLost: row[5], hasWanted: row[6], isLinked: isLinked)
    }

    /// Where no object with the id has whole debug information, the separate debug files that those objects name.
    private static func addLinked(to found: inout Found, _ project: String, _ db: GRDB.Database) throws {
        guard !found.candidates.contains(where: { $0.quality == .debugInformation }) else { return }
        let statement = try db.cachedStatement(
            sql: """
                SELECT \(candidateColumns)
                FROM wanted_inputs AS wanted
                JOIN object_ids ON object_ids.kind = wanted.kind AND object_ids.id = wanted.id
                JOIN objects ON objects.digest = object_ids.digest
                WHERE wanted.digest = ? AND wanted.kind = 'debuglink' AND project IN (?, 'default')
                GROUP BY object_ids.digest ORDER BY quality DESC, newest DESC, object_ids.digest
                """)
        for candidate in found.candidates where candidate.hasWanted {
            for row in try Row.fetchAll(statement, arguments: [candidate.digest, project]) {
                let linked = try Self.candidate(row, isLinked: true)
                // The CRC has 32 bits; a build id that says otherwise counts more.
                let isSameBuild =
                    linked.inspection.buildID == nil || candidate.inspection.buildID == nil
                    || linked.inspection.buildID == candidate.inspection.buildID
                if isSameBuild, !found.candidates.contains(where: { $0.digest == linked.digest }) {
                    found.candidates.append(linked)
                }
            }
        }
        // Stable: the order within a quality stays.
        found.candidates = found.candidates.enumerated()
            .sorted { ($1.element.quality, $0.offset) < ($0.element.quality, $1.offset) }.map(\.element)
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

    // MARK: Writing

    /// Catalogues an object, an upload of it and its sources in one transaction, with the changes that wake the events
    /// that lacked them. Everything that is there already is left alone.
    /// - Returns: whether an answer can be better now.
    @discardableResult
    func add(_ addition: Addition) async throws(DebugFilesError) -> Bool {
        let inspection: String
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            inspection = String(decoding: try encoder.encode(addition.inspection.withoutLists), as: UTF8.self)
        } catch {
            throw .catalogue("the inspection cannot be written as JSON: \(error)")
        }
        return try await write(durable: true) { db in
            try db.execute(
                sql: """
                    INSERT INTO objects (digest, size, stored_at, inspection, inspected_by) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (digest) DO UPDATE
                    SET inspection = excluded.inspection, inspected_by = excluded.inspected_by
                    WHERE inspection IS NULL OR inspected_by < excluded.inspected_by
                    """,
                arguments: [addition.digest, addition.size, addition.addedAt, inspection, addition.inspectedBy])
            let wantsMore = try Self.addWanted(of: addition, db)
            var isChanged = try Self.addIDs(of: addition, db)
            if let upload = addition.upload { try Self.addUpload(upload, of: addition.digest, db) }
            let hasReturned = try Self.forgetLoss(of: addition.digest, db)
            let hasNewSources = try Self.addSources(addition.sources, of: addition.digest, db)
            if hasNewSources || hasReturned || addition.isRestored || wantsMore {
                isChanged = true
                try Self.announce(addition.digest, db)
            }
            return isChanged
        }
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
