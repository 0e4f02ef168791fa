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
    /// Ends when nothing is ready, leased or backing off.
    public var untilEmpty = false
    /// Bytes of the largest event that is enriched.
    public var maximumEventSize = 20_000_000
    /// Payloads and results above this many bytes live as blobs.
    public var inlineLimit = 1 << 20
    /// Host and process, for people who look at the table.
    public var owner = "worker"

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
    /// Given back because the worker stops, or taken by another worker after a lost lease.
    public var givenUp = 0

    public init() {}

    /// All events that ended one way or another.
    public var events: Int { complete + partial + dead + retried + givenUp }

    static func += (left: inout WorkerTotals, right: WorkerTotals) {
        left.complete += right.complete
        left.partial += right.partial
        left.dead += right.dead
        left.retried += right.retried
        left.givenUp += right.givenUp
    }
}
