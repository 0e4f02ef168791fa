/// Schema version 1. The comments are part of the SQL: SQLite keeps them, so `.schema` explains the file.
///
/// Tables are STRICT: a program that inserts a word as a priority gets an error, not a surprise for the reader.
///
///     raw_events ──trigger──▶ queue ──lease, complete──▶ results ──view──▶ enriched_events
///         ▲                    ▲  │                          │
///       INSERT                 │  └─view──▶ dead_letters     └─▶ awaited_ids
///                              └────── trigger ◀── catalogue_changes ◀── upload
enum SchemaVersion1 {
    static let sql = events + triggers + catalogue + views

    private static let events = """
        CREATE TABLE raw_events (
            -- PUBLIC. What came in, byte for byte. INSERT only: rows are never changed, and go by DELETE (retention).
            id           INTEGER PRIMARY KEY AUTOINCREMENT,      -- never used twice
            project      TEXT NOT NULL DEFAULT 'default'
                CHECK (length(project) BETWEEN 1 AND 64 AND instr(project, char(0)) = 0),
            dedup_key    TEXT                                    -- unique in its project
                CHECK (dedup_key IS NULL OR length(dedup_key) BETWEEN 1 AND 200 AND instr(dedup_key, char(0)) = 0),
            context      TEXT CHECK (CASE WHEN context IS NULL THEN 1
                                          WHEN json_valid(context) THEN json_type(context) = 'object' ELSE 0 END),
            priority     INTEGER NOT NULL DEFAULT 0,             -- higher first
            created_at   TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) -- UTC
                CHECK (julianday(created_at) IS NOT NULL),
            -- Exactly one of the payloads. They stand last: what is before them is read without walking through them.
            payload_blob TEXT                                    -- reserved for Symbolist: SHA-256 in its store
                CHECK (payload_blob IS NULL OR (length(payload_blob) = 64 AND payload_blob NOT GLOB '*[^0-9a-f]*')),
            payload_bytes BLOB,
            payload_text TEXT,
            UNIQUE (project, dedup_key),
            CHECK ((payload_text IS NOT NULL) + (payload_bytes IS NOT NULL) + (payload_blob IS NOT NULL) = 1)
        ) STRICT;

        CREATE TABLE queue (
            -- Private. One narrow row per raw event: where it stands. Leasing reads and writes this table only.
            event_id     INTEGER PRIMARY KEY REFERENCES raw_events (id) ON DELETE CASCADE,
            state        TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'leased', 'done', 'dead')),
            priority     INTEGER NOT NULL,
            available_at INTEGER NOT NULL,                       -- ms since 1970; in the future: backing off
            payload_size INTEGER NOT NULL,                       -- bytes
            attempts     INTEGER NOT NULL DEFAULT 0,             -- leases since the last result or retry
            lease_token  TEXT,                                   -- random; whoever has it may change the row
            lease_owner  TEXT,                                   -- for people: host and process
            lease_expires_at INTEGER,                            -- ms since 1970
            reason       TEXT,                                   -- of the last failure
            changed_at   INTEGER NOT NULL,                       -- ms since 1970
            CHECK ((state = 'leased') = (lease_token IS NOT NULL AND lease_expires_at IS NOT NULL))
        ) STRICT;
        CREATE INDEX queue_ready ON queue (priority DESC, available_at, event_id) WHERE state = 'ready';
        CREATE INDEX queue_leased ON queue (lease_expires_at) WHERE state = 'leased';
        CREATE INDEX queue_dead ON queue (event_id) WHERE state = 'dead';

        CREATE TABLE results (
            -- Private. The latest enrichment of an event; replaced whole by the next one.
            event_id     INTEGER PRIMARY KEY REFERENCES raw_events (id) ON DELETE CASCADE,
            event_uuid   TEXT,                                   -- the event's own id
            status       TEXT NOT NULL CHECK (status IN ('complete', 'partial')),
            title        TEXT,
            release      TEXT,
            environment  TEXT,
            document_blob TEXT                                   -- SHA-256 in the debug-file store
                CHECK (document_blob IS NULL OR (length(document_blob) = 64 AND document_blob NOT GLOB '*[^0-9a-f]*')),
            catalogue_sequence INTEGER NOT NULL,                 -- catalogue_changes that the worker had seen
            enriched_at  INTEGER NOT NULL,                       -- ms since 1970
            revision     INTEGER NOT NULL DEFAULT 1,             -- how often enriched
            document     BLOB,                                   -- Sentry's event JSON, unless in document_blob
            CHECK ((document IS NOT NULL) + (document_blob IS NOT NULL) = 1)
        ) STRICT;
        CREATE INDEX results_event_uuid ON results (event_uuid) WHERE event_uuid IS NOT NULL;

        CREATE TABLE awaited_ids (
            -- Private. What a result lacked: a change of the catalogue under this id enriches the event again.
            event_id     INTEGER NOT NULL REFERENCES raw_events (id) ON DELETE CASCADE,
            project      TEXT NOT NULL,                          -- the event's
            kind         TEXT NOT NULL,                          -- as object_ids.kind
            id           TEXT NOT NULL,
            lacks        TEXT NOT NULL CHECK (lacks IN ('object', 'debug_information', 'sources')),
            PRIMARY KEY (event_id, kind, id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX awaited_ids_by_id ON awaited_ids (kind, id);

        """

