public import CrashEvent

/// Why bytes are no dump that can be read: what was recognised and what was not.
public enum CrashReportError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No bytes, or white space only.
    case empty
    /// More bytes than the limit.
    case tooLarge(size: Int, limit: Int)
    /// A known format that is not read; `advice` says what to do instead.
    case unsupported(what: String, advice: String)
    /// JSON that ends in the middle; `looksLike` is what the beginning is.
    case truncatedJSON(JSONError, looksLike: String?)
    /// JSON with a fault; `looksLike` is what it would be.
    case malformedJSON(JSONError, looksLike: String?)
    /// A Sentry envelope with a fault in one of its items, 1-based; `offset` counts bytes of the input.
    case malformedEnvelope(item: Int, offset: Int, reason: String)
    /// The beginning of a known text format, which then goes on otherwise: the line, 1-based, and what was expected there.
    case stopped(format: DecodedReport.Format, line: Int, expected: String)
    /// A JSON value, but no object.
    case notAnObject(JSONKind)
    /// A JSON object that is neither an event nor a Swift crash log; the keys are the first few.
    case unknownObject(keys: [String], keyCount: Int)
    /// Neither JSON nor anything else known; the text shows how it begins.
    case unknown(beginning: String)
    /// The context beside the dump is no JSON object.
    case malformedContext(reason: String)
    /// The context could not be merged into the event.
    case cannotMerge(reason: String)

    /// The same for people: what is wrong, where, and what to do.
    public var description: String {
        let known = "looked for " + DecodedReport.Format.allCases.map(\.name).joined(separator: ", ")
        switch self {
        case .empty: return "the input is empty"
        case .tooLarge(let size, let limit): return "the input has \(size) bytes, the limit is \(limit)"
        case .unsupported(let what, let advice): return "looks like \(what), which \(advice)"
        case .truncatedJSON(let error, let looksLike):
            return "truncated JSON\(Self.guess(looksLike)): \(error)"
        case .malformedJSON(let error, let looksLike):
            return "malformed JSON\(Self.guess(looksLike)): \(error)"
        case .malformedEnvelope(let item, let offset, let reason):
            return "a malformed Sentry envelope: item \(item), at byte \(offset): \(reason)"
        case .stopped(let format, let line, let expected):
            return "closest to \(format.name), which stops at line \(line): expected \(expected); \(known)"
        case .notAnObject(let kind): return "a JSON \(kind), not an object; \(known)"
        case .unknownObject(let keys, let count):
            guard count > 0 else { return "an empty JSON object; \(known)" }
            let more = count > keys.count ? " and \(count - keys.count) more" : ""
            return "a JSON object with the keys \(keys.joined(separator: ", "))\(more); neither a Sentry event "
                + "(exception, threads, stacktrace, debug_meta or event_id) "
                + "nor a Swift crash log (kind \"crashReport\")"
        case .unknown(let beginning): return "not recognised, it begins with \(beginning); \(known)"
        case .malformedContext(let reason): return "the context is no JSON object: \(reason)"
        case .cannotMerge(let reason): return "the context cannot be merged into the event: \(reason)"
        }
    }

    private static func guess(_ looksLike: String?) -> String {
        looksLike.map { " (it looks like \($0))" } ?? ""
    }
}
