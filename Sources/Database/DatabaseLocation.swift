/// Where the job table and the catalogue live, as `--database` names it.
///
/// Only `sqlite:PATH` exists in this release. The form leaves room for a server's URL, so that settings, units and
/// compose files need no other option then.
public enum DatabaseLocation: Equatable, Sendable {
    /// One SQLite file; `path` is what the URL said, relative paths relative to the current folder.
    case sqlite(path: String)

    /// Reads `sqlite:PATH` or `sqlite:///PATH`.
    ///
    /// - Throws: ``DatabaseOpeningError/unsupportedScheme(_:)`` or ``DatabaseOpeningError/invalidURL(reason:)``.
    ///   Neither repeats the text after the scheme: a server's URL may hold a password.
    public init(parsing text: String) throws(DatabaseOpeningError) {
        guard let colon = text.firstIndex(of: ":") else {
            throw .invalidURL(reason: "it has no scheme; write sqlite:PATH")
        }
        let scheme = text[..<colon].lowercased()
        guard Self.isScheme(scheme) else {
            throw .invalidURL(reason: "it does not begin with a scheme; write sqlite:PATH")
        }
        guard scheme == "sqlite" else { throw .unsupportedScheme(scheme) }
        var path = text[text.index(after: colon)...]
        if path.hasPrefix("//") {
            path = path.dropFirst(2)
            guard path.hasPrefix("/") else {
                throw .invalidURL(
                    reason: "sqlite://… takes an absolute path (sqlite:///var/lib/x.db); write sqlite:PATH")
            }
        }
        guard !path.isEmpty else { throw .invalidURL(reason: "the path is empty; write sqlite:PATH") }
        guard path != ":memory:" else {
            throw .invalidURL(reason: "a database in memory cannot be shared between processes; write sqlite:PATH")
        }
        guard !path.utf8.contains(0) else { throw .invalidURL(reason: "the path holds a NUL byte") }
        self = .sqlite(path: String(path))
    }

    /// RFC 3986, section 3.1. What is not a scheme is not repeated in an error.
    private static func isScheme(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x61...0x7a).contains(first) else { return false }
        return text.utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2b || byte == 0x2d || byte == 0x2e
        }
    }
}