    private static let triggers = """
        CREATE TRIGGER raw_events_inserted AFTER INSERT ON raw_events BEGIN
            INSERT INTO queue (event_id, priority, available_at, payload_size, changed_at)
            VALUES (NEW.id, NEW.priority, \(SQLTime.now),
                    coalesce(length(CAST(coalesce(NEW.payload_text, NEW.payload_bytes) AS BLOB)), 0), \(SQLTime.now));
        END;

        -- The only change a raw event may see: its payload moves to the debug-file store, the bytes stay the same.
        CREATE TRIGGER raw_events_kept BEFORE UPDATE ON raw_events
        WHEN NOT (OLD.payload_blob IS NULL AND NEW.payload_blob IS NOT NULL AND NEW.id IS OLD.id
                  AND NEW.project IS OLD.project AND NEW.dedup_key IS OLD.dedup_key AND NEW.context IS OLD.context
                  AND NEW.priority IS OLD.priority AND NEW.created_at IS OLD.created_at) BEGIN
            SELECT RAISE(ABORT, 'a raw event is never changed');
        END;

        -- As ON DELETE CASCADE, for programs that have not switched foreign keys on.
        CREATE TRIGGER raw_events_deleted AFTER DELETE ON raw_events BEGIN
            DELETE FROM queue WHERE event_id = OLD.id;
            DELETE FROM results WHERE event_id = OLD.id;
            DELETE FROM awaited_ids WHERE event_id = OLD.id;
        END;

        """

