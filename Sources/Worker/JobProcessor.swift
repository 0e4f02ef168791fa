import CrashReports
import DebugFiles
import JobTable
import Symbolication

/// What became of one leased event.
enum JobOutcome: Sendable, Equatable {
    case complete
    case partial
    case dead
    case retried
    /// The lease was lost meanwhile: another worker has the event, nothing was written.
    case givenUp
    /// Nothing was written, the lease is still held: to be released. Without trouble when the task was cancelled.
    case held(Trouble?)
}

/// Takes one leased event to its end: a result, a dead letter, or a later attempt.
struct JobProcessor: Sendable {
    let jobs: any JobTable
    let blobs: any BlobStorage
    let enricher: EventEnricher
    let options: WorkerOptions

    /// Why an event has no result.
    private enum Failure: Error {
        case event(EnrichmentError)
        case jobTable(JobTableError)
    }

    /// Never throws away an event: what goes wrong ends in the table with its reason, or the event is given back.
    func process(_ job: LeasedJob) async -> JobOutcome {
        do throws(JobTableError) {
            do throws(Failure) {
                return try await complete(job, with: try await enrich(job))
            } catch {
                return try await end(job, error)
            }
        } catch {
            return .held(.jobTable(error))
        }
    }

    // MARK: - Ends

    private func complete(_ job: LeasedJob, with result: EnrichedResult) async throws(Failure) -> JobOutcome {
        do throws(JobTableError) {
            guard try await jobs.complete(job, with: result) else { return .givenUp }
        } catch {
            throw .jobTable(error)
        }
        return result.status == .complete ? .complete : .partial
    }

    private func end(_ job: LeasedJob, _ failure: Failure) async throws(JobTableError) -> JobOutcome {
        switch failure {
        case .event(.notUnderstood(let reason)): return try await bury(job, reason)
        case .event(.temporary(let reason)): return try await retry(job, reason)
        case .event(.unavailable(let reason)):
            if Task.isCancelled { return .held(nil) }
            if let outage = await outage() { return .held(.store(outage)) }
            if Task.isCancelled { return .held(nil) }
            return try await retry(job, reason)
        case .jobTable(let error):
            switch error {
            case .unavailable, .storageFull: throw error
            case .noSuchEvent: return .givenUp
            case .payloadTooLarge: return try await bury(job, error.description)
            // May be about this event alone: one that cannot be written must not end the worker.
            case .rejected, .failed: return try await retry(job, error.description)
            }
        }
    }

    private func bury(_ job: LeasedJob, _ reason: String) async throws(JobTableError) -> JobOutcome {
        try await jobs.deadLetter(job, reason: reason) ? .dead : .givenUp
    }

    private func retry(_ job: LeasedJob, _ reason: String) async throws(JobTableError) -> JobOutcome {
        switch try await jobs.retryLater(job, reason: reason) {
        case .scheduled: .retried
        case .deadLettered: .dead
        case .leaseLost: .givenUp
        }
    }

    /// Why no event could be enriched now; `nil` when others can.
    private func outage() async -> String? {
        do throws(BlobStorageError) {
            try await blobs.checkAvailability()
        } catch {
            return error.description
        }
        do throws(EnrichmentError) {
            try await enricher.checkAvailability()
        } catch {
            return error.description
        }
        return nil
    }

    // MARK: - Enriching

    private func enrich(_ job: LeasedJob) async throws(Failure) -> EnrichedResult {
        guard job.payloadSize <= options.maximumEventSize else { throw try await oversize(job) }
        let payload = try await payload(of: job)
        let context: ReportContext
        let enrichment: Enrichment
        do throws(CrashReportError) {
            context =
                try job.context.map { text throws(CrashReportError) in try ReportContext(json: Array(text.utf8)) }
                ?? ReportContext()
        } catch {
            throw .event(.notUnderstood(error.description))
        }
        do throws(EnrichmentError) {
            enrichment = try await enricher.enrich(payload, context: context, project: job.project)
        } catch {
            throw .event(error)
        }
        return EnrichedResult(
            document: try await stored(enrichment.document),
            status: enrichment.summary.status == .complete ? .complete : .partial, title: enrichment.summary.title,
            release: enrichment.facts.release, environment: enrichment.facts.environment,
            eventUUID: enrichment.facts.eventID, awaited: enrichment.awaited,
            catalogueSequence: enrichment.catalogueSequence)
    }

