/// A raw event to put into the job table.
public struct NewRawEvent: Sendable, Equatable {
    /// What came in.
    public enum Payload: Sendable, Equatable {
        /// Stored as text; any Unicode, NUL included.
        case text(String)
        /// Stored as bytes; need not be UTF-8.
        case bytes([UInt8])
        /// In the debug-file store already, under its SHA-256 as 64 lower-case hexadecimal digits; `size` in bytes.
        case blob(digest: String, size: Int)
    }

    /// 1 to 64 characters.
    public var project: String
    /// What came in.
    public var payload: Payload
    /// Unique in the project, 1 to 200 characters; an event with a key that is there already is not added again.
    public var dedupKey: String?
    /// A JSON object of what the dump itself does not say: `release`, `environment`, `server_name`, `tags`, `user`,
    /// `stderr`.
    public var context: String?
    /// Higher is leased first.
    public var priority: Int

    /// A raw event; only the payload has no default.
    public init(
        payload: Payload, project: String = "default", dedupKey: String? = nil, context: String? = nil,
        priority: Int = 0
    ) {
        self.project = project
        self.payload = payload
        self.dedupKey = dedupKey
        self.context = context
        self.priority = priority
    }
}

/// What became of a ``NewRawEvent``.
public struct EnqueuedEvent: Sendable, Equatable {
    /// The event in the table: the new one, or the one that had the same `dedupKey`.
    public var id: Int64
    /// Whether it was there already.
    public var isDuplicate: Bool

    /// An answer of the table.
    public init(id: Int64, isDuplicate: Bool) {
        self.id = id
        self.isDuplicate = isDuplicate
    }
}

/// A payload, loaded or referred to.
public enum RawPayload: Sendable, Equatable {
    /// The bytes that came in; text as its UTF-8.
    case bytes([UInt8])
    /// In the debug-file store under its SHA-256.
    case blob(digest: String)
}
