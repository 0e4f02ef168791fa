/// Where raw events wait, are held by one worker at a time, and end as enriched events or dead letters.
///
///                     ┌────────────── retryLater, lease expired ──────────────┐
///                     ▼                                                       │
///     enqueue ─▶   ready   ─lease─▶   leased   ─complete─▶   done ─(late symbols, retry)─▶ ready
///     INSERT                             │
///                                        └──deadLetter, too many attempts──▶ dead ─retry─▶ ready
///
/// Promises, for every implementation:
///
/// - A raw event is kept byte for byte until retention removes it together with its result.
/// - A lease is a token. Every change of a leased event compares it, so of two workers that believe they hold an event
///   (one was too slow, its lease expired) only the later one's word counts; the other gets `false` and has written
///   nothing.
/// - The result and the end of the lease are one transaction.
/// - No order of uploads and completions leaves an event waiting for an id that the catalogue has
///   (see ``complete(_:with:)``).
/// - All times are the database's; clocks of workers are never compared.
///
/// No call blocks a thread of the cooperative pool. All but ``waitForWork(timeout:)`` run to their end when the task is
/// cancelled, so that a stopping worker still writes or releases what it holds.
public protocol JobTable: Sendable {
    /// Adds raw events, durably: when this returns, a loss of power does not lose them. All of them or, on an error,
    /// none.
    ///
    /// - Returns: one entry an event, in order. An event whose `dedupKey` its project already has is not added; the
    ///   entry names the event that is there.
    func enqueue(_ events: [NewRawEvent]) async throws(JobTableError) -> [EnqueuedEvent]

    /// Takes up to `limit` events that are ready, highest priority first, then those that have been ready for longest.
    ///
    /// Leases that have expired count as failed attempts and are ready again, until ``JobTablePolicy/maximumAttempts``
    /// makes dead letters of them.
    ///
    /// - Parameters:
    ///   - owner: host and process, for people who look at the table.
    ///   - duration: how long the events are this worker's without a ``heartbeat(_:duration:)``.
    func lease(limit: Int, owner: String, duration: Duration) async throws(JobTableError) -> [LeasedJob]

    /// The payload of an event, leased or not, when it has at most `limit` bytes or lies in the debug-file store.
    func payload(of eventID: Int64, limit: Int) async throws(JobTableError) -> RawPayload

    /// Holds leases for another `duration` from now.
    ///
    /// - Returns: the jobs that are still this worker's, in order; what is missing has expired and was taken by another
    ///   one, or is gone.
    func heartbeat(_ jobs: [LeasedJob], duration: Duration) async throws(JobTableError) -> [LeasedJob]

    /// Gives events back untouched; the attempt is not counted. Lost leases are passed over.
    func release(_ jobs: [LeasedJob]) async throws(JobTableError)

    /// Puts an event back for a later attempt, with exponential back-off and jitter; after
    /// ``JobTablePolicy/maximumAttempts`` it becomes a dead letter with this reason.
    func retryLater(_ job: LeasedJob, reason: String) async throws(JobTableError) -> RetryOutcome

    /// Ends an event that cannot be processed.
    ///
    /// - Returns: `false` when the lease was lost; nothing was written then.
    func deadLetter(_ job: LeasedJob, reason: String) async throws(JobTableError) -> Bool

    /// Writes a result, replaces the ids that the event waits for, and ends the lease, in one transaction.
    ///
    /// When the catalogue has a change of one of the awaited ids that is newer than `result.catalogueSequence`, the
    /// event is ready again at once; a change that comes later finds the awaited ids and does the same. So no order of
    /// the two is lost.
    ///
    /// - Returns: `false` when the lease was lost; nothing was written then.
    func complete(_ job: LeasedJob, with result: EnrichedResult) async throws(JobTableError) -> Bool

    /// The number of the catalogue's latest change: what to read *before* the first look into the catalogue for an
    /// event, and to hand to ``complete(_:with:)``.
    func catalogueSequence() async throws(JobTableError) -> Int64

    /// Replaces the payload in the row by a reference to the same bytes in the debug-file store, where they must
    /// already be durable.
    ///
    /// - Parameter digest: their SHA-256, 64 lower-case hexadecimal digits.
    /// - Returns: `false` when the lease was lost or the payload is a blob already; nothing was written then.
    func moveLargePayload(of job: LeasedJob, toBlob digest: String) async throws(JobTableError) -> Bool

    /// Events, newest first. Dead letters are `filter.state == .dead`.
    func events(_ filter: EventFilter) async throws(JobTableError) -> [EventSummary]

    /// One event with its enriched document; `nil` when there is none of this id.
    func event(_ id: Int64) async throws(JobTableError) -> EventRecord?

    /// What still has to be done; cheap, whatever the number of finished events.
    func pendingCounts() async throws(JobTableError) -> PendingCounts

    /// What is finished; reads one narrow row an event.
    func finishedCounts() async throws(JobTableError) -> FinishedCounts

    /// Makes a dead, finished or backing-off event ready now, with no attempts counted.
    ///
    /// - Returns: `false` when there is no such event, or it is leased, or ready anyway.
    func retry(_ id: Int64) async throws(JobTableError) -> Bool

    /// Waits until a call of ``lease(limit:owner:duration:)`` is worth while: an event is or becomes ready, or a lease
    /// expires.
    ///
    /// - Returns: `false` when `timeout` has passed without that, or the task was cancelled.
    func waitForWork(timeout: Duration) async throws(JobTableError) -> Bool
}

extension JobTable {
    /// Adds one raw event; see ``enqueue(_:)-([NewRawEvent])``.
    public func enqueue(_ event: NewRawEvent) async throws(JobTableError) -> EnqueuedEvent {
        let added = try await enqueue([event])
        guard let first = added.first else { throw .failed("the job table did not answer for the event") }
        return first
    }
}
