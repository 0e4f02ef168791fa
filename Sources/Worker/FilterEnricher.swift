public import CrashEvent
public import CrashReports
public import Symbolication

/// Makes the stack lines in a stream readable: the part between `StackFilter`, which finds them, and what writes them.
public struct FilterEnricher: Sendable {
    private let enricher: EventEnricher
    private let project: String

    /// - Parameters:
    ///   - source: Where debug files come from.
    ///   - symbolicator: The frame rules.
    ///   - project: Decides which uploads are seen.
    public init(source: any SymbolSource, symbolicator: Symbolicator = Symbolicator(), project: String = "default") {
        enricher = EventEnricher(source: source, symbolicator: symbolicator)
        self.project = project
    }

    /// The bytes to write for a batch. Never fails: what cannot be enriched goes out as it came, and `problems` says why.
    ///
    /// Cost: one look-up for all lines of the batch together, one for each whole report; indexes that are absent are built.
    public func output(
        of batch: FilterBatch, render: (JSONDocument) -> String?
    ) async -> (bytes: [UInt8], problems: [String]) {
        var documents: [JSONDocument?] = []
        var problems: [String] = []
        for event in batch.events {
            do throws(EnrichmentError) {
                let enrichment = try await enricher.enrich(event, project: project)
                let found = enrichment.summary.images.contains { $0.status == .found }
                // A story that knows nothing more than the report would only lose its registers.
                documents.append(found ? try? JSONDocument(enrichment.document) : nil)
            } catch {
                documents.append(nil)
                problems.append(error.description)
            }
        }
        return (batch.output(documents, render: render), problems)
    }
}
