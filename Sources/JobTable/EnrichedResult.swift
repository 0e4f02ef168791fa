/// How much of an event could be resolved.
public enum EventStatus: String, Codable, Sendable {
    /// Everything that the event asks for was found.
    case complete
    /// Something was missing or could not be read; the document says what.
    case partial
}

/// An id that an answer lacked something for; a later upload under it makes the event ready again.
public struct AwaitedID: Sendable, Hashable {
    /// What was missing, the most basic thing first: without the object there is no debug information either.
    public enum Lack: String, Codable, Sendable {
        /// No object of this id is in the store.
        case object
        /// The object is there, without debug information or without a part of it.
        case debugInformation = "debug_information"
        /// The text of a source file is missing.
        case sources
    }

    /// As in the catalogue: `build_id`, `debug_id`, `debuglink`.
    public var kind: String
    /// The id in the catalogue's spelling; compared byte for byte.
    public var id: String
    /// What was missing.
    public var lacks: Lack

    /// An id to wait for.
    public init(kind: String, id: String, lacks: Lack) {
        self.kind = kind
        self.id = id
        self.lacks = lacks
    }
}

/// An enriched event's document, in the row or in the debug-file store.
public enum StoredDocument: Sendable, Equatable {
    /// Sentry's event JSON, UTF-8.
    case bytes([UInt8])
    /// In the debug-file store under its SHA-256, 64 lower-case hexadecimal digits.
    case blob(digest: String)
}

/// What a worker made of an event. The texts are for lists and filters; a NUL in one is stored as U+FFFD, the document
/// is stored as it is.
public struct EnrichedResult: Sendable, Equatable {
    /// The enriched event.
    public var document: StoredDocument
    /// How much could be resolved.
    public var status: EventStatus
    /// One line for people.
    public var title: String?
    /// The event's release, for filters.
    public var release: String?
    /// The event's environment, for filters.
    public var environment: String?
    /// The event's own id, as its document spells it.
    public var eventUUID: String?
    /// At most one entry for a (kind, id) counts: the first.
    public var awaited: [AwaitedID]
    /// ``JobTable/catalogueSequence()`` from before the first look into the catalogue.
    public var catalogueSequence: Int64

    /// A result; what is left out is unknown.
    public init(
        document: StoredDocument, status: EventStatus, title: String? = nil, release: String? = nil,
        environment: String? = nil, eventUUID: String? = nil, awaited: [AwaitedID] = [], catalogueSequence: Int64
    ) {
        self.document = document
        self.status = status
        self.title = title
        self.release = release
        self.environment = environment
        self.eventUUID = eventUUID
        self.awaited = awaited
        self.catalogueSequence = catalogueSequence
    }
}