    /// The end of an event that is too large. Its payload is kept all the same, but not in the row: a table of large
    /// rows is slow for everyone.
    private func oversize(_ job: LeasedJob) async throws(Failure) -> Failure {
        var reason = Self.oversize(job.payloadSize, options.maximumEventSize)
        if case .row = job.payload {
            if job.payloadSize <= options.movableSize {
                try await move(try await row(job, limit: options.movableSize), of: job)
            } else {
                reason += "; it stays in its row, over the \(options.movableSize) bytes that are moved to the store"
            }
        }
        return .event(.notUnderstood(reason))
    }

    private static func oversize(_ size: Int, _ limit: Int) -> String {
        "the event has \(size) bytes, over the limit of \(limit) (--max-event-size)"
    }

    /// The payload; a large one in the row becomes a blob on the way.
    private func payload(of job: LeasedJob) async throws(Failure) -> [UInt8] {
        switch job.payload {
        case .blob(let digest): return try await blob(digest)
        case .row:
            let bytes = try await row(job, limit: options.maximumEventSize)
            if bytes.count > options.inlineLimit { try await move(bytes, of: job) }
            return bytes
        }
    }

    private func row(_ job: LeasedJob, limit: Int) async throws(Failure) -> [UInt8] {
        let loaded: RawPayload
        do throws(JobTableError) {
            loaded = try await jobs.payload(of: job.eventID, limit: limit)
        } catch {
            throw .jobTable(error)
        }
        switch loaded {
        case .bytes(let bytes): return bytes
        // Another worker, to which the lease was lost, moved it.
        case .blob(let digest): return try await blob(digest)
        }
    }

    private func blob(_ digest: String) async throws(Failure) -> [UInt8] {
        let size: Int
        do throws(BlobStorageError) {
            guard let found = try await blobs.size(of: digest) else { throw .missing(digest: digest) }
            size = found
            // A program that inserts a reference itself may say any size in the table.
            if size <= options.maximumEventSize { return try await blobs.read(digest, limit: options.maximumEventSize) }
        } catch {
            throw Self.failure("the payload: ", error)
        }
        throw .event(.notUnderstood(Self.oversize(size, options.maximumEventSize)))
    }

    private func move(_ bytes: [UInt8], of job: LeasedJob) async throws(Failure) {
        let blob = try await put(bytes)
        do throws(JobTableError) {
            // A refusal means a lost lease or a payload that was moved before; the end of the event finds out.
            _ = try await jobs.moveLargePayload(of: job, toBlob: blob.digest)
        } catch {
            throw .jobTable(error)
        }
    }

    private func stored(_ document: [UInt8]) async throws(Failure) -> StoredDocument {
        guard document.count > options.inlineLimit else { return .bytes(document) }
        return .blob(digest: try await put(document).digest)
    }

    private func put(_ bytes: [UInt8]) async throws(Failure) -> StoredBlob {
        do throws(BlobStorageError) {
            return try await blobs.put(bytes)
        } catch {
            throw Self.failure("", error)
        }
    }

    private static func failure(_ what: String, _ error: BlobStorageError) -> Failure {
        switch error {
        // A blob that is not there may mean a store that is not there.
        case .unavailable, .missing: .event(.unavailable(what + error.description))
        case .malformedDigest, .notARegularFile, .changed, .damaged, .truncated, .unsupportedLocation:
            .event(.temporary(what + error.description))
        }
    }
}