    private static let catalogue = """
        CREATE TABLE objects (
            -- Private. Every ELF file in the debug-file store, once.
            digest       TEXT PRIMARY KEY,                       -- SHA-256, lower-case hexadecimal
            size         INTEGER NOT NULL,                       -- bytes
            stored_at    INTEGER NOT NULL,                       -- ms since 1970
            inspection   TEXT,                                   -- JSON: what the sandboxed child found
            last_used_at INTEGER,                                -- ms since 1970
            lost_at      INTEGER                                 -- ms since 1970: its blob was found missing or damaged
        ) STRICT;

        CREATE TABLE object_ids (
            -- Private. The catalogue: which objects answer to an id in a project. 'default' is seen by every project.
            project      TEXT NOT NULL,
            kind         TEXT NOT NULL,                          -- 'build_id', 'debug_id', 'debuglink'
            id           TEXT NOT NULL,
            digest       TEXT NOT NULL REFERENCES objects (digest),
            quality      INTEGER NOT NULL DEFAULT 0,             -- higher is better
            added_at     INTEGER NOT NULL,                       -- ms since 1970
            PRIMARY KEY (project, kind, id, digest)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX object_ids_by_id ON object_ids (kind, id);
        CREATE INDEX object_ids_by_digest ON object_ids (digest);

        CREATE TABLE uploads (
            -- Private. When, where and from which commit an object came.
            id           INTEGER PRIMARY KEY,
            project      TEXT NOT NULL,
            digest       TEXT NOT NULL REFERENCES objects (digest),
            path         TEXT,                                   -- where the uploader found it
            name         TEXT,                                   -- last component of path: for images without any id
            uploaded_at  INTEGER NOT NULL,                       -- ms since 1970
            host         TEXT,
            git_commit   TEXT,
            git_branch   TEXT,
            git_dirty    INTEGER,                                -- 0, 1, or NULL: unknown
            labels       TEXT CHECK (labels IS NULL OR json_valid(labels)) -- JSON object
        ) STRICT;
        CREATE INDEX uploads_by_digest ON uploads (digest);
        CREATE INDEX uploads_by_name ON uploads (name, project);

        CREATE TABLE source_manifests (
            -- Private. Where the text of each source path of an object is in the store.
            digest       TEXT NOT NULL REFERENCES objects (digest), -- the object
            path         TEXT NOT NULL,                          -- as the line table names it
            text_digest  TEXT NOT NULL,                          -- SHA-256 of the text
            pack         TEXT,                                   -- SHA-256 of the pack that holds it
            "offset"     INTEGER,                                -- bytes into the pack
            length       INTEGER,                                -- bytes
            mark         TEXT NOT NULL CHECK (mark IN ('exact', 'unchecked', 'differs', 'newer')),
            PRIMARY KEY (digest, path)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX source_manifests_by_text ON source_manifests (text_digest);

        CREATE TABLE catalogue_changes (
            -- Private. One row for every change that can improve an answer; never deleted, its order is the commits'.
            sequence     INTEGER PRIMARY KEY AUTOINCREMENT,
            project      TEXT NOT NULL,
            kind         TEXT NOT NULL,
            id           TEXT NOT NULL,
            changed_at   INTEGER NOT NULL DEFAULT (\(SQLTime.now)) -- ms since 1970
        ) STRICT;
        CREATE INDEX catalogue_changes_by_id ON catalogue_changes (kind, id, sequence);

        -- An upload wakes the finished events that lacked it. What is leased at this moment is found by its completion,
        -- which compares the sequence it had seen: between the two, no order of commits leaves an event waiting.
        CREATE TRIGGER catalogue_changed AFTER INSERT ON catalogue_changes BEGIN
            UPDATE queue SET state = 'ready', available_at = \(SQLTime.now), attempts = 0, reason = NULL,
                             changed_at = \(SQLTime.now)
            WHERE state = 'done' AND event_id IN
                (SELECT event_id FROM awaited_ids
                 WHERE kind = NEW.kind AND id = NEW.id AND (NEW.project = project OR NEW.project = 'default'));
        END;

        CREATE TABLE quarantine (
            -- Private. Objects whose parser died: after a few deaths they are not tried again by this builder.
            digest       TEXT NOT NULL,                          -- the object
            builder_revision INTEGER NOT NULL,
            deaths       INTEGER NOT NULL DEFAULT 0,
            reason       TEXT,                                   -- of the last death
            PRIMARY KEY (digest, builder_revision)
        ) STRICT, WITHOUT ROWID;

        """

    private static let views = """
        CREATE VIEW enriched_events AS
            -- PUBLIC, read-only. One row per event that has a result; document is NULL where document_blob holds it.
            SELECT results.event_id AS id, raw_events.project AS project, raw_events.created_at AS created_at,
                   \(SQLTime.text(of: "results.enriched_at")) AS enriched_at,
                   results.status AS status, results.title AS title, results.release AS release,
                   results.environment AS environment, CAST(results.document AS TEXT) AS document,
                   results.document_blob AS document_blob, results.event_uuid AS event_uuid,
                   results.revision AS revision
            FROM results JOIN raw_events ON raw_events.id = results.event_id;

        CREATE VIEW dead_letters AS
            -- PUBLIC, read-only. Events that could not be processed, and why; the raw event is still there.
            SELECT queue.event_id AS id, raw_events.project AS project, raw_events.created_at AS created_at,
                   queue.reason AS reason, queue.attempts AS attempts,
                   \(SQLTime.text(of: "queue.changed_at")) AS died_at
            FROM queue JOIN raw_events ON raw_events.id = queue.event_id
            WHERE queue.state = 'dead';
        """
}
