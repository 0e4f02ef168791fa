/// How a worker works.
public struct WorkerOptions: Sendable {
    /// Events leased at once.
    public var batchSize = 32
    /// Events enriched at the same time.
    public var concurrency = 2
    /// How long an event is held without a heartbeat; heartbeats come three times as often.
    public var leaseDuration: Duration = .seconds(60)
    /// The longest an idle worker sleeps; a new event wakes it sooner.
    public var pollInterval: Duration = .seconds(5)
    /// The pause after the first failure of what every event needs (``Trouble``); each further one is twice as long.
    public var firstPause: Duration = .seconds(1)
    /// No pause is longer.
    public var longestPause: Duration = .seconds(60)
    /// Ends when nothing is ready, leased or backing off.
    public var untilEmpty = false
    /// Bytes of the largest event that is enriched.
    public var maximumEventSize = 20_000_000
    /// Payloads and results above this many bytes live as blobs.
    public var inlineLimit = 1 << 20
    /// Bytes of the largest payload that is moved from its row to a blob. A move holds the payload in memory twice; a
    /// larger one stays in its row, and the dead letter's reason says so. SQLite itself takes up to 1,000,000,000.
    public var movableSize = 128 << 20
    /// Host and process, for people who look at the table.
    public var owner = "worker"

    /// The defaults.
    public init() {}
}

/// What a worker did.
public struct WorkerTotals: Sendable, Equatable {
    /// Every frame has its function.
    public var complete = 0
    /// Something is missing.
    public var partial = 0
    /// Ended as dead letters.
    public var dead = 0
    /// Put back for a later attempt.
    public var retried = 0
    /// Given back untouched, no attempt counted: the worker stops, or what every event needs is out.
    public var released = 0
    /// The lease was lost meanwhile: another worker has the event, or retention removed it. Nothing was written.
    public var givenUp = 0

    /// Nothing done yet.
    public init() {}

    /// All events that were leased; one that was leased twice counts twice.
    public var events: Int { complete + partial + dead + retried + released + givenUp }

    static func += (left: inout WorkerTotals, right: WorkerTotals) {
        left.complete += right.complete
        left.partial += right.partial
        left.dead += right.dead
        left.retried += right.retried
        left.released += right.released
        left.givenUp += right.givenUp
    }
}
