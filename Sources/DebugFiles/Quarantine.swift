/// Remembers which objects kill their parsers: after a number of deaths of one revision an object is not tried again by
/// it.
///
/// What is counted is the index (``IndexKey``): an object whose parser dies of a supplementary file that came with it is
/// still tried without that file.
protocol QuarantineRecord: Sendable {
    func deaths(of key: String, revision: Int) async throws(DebugFilesError) -> (count: Int, reason: String)
    func recordDeath(
        of key: String, object: String, revision: Int, reason: String
    ) async throws(DebugFilesError)
}

extension QuarantineRecord {
    /// Why the index must not be tried again; `nil` when it may.
    func refusal(of key: String, revision: Int, limit: Int) async throws(DebugFilesError) -> String? {
        let (count, reason) = try await deaths(of: key, revision: revision)
        guard count >= limit else { return nil }
        return Quarantine.sentence(deaths: count, revision: revision, reason: reason)
    }
}

/// Words about quarantine.
enum Quarantine {
    static func sentence(deaths: Int, revision: Int, reason: String) -> String {
        "quarantined after \(deaths) deaths of its parser (revision \(revision)); the last: \(reason)"
    }
}

extension Catalogue: QuarantineRecord {}

/// Quarantine for as long as the process lives, where there is no catalogue.
actor MemoryQuarantine: QuarantineRecord {
    private var records: [String: (count: Int, reason: String)] = [:]

    func deaths(of key: String, revision: Int) -> (count: Int, reason: String) { records[key] ?? (0, "") }

    func recordDeath(of key: String, object: String, revision: Int, reason: String) {
        records[key] = ((records[key]?.count ?? 0) + 1, reason)
    }
}
