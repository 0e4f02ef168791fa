/// Why an operation on debug files failed as a whole. What is wrong with one file stands in that file's outcome
/// instead.
public enum DebugFilesError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The blob storage failed or holds damage; the text says which blob or call.
    case storage(String)
    /// The catalogue's database failed.
    case catalogue(String)
    /// The cache folder cannot be used.
    case cache(String)
    /// The named file cannot be used as a debug file.
    case debugFile(path: String, ImageStatus, reason: String)
    /// The surrounding task was cancelled; nothing that was answered may be used.
    case cancelled

    /// A sentence for a person.
    public var description: String {
        switch self {
        case .storage(let reason): reason
        case .catalogue(let reason): "catalogue of debug files: \(reason)"
        case .cache(let reason): "cache of indexes: \(reason)"
        case .cancelled: "cancelled"
        case .debugFile(let path, _, let reason): reason.hasPrefix(path) ? reason : "\(path): \(reason)"
        }
    }
}

/// How an image was resolved. Raw values are the words of Sentry's `debug_status`.
public enum ImageStatus: String, Sendable, Codable {
    case found
    /// No debug file with the image's id is known.
    case missing
    /// One is, and cannot be read.
    case malformed
    /// One is, of a kind that is not understood.
    case unsupported
    /// Its parser took too long.
    case timeout
    /// Anything else: quarantined after its parser died, or the parser could not run.
    case other
}
