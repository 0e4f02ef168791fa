import Foundation
import JobTable

/// A job table in memory that does as the promises say, and fails or waits where a test tells it to.
///
/// Its clock is the waiting: pauses of events that back off are over when somebody waits for work.
actor MemoryJobTable: JobTable {
    enum Call: Sendable, Hashable {
        case lease, payload, heartbeat, release, retryLater, deadLetter, complete, move, pending, wait
    }

    struct Row: Sendable {
        var payload: RawPayload
        var size: Int
        var context: String?
        var state = JobState.ready
        var attempts = 0
        var token: String?
        var reason: String?
        var result: EnrichedResult?
    }

    /// Called before a call takes effect, with the event that it is about; what it returns is thrown instead.
    typealias Hook = @Sendable (Call, Int64?, MemoryJobTable) async -> JobTableError?

    private(set) var rows: [Int64: Row] = [:]
    private(set) var calls: [Call] = []
    private var tokens = 0
    private let hook: Hook

    init(hook: @escaping Hook = { _, _, _ in nil }) { self.hook = hook }

    // MARK: What tests do from outside

    @discardableResult
    func add(_ payload: String = "{}", context: String? = nil) -> Int64 {
        add(.bytes(Array(payload.utf8)), size: payload.utf8.count, context: context)
    }

    @discardableResult
    func add(_ payload: RawPayload, size: Int, context: String? = nil) -> Int64 {
        let id = Int64(rows.count + 1)
        rows[id] = Row(payload: payload, size: size, context: context)
        return id
    }

    /// Another worker leases the event, whoever holds it.
    func steal(_ id: Int64) {
        rows[id]?.state = .leased
        rows[id]?.token = "stolen"
    }

    /// Another worker ends the event that it holds.
    func finish(_ id: Int64) {
        rows[id]?.state = .done
        rows[id]?.token = nil
    }

    func remove(_ id: Int64) { rows[id] = nil }

    func count(of call: Call) -> Int { calls.count { $0 == call } }

    func states() -> [JobState] { rows.sorted { $0.key < $1.key }.map(\.value.state) }

    // MARK: The promises

    private func begin(_ call: Call, _ id: Int64? = nil) async throws(JobTableError) {
        calls.append(call)
        if let error = await hook(call, id, self) { throw error }
    }

    func enqueue(_ events: [NewRawEvent]) async throws(JobTableError) -> [EnqueuedEvent] {
        throw .rejected("the tests add events themselves")
    }

    func lease(limit: Int, owner: String, duration: Duration) async throws(JobTableError) -> [LeasedJob] {
        try await begin(.lease)
        let ids = rows.filter { $0.value.state == .ready }.keys.sorted().prefix(limit)
        return ids.compactMap { id in
            guard var row = rows[id] else { return nil }
            tokens += 1
            row.state = .leased
            row.attempts += 1
            row.token = "token \(tokens)"
            rows[id] = row
            var payload = LeasedJob.PayloadReference.row
            if case .blob(let digest) = row.payload { payload = .blob(digest: digest) }
            return LeasedJob(
                eventID: id, token: "token \(tokens)", attempts: row.attempts, project: "default",
                context: row.context, priority: 0, payloadSize: row.size, payload: payload,
                createdAt: Date(timeIntervalSince1970: 0))
        }
    }

    func payload(of eventID: Int64, limit: Int) async throws(JobTableError) -> RawPayload {
        try await begin(.payload, eventID)
        guard let row = rows[eventID] else { throw .noSuchEvent(eventID) }
        guard row.size <= limit else { throw .payloadTooLarge(size: row.size, limit: limit) }
        return row.payload
    }

    func heartbeat(_ jobs: [LeasedJob], duration: Duration) async throws(JobTableError) -> [LeasedJob] {
        try await begin(.heartbeat)
        return jobs.filter { rows[$0.eventID]?.token == $0.token }
    }

    func release(_ jobs: [LeasedJob]) async throws(JobTableError) {
        try await begin(.release)
        for job in jobs where rows[job.eventID]?.token == job.token {
            rows[job.eventID]?.attempts -= 1
            _ = end(job, .ready, nil)
        }
    }

    func retryLater(_ job: LeasedJob, reason: String) async throws(JobTableError) -> RetryOutcome {
        try await begin(.retryLater, job.eventID)
        let isLast = job.attempts >= 5
        guard end(job, isLast ? .dead : .backingOff, reason) else { return .leaseLost }
        return isLast ? .deadLettered : .scheduled(after: .seconds(1))
    }

    func deadLetter(_ job: LeasedJob, reason: String) async throws(JobTableError) -> Bool {
        try await begin(.deadLetter, job.eventID)
        return end(job, .dead, reason)
    }

    func complete(_ job: LeasedJob, with result: EnrichedResult) async throws(JobTableError) -> Bool {
        try await begin(.complete, job.eventID)
        guard end(job, .done, nil) else { return false }
        rows[job.eventID]?.result = result
        return true
    }

    private func end(_ job: LeasedJob, _ state: JobState, _ reason: String?) -> Bool {
        guard rows[job.eventID]?.token == job.token else { return false }
        rows[job.eventID]?.state = state
        rows[job.eventID]?.token = nil
        rows[job.eventID]?.reason = reason
        return true
    }

    func catalogueSequence() async throws(JobTableError) -> Int64 { 0 }

    func moveLargePayload(of job: LeasedJob, toBlob digest: String) async throws(JobTableError) -> Bool {
        try await begin(.move, job.eventID)
        guard rows[job.eventID]?.token == job.token else { return false }
        rows[job.eventID]?.payload = .blob(digest: digest)
        return true
    }

    func events(_ filter: EventFilter) async throws(JobTableError) -> [EventSummary] { [] }

    func event(_ id: Int64) async throws(JobTableError) -> EventRecord? { nil }

    func pendingCounts() async throws(JobTableError) -> PendingCounts {
        try await begin(.pending)
        func count(_ state: JobState) -> Int { rows.values.count { $0.state == state } }
        return PendingCounts(ready: count(.ready), backingOff: count(.backingOff), leased: count(.leased))
    }

    func finishedCounts() async throws(JobTableError) -> FinishedCounts { FinishedCounts(done: 0, dead: 0) }

    func retry(_ id: Int64) async throws(JobTableError) -> Bool { false }

    func waitForWork(timeout: Duration) async throws(JobTableError) -> Bool {
        try await begin(.wait)
        for id in rows.keys where rows[id]?.state == .backingOff { rows[id]?.state = .ready }
        let deadline = ContinuousClock.now.advanced(by: timeout)
        while !rows.values.contains(where: { $0.state == .ready }) {
            guard ContinuousClock.now < deadline, (try? await Task.sleep(for: .milliseconds(1))) != nil else {
                return false
            }
        }
        return true
    }
}
