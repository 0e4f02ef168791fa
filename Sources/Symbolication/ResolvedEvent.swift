public import CrashEvent
internal import SymbolIndex

/// An event whose frames have been looked up and whose source texts are still wanted.
public struct ResolvedEvent: Sendable {
    let event: CrashEvent
    /// The crash first.
    let traces: [TraceResolution]
    let chains: ChainTable
    let answers: [Int: ImageAnswer]
    /// Images whose index contradicted itself, with the reason.
    let damaged: [Int: String]
    let limits: SymbolicationLimits
    let rules: InAppRules

    /// The source files that frames with a line lie in, without duplicates, those of the crash first.
    public let sourcesWanted: [SourceRequest]

    init(
        event: CrashEvent, traces: [TraceResolution], chains: ChainTable, answers: [Int: ImageAnswer],
        damaged: [Int: String], limits: SymbolicationLimits, rules: InAppRules
    ) {
        self.event = event
        self.traces = traces
        self.chains = chains
        self.answers = answers
        self.damaged = damaged
        self.limits = limits
        self.rules = rules
        // Chains were made in the order in which frames were looked up: the crash first.
        var seen = [Bool](repeating: false, count: chains.files.count)
        var wanted: [SourceRequest] = []
        for entry in chains.entries where entry.file >= 0 && entry.line > 0 && !seen[Int(entry.file)] {
            seen[Int(entry.file)] = true
            let file = chains.files[Int(entry.file)]
            guard !file.isCompilerGenerated else { continue }
            wanted.append(SourceRequest(imageIndex: file.image, path: file.path))
        }
        sourcesWanted = wanted
    }

    /// The enriched event. A wanted source without a text leaves its frames without context.
    ///
    /// - Throws: `EventPatchError` never for a document that `CrashEvent` has read, whatever it holds; the patch's own
    ///   checks are passed on instead of being trusted silently.
    public func patch(sources: [SourceRequest: SourceText] = [:]) throws(EventPatchError) -> EnrichedEvent {
        var enrichment = EventEnrichment(self, sources: sources)
        return try enrichment.run()
    }
}
