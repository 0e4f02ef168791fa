public import Foundation

/// One event in a list.
public struct EventSummary: Sendable, Equatable {
    /// The latest enrichment.
    public struct Result: Sendable, Equatable {
        /// How much could be resolved.
        public var status: EventStatus
        /// One line for people.
        public var title: String?
        /// The event's release.
        public var release: String?
        /// The event's environment.
        public var environment: String?
        /// The event's own id.
        public var eventUUID: String?
        /// When the result was written.
        public var enrichedAt: Date
        /// How often the event was enriched.
        public var revision: Int

        /// A result as a table lists it.
        public init(
            status: EventStatus, title: String?, release: String?, environment: String?, eventUUID: String?,
            enrichedAt: Date, revision: Int
        ) {
            self.status = status
            self.title = title
            self.release = release
            self.environment = environment
            self.eventUUID = eventUUID
            self.enrichedAt = enrichedAt
            self.revision = revision
        }
    }

    /// The raw event's id.
    public var id: Int64
    /// Decides which uploads answer for the event.
    public var project: String
    /// When the event came, as the inserting program or the database says.
    public var createdAt: Date
    /// Higher is leased first.
    public var priority: Int
    /// Bytes.
    public var payloadSize: Int
    /// Where the event stands.
    public var state: JobState
    /// Leases since the last result or retry.
    public var attempts: Int
    /// Of the last failure, and of a dead letter.
    public var reason: String?
    /// When the state last changed.
    public var changedAt: Date
    /// `nil` before the first enrichment. Stays while the event is enriched again.
    public var result: Result?

    /// An event as a table lists it.
    public init(
        id: Int64, project: String, createdAt: Date, priority: Int, payloadSize: Int, state: JobState, attempts: Int,
        reason: String?, changedAt: Date, result: Result?
    ) {
        self.id = id
        self.project = project
        self.createdAt = createdAt
        self.priority = priority
        self.payloadSize = payloadSize
        self.state = state
        self.attempts = attempts
        self.reason = reason
        self.changedAt = changedAt
        self.result = result
    }
}

/// One event with everything that the table holds but its payload.
public struct EventRecord: Sendable, Equatable {
    /// What a list shows.
    public var summary: EventSummary
    /// The JSON object that came beside the payload.
    public var context: String?
    /// Where the payload is.
    public var payload: LeasedJob.PayloadReference
    /// The enriched event.
    public var document: StoredDocument?
    /// What the answer lacked.
    public var awaited: [AwaitedID]
    /// The catalogue's latest change that the answer knew; `nil` before the first enrichment.
    public var catalogueSequence: Int64?

    /// An event as a table shows it.
    public init(
        summary: EventSummary, context: String?, payload: LeasedJob.PayloadReference, document: StoredDocument?,
        awaited: [AwaitedID], catalogueSequence: Int64?
    ) {
        self.summary = summary
        self.context = context
        self.payload = payload
        self.document = document
        self.awaited = awaited
        self.catalogueSequence = catalogueSequence
    }
}
