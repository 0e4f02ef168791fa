import FoundationEssentials
import GRDB

/// Schema version 2: which files an object wants beside itself, and more about quarantine.
///
///     objects ◀── wanted_inputs ── kind, id ──▶ object_ids ──▶ the objects that hold it
///                     │
///                     └─ a new row of object_ids under (kind, id) makes the answers of `digest` better
enum SchemaVersion2 {
    static func migrate(_ db: GRDB.Database) throws {
        try db.execute(sql: sql)
        try fillWantedInputs(db)
    }

    private static let sql = """
        CREATE TABLE wanted_inputs (
            -- Private. What an object's debug information refers to: its .dwo units, a supplementary or a separate file.
            digest       TEXT NOT NULL REFERENCES objects (digest), -- the object
            kind         TEXT NOT NULL,                          -- as object_ids.kind
            id           TEXT NOT NULL,
            name         TEXT NOT NULL,                          -- as the object spells it; never opened
            PRIMARY KEY (digest, kind, id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX wanted_inputs_by_id ON wanted_inputs (kind, id);

        -- The revision of the parser that found objects.inspection: a later one may find more.
        ALTER TABLE objects ADD COLUMN inspected_by INTEGER NOT NULL DEFAULT 0;

        -- quarantine.digest is the index's: of the object alone, or of the object with its inputs. This is the object.
        ALTER TABLE quarantine ADD COLUMN object TEXT;
        ALTER TABLE quarantine ADD COLUMN died_at INTEGER;       -- ms since 1970: the last death

        """

    /// The links in an inspection of version 1. Ids of split units are unsigned 64-bit numbers, which SQLite's JSON
    /// functions round: so this is not SQL.
    private struct Links: Decodable {
        struct DebugLink: Decodable {
            var name: String
            var crc: UInt32
        }
        struct AlternateLink: Decodable {
            var name: String
            var buildID: String
        }
        struct SplitUnit: Decodable {
            var name: String
            var id: UInt64
        }
        var hasDebugInformation: Bool?
        var debugLink: DebugLink?
        var alternateLink: AlternateLink?
        var splitUnits: [SplitUnit]?
    }

    private static func fillWantedInputs(_ db: GRDB.Database) throws {
        let insertion = try db.makeStatement(
            sql: "INSERT OR IGNORE INTO wanted_inputs (digest, kind, id, name) VALUES (?, ?, ?, ?)")
        let rows = try Row.fetchCursor(
            db, sql: "SELECT digest, inspection FROM objects WHERE inspection IS NOT NULL ORDER BY digest")
        var found: [(digest: String, links: Links)] = []
        while let row = try rows.next() {
            let text: String = row[1]
            // What cannot be read wants nothing; the next upload of the file inspects it again.
            guard let links = try? JSONDecoder().decode(Links.self, from: Data(text.utf8)) else { continue }
            found.append((row[0], links))
        }
        for (digest, links) in found {
            func add(_ kind: String, _ id: String, _ name: String) throws {
                try insertion.execute(arguments: [digest, kind, id, name])
            }
            if let link = links.debugLink, links.hasDebugInformation == false {
                try add("debuglink", "\(hexadecimal(UInt64(link.crc), digits: 8))/\(link.name)", link.name)
            }
            if let link = links.alternateLink { try add("build_id", link.buildID.lowercased(), link.name) }
            for unit in links.splitUnits ?? [] { try add("dwo_id", hexadecimal(unit.id, digits: 16), unit.name) }
        }
    }

    private static func hexadecimal(_ number: UInt64, digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
