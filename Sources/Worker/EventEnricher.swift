import CrashEvent
public import CrashReports
public import JobTable
public import Symbolication

/// One event's whole way, from the bytes that came in to the document that goes out.
///
///     payload ─▶ decode ─▶ plan ─▶ answers ─▶ resolve ─▶ texts ─▶ patch ─▶ document
///                                (debug files)          (sources)
///
/// It keeps nothing between events. The same payload, context and answers give the same bytes.
public struct EventEnricher: Sendable {
    private let source: any SymbolSource
    private let symbolicator: Symbolicator
    private let limits: CrashReportLimits

    public init(
        source: any SymbolSource, symbolicator: Symbolicator = Symbolicator(), limits: CrashReportLimits = .default
    ) {
        self.source = source
        self.symbolicator = symbolicator
        self.limits = limits
    }

    /// Enriches one event.
    public func enrich(
        _ payload: [UInt8], context: ReportContext = ReportContext(), project: String = "default"
    ) async throws(EnrichmentError) -> Enrichment {
        let report: DecodedReport
        let event: CrashEvent
        do throws(CrashReportError) {
            report = try CrashReports.decode(payload, context: context, limits: limits)
        } catch {
            throw .notUnderstood(error.description)
        }
        do throws(CrashEventError) {
            event = try CrashEvent(report.event, limits: limits.json)
        } catch {
            throw .notUnderstood(error.description)
        }
        let referenced = symbolicator.plan(event).referenced
        var answers = try await source.answers(for: referenced, project: project)
        var enriched = try await patch(event, answers)
        // An index that was damaged on disk is found while it is read: it is built again, once.
        let damaged = enriched.summary.images.filter { $0.status == .malformed }.compactMap { image in
            if case .found = answers.images[image.imageIndex] { answers.objects[image.imageIndex] } else { nil }
        }
        if !damaged.isEmpty {
            for digest in damaged { await source.discardIndex(ofObject: digest) }
            answers = try await source.answers(for: referenced, project: project)
            enriched = try await patch(event, answers)
        }
        return Enrichment(
            document: enriched.document, summary: enriched.summary, report: report, awaited: answers.awaited,
            catalogueSequence: answers.catalogueSequence, facts: Enrichment.Facts(event))
    }

    private func patch(_ event: CrashEvent, _ answers: SymbolAnswers) async throws(EnrichmentError) -> EnrichedEvent {
        let resolved = symbolicator.resolve(event, images: answers.images)
        let texts = try await source.texts(resolved.sourcesWanted, of: answers)
        do throws(EventPatchError) {
            return try resolved.patch(sources: texts)
        } catch {
            throw .notUnderstood("the enriched frames cannot be written into the event: \(error)")
        }
    }
}

/// An enriched event and what a job table keeps beside it.
public struct Enrichment: Sendable {
    /// Sentry's event JSON.
    public let document: [UInt8]
    public let summary: SymbolicationSummary
    /// What the payload was, and what was odd about it.
    public let report: DecodedReport
    public let awaited: [AwaitedID]
    public let catalogueSequence: Int64
    /// For lists and filters.
    public let facts: Facts

    /// A few fields of the event.
    public struct Facts: Sendable {
        public let eventID: String?
        public let release: String?
        public let environment: String?

        init(_ event: CrashEvent) {
            let document = event.document
            eventID = document.string("event_id", of: document.root)
            release = document.string("release", of: document.root)
            environment = document.string("environment", of: document.root)
        }
    }
}
