/// Remembers which objects kill their parsers: after ``limit`` deaths of one revision an object is not tried again by
/// it.
protocol QuarantineRecord: Sendable {
    func deaths(of digest: String, revision: Int) async throws(DebugFilesError) -> (count: Int, reason: String)
    func recordDeath(of digest: String, revision: Int, reason: String) async throws(DebugFilesError)
}

extension QuarantineRecord {
    /// Deaths after which an object is left alone.
    static var limit: Int { 3 }

    /// Why the object must not be tried again; `nil` when it may.
    func refusal(of digest: String, revision: Int) async throws(DebugFilesError) -> String? {
        let (count, reason) = try await deaths(of: digest, revision: revision)
        guard count >= Self.limit else { return nil }
        return "quarantined after \(count) deaths of its parser (revision \(revision)); the last: \(reason)"
    }
}

extension Catalogue: QuarantineRecord {}

/// Quarantine for as long as the process lives, where there is no catalogue.
actor MemoryQuarantine: QuarantineRecord {
    private var records: [String: (count: Int, reason: String)] = [:]

    func deaths(of digest: String, revision: Int) -> (count: Int, reason: String) { records[digest] ?? (0, "") }

    func recordDeath(of digest: String, revision: Int, reason: String) {
        records[digest] = ((records[digest]?.count ?? 0) + 1, reason)
    }
}
