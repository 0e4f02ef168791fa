import CrashReports
import DebugFiles
import JobTable
import Symbolication

/// What becomes of one leased event.
enum JobOutcome: Sendable {
    case complete
    case partial
    case dead
    case retried
    /// The lease was lost meanwhile: another worker has the event, nothing was written.
    case givenUp
}

/// Takes one leased event to its end: a result, a dead letter, or a later attempt.
struct JobProcessor: Sendable {
    let jobs: any JobTable
    let blobs: any BlobStorage
    let enricher: EventEnricher
    let options: WorkerOptions

    /// Never throws away an event: what goes wrong ends in the table with its reason. Throws when the table itself fails.
    func process(_ job: LeasedJob) async throws(JobTableError) -> JobOutcome {
        let result: EnrichedResult
        do throws(EnrichmentError) {
            result = try await enrich(job)
        } catch {
            return try await end(job, error)
        }
        guard try await jobs.complete(job, with: result) else { return .givenUp }
        return result.status == .complete ? .complete : .partial
    }

    private func end(_ job: LeasedJob, _ error: EnrichmentError) async throws(JobTableError) -> JobOutcome {
        switch error {
        case .notUnderstood(let reason):
            return try await jobs.deadLetter(job, reason: reason) ? .dead : .givenUp
        case .temporary(let reason):
            switch try await jobs.retryLater(job, reason: reason) {
            case .scheduled: return .retried
            case .deadLettered: return .dead
            case .leaseLost: return .givenUp
            }
        }
    }

    private func enrich(_ job: LeasedJob) async throws(EnrichmentError) -> EnrichedResult {
        guard job.payloadSize <= options.maximumEventSize else {
            // Kept all the same, but not in the row: a table of large rows is slow for everyone.
            if case .row = job.payload { _ = try await payload(of: job, limit: .max) }
            throw .notUnderstood(
                "the event has \(job.payloadSize) bytes, over the limit of \(options.maximumEventSize) "
                    + "(--max-event-size)")
        }
        let payload = try await payload(of: job, limit: options.maximumEventSize)
        let context: ReportContext
        do throws(CrashReportError) {
            context =
                try job.context.map { text throws(CrashReportError) in try ReportContext(json: Array(text.utf8)) }
                ?? ReportContext()
        } catch {
            throw .notUnderstood(error.description)
        }
        let enrichment = try await enricher.enrich(payload, context: context, project: job.project)
        return EnrichedResult(
            document: try await stored(enrichment.document),
            status: enrichment.summary.status == .complete ? .complete : .partial, title: enrichment.summary.title,
            release: enrichment.facts.release, environment: enrichment.facts.environment,
            eventUUID: enrichment.facts.eventID, awaited: enrichment.awaited,
            catalogueSequence: enrichment.catalogueSequence)
    }

    /// The payload; a large one in the row becomes a blob on the way.
    private func payload(of job: LeasedJob, limit: Int) async throws(EnrichmentError) -> [UInt8] {
        let loaded: RawPayload
        do throws(JobTableError) {
            loaded = try await jobs.payload(of: job.eventID, limit: limit)
        } catch {
            throw .temporary(error.description)
        }
        switch loaded {
        case .blob(let digest):
            do throws(BlobStorageError) {
                return try await blobs.read(digest, limit: limit)
            } catch {
                throw .temporary("the payload: \(error.description)")
            }
        case .bytes(let bytes):
            guard bytes.count > options.inlineLimit else { return bytes }
            let blob = try await put(bytes)
            do throws(JobTableError) {
                _ = try await jobs.moveLargePayload(of: job, toBlob: blob.digest)
            } catch {
                throw .temporary(error.description)
            }
            return bytes
        }
    }

    private func stored(_ document: [UInt8]) async throws(EnrichmentError) -> StoredDocument {
        guard document.count > options.inlineLimit else { return .bytes(document) }
        return .blob(digest: try await put(document).digest)
    }

    private func put(_ bytes: [UInt8]) async throws(EnrichmentError) -> StoredBlob {
        do throws(BlobStorageError) {
            return try await blobs.put(bytes)
        } catch {
            throw .temporary(error.description)
        }
    }
}
