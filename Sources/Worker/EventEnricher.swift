import CrashEvent
public import CrashReports
public import DebugFiles
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
    let limits: CrashReportLimits
    private let dumps: DumpReader?

    /// - Parameters:
    ///   - source: Where debug files and source texts come from.
    ///   - symbolicator: The frame rules.
    ///   - limits: What reading a dump may cost.
    ///   - dumps: What reads cores, minidumps and compressed dumps; without it they are not understood.
    public init(
        source: any SymbolSource, symbolicator: Symbolicator = Symbolicator(), limits: CrashReportLimits = .default,
        dumps: DumpReader? = nil
    ) {
        self.source = source
        self.symbolicator = symbolicator
        self.limits = limits
        self.dumps = dumps
    }

    /// Enriches one event.
    ///
    /// Cost: the dump and its document in memory a few times; indexes that are absent are built in a child.
    /// - Parameters:
    ///   - payload: A dump in any format that ``CrashReports`` knows.
    ///   - context: What is known from elsewhere; fills what the event lacks.
    ///   - project: Decides which uploads are seen.
    public func enrich(
        _ payload: [UInt8], context: ReportContext = ReportContext(), project: String = "default"
    ) async throws(EnrichmentError) -> Enrichment {
        guard let dumps, DumpKind(prefix: payload) != .report else {
            return try await enrichText(payload, context, project)
        }
        let file: FileDescriptor
        do throws(DumpSpoolError) {
            file = try await dumps.spool.file(of: payload)
        } catch {
            throw EnrichmentError(error)
        }
        return try await enrich(file, name: "payload", context: context, project: project)
    }

    /// Enriches the event in a file: a dump of any size, or text of at most the size that the reader of dumps takes.
    /// - Parameters:
    ///   - file: A regular file.
    ///   - name: For messages.
    public func enrich(
        _ file: FileDescriptor, name: String, context: ReportContext = ReportContext(), project: String = "default",
        onProgress: DumpReader.Progress? = nil
    ) async throws(EnrichmentError) -> Enrichment {
        guard let dumps else { throw .notUnderstood("a file that nothing here reads") }
        let contents = try await dumps.read(
            file, name: name, project: project, context: context, onProgress: onProgress)
        switch contents {
        case .report(let bytes): return try await enrichText(bytes, context, project)
        case .dump(let dump):
            let renewal = DumpRenewal(lacking: dump.lacking, catalogueSequence: dump.catalogueSequence)
            return try await enrich(dump.report, project, renewal)
        }
    }

    private func enrichText(
        _ payload: [UInt8], _ context: ReportContext, _ project: String
    ) async throws(EnrichmentError) -> Enrichment {
        if let dumps, let embedded = try await envelopeDump(payload, context, project, dumps) {
            return try await enrich(embedded.report, project, embedded.renewal)
        }
        return try await enrich(try decode(payload, context), project)
    }

    func decode(_ payload: [UInt8], _ context: ReportContext) throws(EnrichmentError) -> DecodedReport {
        do throws(CrashReportError) {
            return try CrashReports.decode(payload, context: context, limits: limits)
        } catch {
            throw .notUnderstood(error.description)
        }
    }

    private func event(_ bytes: [UInt8]) throws(EnrichmentError) -> CrashEvent {
        do throws(CrashEventError) {
            return try CrashEvent(bytes, limits: limits.json)
        } catch {
            throw .notUnderstood(error.description)
        }
    }

    /// - Parameter dump: Of an event that was unwound just now.
    private func enrich(
        _ report: DecodedReport, _ project: String, _ dump: DumpRenewal? = nil
    ) async throws(EnrichmentError) -> Enrichment {
        var event = try event(report.event)
        var renewal = dump
        if dump == nil {
            renewal = try await dumps?.renewal(of: event, symbolicator.plan(event).referenced, project: project)
            if let renewed = renewal?.event { event = try self.event(renewed) }
        }
        let referenced = symbolicator.plan(event).referenced
        var answers = try await self.answers(for: referenced, of: event, project)
        var (enriched, missing) = try await patch(event, answers)
        // An index that was damaged on disk is found while it is read: it is built again, once.
        let damaged = enriched.summary.images.filter { $0.status == .malformed }.compactMap { image in
            if case .found = answers.images[image.imageIndex] { answers.objects[image.imageIndex] } else { nil }
        }
        if !damaged.isEmpty {
            for digest in damaged { await source.discardIndex(ofObject: digest) }
            answers = try await self.answers(for: referenced, of: event, project)
            (enriched, missing) = try await patch(event, answers)
        }
        return Enrichment(
            document: enriched.document, summary: enriched.summary, report: report,
            awaited: Self.awaited(answers, enriched.summary, withoutText: missing, renewal?.awaited ?? []),
            catalogueSequence: min(answers.catalogueSequence, renewal?.catalogueSequence ?? .max),
            facts: Enrichment.Facts(event))
    }

    private func answers(
        for images: [ImageRequest], of event: CrashEvent, _ project: String
    ) async throws(EnrichmentError) -> SymbolAnswers {
        await CodeCheck.apply(try await source.answers(for: images, project: project), to: event, from: source)
    }

    /// Throws ``EnrichmentError/unavailable(_:)`` when no event could be enriched now.
    func checkAvailability() async throws(EnrichmentError) {
        try await source.checkAvailability()
    }

    /// The document, and the positions of the images of which a later upload could bring a text, or a better one.
    private func patch(
        _ event: CrashEvent, _ answers: SymbolAnswers
    ) async throws(EnrichmentError) -> (event: EnrichedEvent, withoutText: Set<Int>) {
        let resolved = symbolicator.resolve(event, images: answers.images)
        let texts = try await source.texts(resolved.sourcesWanted, of: answers)
        let missing = resolved.sourcesWanted.filter { request in
            switch texts[request]?.mark {
            // Sources that came between the two questions: the answers, and so the document, deny that there are any.
            case .exact, .unchecked: answers.deniesSources(ofImage: request.imageIndex)
            case .differs, .newer, nil: true
            }
        }
        do throws(EventPatchError) {
            return (try resolved.patch(sources: texts), Set(missing.map(\.imageIndex)))
        } catch {
            throw .notUnderstood("the enriched frames cannot be written into the event: \(error)")
        }
    }

    /// What the event waits for, one entry an id, the most basic lack first.
    private static func awaited(
        _ answers: SymbolAnswers, _ summary: SymbolicationSummary, withoutText: Set<Int>, _ unwinding: [AwaitedID]
    ) -> [AwaitedID] {
        var seen = Set<[String]>()
        // Also the supplementary and split files that an object names and that were not there.
        let parts = summary.awaited.filter { $0.lacks == .debugInformation && $0.kind != .debugID }
            .map { AwaitedID(kind: $0.kind.rawValue, id: $0.id, lacks: .debugInformation) }
        let texts = withoutText.sorted().flatMap { answers.ids[$0] ?? [] }.map { AwaitedID($0, lacks: .sources) }
        return (unwinding + answers.awaited + parts + texts).filter { seen.insert([$0.kind, $0.id]).inserted }
    }
}

extension SymbolAnswers {
    fileprivate func deniesSources(ofImage index: Int) -> Bool {
        if case .found(_, let features, _) = images[index] { !features.hasSources } else { false }
    }
}

/// An enriched event and what a job table keeps beside it.
public struct Enrichment: Sendable {
    /// Sentry's event JSON.
    public let document: [UInt8]
    /// How it went.
    public let summary: SymbolicationSummary
    /// What the payload was, and what was odd about it.
    public let report: DecodedReport
    /// Ids under which a later upload would make the event better.
    public let awaited: [AwaitedID]
    /// The newest change of the catalogue that the answers can know of.
    public let catalogueSequence: Int64
    /// For lists and filters.
    public let facts: Facts

    /// A few fields of the event.
    public struct Facts: Sendable {
        /// The event's own id, as its document spells it.
        public let eventID: String?
        /// The release that crashed.
        public let release: String?
        /// `production`, `staging`, …
        public let environment: String?

        init(_ event: CrashEvent) {
            let document = event.document
            eventID = document.string("event_id", of: document.root)
            release = document.string("release", of: document.root)
            environment = document.string("environment", of: document.root)
        }
    }
}
