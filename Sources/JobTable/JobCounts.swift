/// What still has to be done.
public struct PendingCounts: Sendable, Equatable {
    /// May be leased now.
    public var ready: Int
    /// Will be ready after a pause.
    public var backingOff: Int
    /// Including expired leases that nobody has taken up yet.
    public var leased: Int

    /// The three counts.
    public init(ready: Int, backingOff: Int, leased: Int) {
        self.ready = ready
        self.backingOff = backingOff
        self.leased = leased
    }

    /// Whether nothing is ready, backing off or leased.
    public var isEmpty: Bool { ready == 0 && backingOff == 0 && leased == 0 }
}

/// What is finished.
public struct FinishedCounts: Sendable, Equatable {
    /// Have a result.
    public var done: Int
    /// Could not be processed.
    public var dead: Int

    /// The two counts.
    public init(done: Int, dead: Int) {
        self.done = done
        self.dead = dead
    }
}
