/// How often and when a failed event is tried again.
public struct JobTablePolicy: Sendable, Equatable {
    /// After so many leases without a result, an event becomes a dead letter.
    public var maximumAttempts: Int
    /// The longest pause after the first failed attempt; each further one is ``backoffFactor`` times as long.
    public var backoffBase: Duration
    /// The growth of the pause.
    public var backoffFactor: Int
    /// No pause is longer.
    public var backoffLimit: Duration

    /// By default five attempts with pauses of up to 1, 4, 16 and 64 seconds.
    public init(
        maximumAttempts: Int = 5, backoffBase: Duration = .seconds(1), backoffFactor: Int = 4,
        backoffLimit: Duration = .seconds(600)
    ) {
        self.maximumAttempts = maximumAttempts
        self.backoffBase = backoffBase
        self.backoffFactor = backoffFactor
        self.backoffLimit = backoffLimit
    }

    /// The pause after attempt number `attempts` (1-based) failed.
    ///
    /// - Parameter jitter: 0…1, picked at random by the caller: events that failed together come back spread over the
    ///   later half of the pause, not together again.
    public func pause(after attempts: Int, jitter: Double) -> Duration {
        var longest = min(backoffBase, backoffLimit)
        for _ in 1..<max(2, min(attempts, 64)) where attempts > 1 && longest < backoffLimit {
            longest = min(longest * max(1, backoffFactor), backoffLimit)
        }
        return longest / 2 + longest / 2 * min(max(jitter, 0), 1)
    }
}
