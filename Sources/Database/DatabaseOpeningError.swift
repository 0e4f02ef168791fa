import Glibc

/// Why a database could not be opened. The text says what to do about it; it never holds a credential.
public enum DatabaseOpeningError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The URL's scheme is not one of this release's.
    case unsupportedScheme(String)
    /// The URL cannot be read; `reason` says where.
    case invalidURL(reason: String)
    /// The file lies on a file system that does not share memory and locks as SQLite's WAL needs.
    case networkFileSystem(path: String, type: String)
    /// The file was written by a newer release: `found` is its schema version, `supported` this binary's.
    case newerSchema(path: String, found: Int, supported: Int)
    /// An SQLite file that is not Symbolist's, or a file that is not SQLite's at all.
    case notSymbolist(path: String, reason: String)
    /// Another process held the lock for longer than the busy timeout.
    case busy(path: String)
    /// A system call failed; `operation` is its name.
    case system(operation: String, path: String, errno: Int32)
    /// SQLite refused; `code` is its extended result code.
    case sqlite(path: String, code: Int32, message: String)

    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        switch self {
        case .unsupportedScheme("postgres"), .unsupportedScheme("postgresql"):
            "database URL: PostgreSQL comes in a later release; use sqlite:PATH"
        case .unsupportedScheme(let scheme):
            "database URL: the scheme '\(scheme)' is not supported; use sqlite:PATH"
        case .invalidURL(let reason):
            "database URL: \(reason)"
        case .networkFileSystem(let path, let type):
            "\(path): the file system is \(type). SQLite's write-ahead log needs memory and locks that all "
                + "processes share, which it does not give; the file would be damaged. Use a path on a local disk"
        case .newerSchema(let path, let found, let supported):
            "\(path): the schema version is \(found), this symbolist knows versions up to \(supported); "
                + "run the newer symbolist, or restore a backup made before the upgrade"
        case .notSymbolist(let path, let reason):
            "\(path): \(reason); it is left as it is. Name another path"
        case .busy(let path):
            "\(path): another process holds the database lock for too long; "
                + "look for a program with an open transaction on this file"
        case .system(let operation, let path, let code):
            "\(path): \(operation): \(String(cString: strerror(code)))"
        case .sqlite(let path, let code, let message) where code & 0xff == 14 || code & 0xff == 8:
            "\(path): SQLite error \(code): \(message). The file and its folder must be writable: "
                + "the -wal and -shm files are made beside it"
        case .sqlite(let path, let code, let message):
            "\(path): SQLite error \(code): \(message)"
        }
    }
}
