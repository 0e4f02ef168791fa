/// Keeps the note "this object was used" from being written at every event.
actor RecentUse {
    private static let interval = Duration.seconds(6 * 60 * 60)
    private var noted: [String: ContinuousClock.Instant] = [:]

    /// Those whose use was not noted for hours.
    func due(_ digests: Set<String>) -> Set<String> {
        let now = ContinuousClock.now
        if noted.count > 10_000 { noted = noted.filter { $0.value + Self.interval > now } }
        return digests.filter { digest in
            if let last = noted[digest], last + Self.interval > now { return false }
            noted[digest] = now
            return true
        }
    }
}
