/// Times in private tables: whole milliseconds since 1970, UTC, by the database's clock.
///
/// One clock for all processes; on SQLite that is the machine's. `'now'` is the same instant in all of one statement.
public enum SQLTime {
    /// The current time as an SQL expression. (`unixepoch('subsec')` would do from SQLite 3.42 on; Debian 12 has 3.40.)
    public static let now = milliseconds(of: "'now'")

    /// The time that the SQL expression `value` holds as text in one of SQLite's time formats, in milliseconds since
    /// 1970.
    ///
    /// SQLite counts in whole milliseconds itself; the double of `julianday` is good to 0.05 ms, so rounding gives them
    /// back.
    public static func milliseconds(of value: String) -> String {
        "CAST(round((julianday(\(value)) - 2440587.5) * 86400000.0) AS INTEGER)"
    }

    /// ISO 8601 with milliseconds and `Z` for the SQL expression `value` of milliseconds since 1970.
    public static func text(of value: String) -> String {
        "strftime('%Y-%m-%dT%H:%M:%fZ', (\(value)) / 1000.0, 'unixepoch')"
    }
}
