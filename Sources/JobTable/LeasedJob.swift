public import Foundation

/// An event that this worker holds until the lease expires.
public struct LeasedJob: Sendable, Equatable {
    /// Where the payload is; it is not loaded with the lease, so a batch of large events costs nothing yet.
    public enum PayloadReference: Sendable, Equatable {
        /// In the row; ``JobTable/payload(of:limit:)`` loads it.
        case row
        /// In the debug-file store under its SHA-256.
        case blob(digest: String)
    }

    /// The raw event's id.
    public var eventID: Int64
    /// The proof of the lease.
    public var token: String
    /// This attempt's number, from 1.
    public var attempts: Int
    /// Decides which uploads answer for the event.
    public var project: String
    /// The JSON object that came beside the payload.
    public var context: String?
    /// Higher is leased first.
    public var priority: Int
    /// Bytes.
    public var payloadSize: Int
    /// Where the payload is.
    public var payload: PayloadReference
    /// When the event came, as the inserting program or the database says.
    public var createdAt: Date

    /// A job as a table leases it.
    public init(
        eventID: Int64, token: String, attempts: Int, project: String, context: String?, priority: Int,
        payloadSize: Int,
        payload: PayloadReference, createdAt: Date
    ) {
        self.eventID = eventID
        self.token = token
        self.attempts = attempts
        self.project = project
        self.context = context
        self.priority = priority
        self.payloadSize = payloadSize
        self.payload = payload
        self.createdAt = createdAt
    }
}

/// What became of an event that was put back.
public enum RetryOutcome: Sendable, Equatable {
    /// Ready again after this pause.
    case scheduled(after: Duration)
    /// That was the last attempt.
    case deadLettered
    /// The lease was lost; nothing was written.
    case leaseLost
}
