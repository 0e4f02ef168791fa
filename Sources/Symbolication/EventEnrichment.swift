internal import CrashEvent
internal import SymbolIndex

/// Puts the answers into the document: traces, images, the exception's reason, `contexts.symbolist`.
struct EventEnrichment {
    private let resolved: ResolvedEvent
    private let writer: FrameGroupWriter
    private var contexts: SourceContexts
    private let sources: [SourceRequest: SourceText]
    private var patch: EventPatch
    private var counts = SymbolicationSummary.Counts()
    /// A frame whose line is known but not its function.
    private var isFunctionMissing = false
    private var bytesLeft: Int
    private var limits: [String] = []

    init(_ resolved: ResolvedEvent, sources: [SourceRequest: SourceText]) {
        self.resolved = resolved
        self.sources = sources
        writer = FrameGroupWriter(resolved)
        contexts = SourceContexts(sources, limit: resolved.limits.contextBytes)
        patch = EventPatch(resolved.event.document)
        bytesLeft = resolved.limits.addedBytes
    }

    private var event: CrashEvent { resolved.event }
    private var document: JSONDocument { event.document }

    mutating func run() throws(EventPatchError) -> EnrichedEvent {
        for trace in resolved.traces {
            countCopied(trace)
            if trace.isTouched { enrich(trace) }
        }
        let story = CrashStory(resolved)
        let outcomes = annotateImages()
        let awaited = AwaitedIDs.collect(resolved, outcomes: outcomes, sources: sources)
        noteLimits()
        let isComplete =
            counts.symbolicated == counts.native && !isFunctionMissing && outcomes.allSatisfy { $0.status == .found }
            && !awaited.contains { $0.lacks != .sources } && limits.isEmpty
        let reason = story.reason
        let culprit = story.culprit(resolved, writer)
        var summary = SymbolicationSummary(
            status: isComplete ? .complete : .partial, title: story.title(reason: reason, culprit: culprit),
            culprit: culprit, crashReason: reason, awaited: awaited, images: outcomes, counts: counts, limits: limits)
        if resolved.hasIncompleteImage { summary.status = .partial }
        if contextCanBeWritten {
            let reported = story.apply(to: &patch, event)
            writeContext(summary, story, reported: reported)
        }
        return EnrichedEvent(document: try patch.apply(), summary: summary)
    }

    // MARK: - Traces

    private mutating func enrich(_ resolution: TraceResolution) {
        let trace = resolution.trace
        // In the order of interest, so that limits take the rest; put in the document's order behind.
        var pieces: [UInt8] = []
        var ranges = [Range<Int>](repeating: 0..<0, count: resolution.frames.count)
        for position in Self.orderOfInterest(count: resolution.frames.count) {
            let start = pieces.count
            append(trace.frames[position], resolution.frames[position], to: &pieces)
            ranges[position] = start..<pieces.count
        }
        let whole = document.range(of: trace.tracesNode)
        let frames = document.range(of: trace.frames.node)
        var result: [UInt8] = []
        result.reserveCapacity(whole.count + pieces.count + ranges.count)
        result.append(contentsOf: document.bytes[whole.lowerBound..<frames.lowerBound])
        result.append(UInt8(ascii: "["))
        for (position, range) in ranges.enumerated() {
            if position > 0 { result.append(UInt8(ascii: ",")) }
            result.append(contentsOf: pieces[range])
        }
        result.append(UInt8(ascii: "]"))
        result.append(contentsOf: document.bytes[frames.upperBound..<whole.upperBound])
        if !trace.isFromRaw {
            patch.set(trace.containerNode, key: "raw_stacktrace", to: Array(document.bytes[whole]))
        }
        patch.set(trace.containerNode, key: "stacktrace", to: result)
    }

    /// Positions from the innermost frame out, but the outermost 128 before the middle: where an endless recursion
    /// starts says more than its ten-thousandth round.
    static func orderOfInterest(count: Int) -> [Int] {
        let ends = 128
        guard count > 2 * ends else { return (0..<count).reversed() }
        return (count - ends..<count).reversed() + (0..<ends).reversed() + (ends..<count - ends).reversed()
    }

    private mutating func append(_ frame: EventFrame, _ resolution: FrameResolution, to pieces: inout [UInt8]) {
        guard resolution.role.isLookedUp else {
            let named = resolution.role == .named ? writer.named(frame, resolution) : []
            if !named.isEmpty, named.count <= bytesLeft {
                bytesLeft -= named.count
                pieces.append(contentsOf: named)
            } else {
                pieces.append(contentsOf: document.rawBytes(of: frame.node))
            }
            return
        }
        counts.native += 1
        let group: [UInt8]
        if resolution.isLeftByLimit || bytesLeft <= 0 {
            group = []
        } else if let number = resolution.chain {
            group = writer.entries(
                of: frame, resolution, chain: resolved.chains.chains[number], contexts: &contexts)
        } else {
            group = writer.unresolved(frame, resolution)
        }
        guard !group.isEmpty, group.count <= bytesLeft else {
            if !resolution.isLeftByLimit { bytesLeft = 0 }
            counts.leftByLimits += 1
            pieces.append(contentsOf: document.rawBytes(of: frame.node))
            return
        }
        bytesLeft -= group.count
        pieces.append(contentsOf: group)
        count(resolution)
    }

    /// What is copied as it came can still be a reason to call the event incomplete.
    private mutating func countCopied(_ trace: TraceResolution) {
        for (position, frame) in trace.frames.enumerated() {
            switch frame.role {
            case .unreadable:
                counts.native += 1
                counts.malformed += 1
            case .known:
                if trace.trace.frames[position].function == nil { isFunctionMissing = true }
            case .untouched, .named, .native, .symbolic, .withoutAddress: break
            }
        }
    }

    private mutating func count(_ resolution: FrameResolution) {
        switch resolution.status {
        case .symbolicated: counts.symbolicated += 1
        case .missingSymbol: counts.missingSymbol += 1
        case .unknownImage: counts.unknownImage += 1
        case .missing: counts.missing += 1
        case .malformed: counts.malformed += 1
        }
        guard let chain = resolution.chain else { return }
        let entries = resolved.chains.chains[chain].entries
        counts.inlined += entries.count - 1
        if entries.contains(where: { resolved.chains.entries[$0].function < 0 }) { isFunctionMissing = true }
    }

    // MARK: - Images

    private mutating func annotateImages() -> [SymbolicationSummary.ImageOutcome] {
        var used = Set<Int>()
        for trace in resolved.traces {
            for frame in trace.frames { if let image = frame.image { used.insert(image) } }
        }
        var outcomes: [SymbolicationSummary.ImageOutcome] = []
        for image in event.images {
            var annotation = ImagePatch.Annotation(status: .unused)
            if used.contains(image.index) {
                annotation = self.annotation(of: image.index)
                outcomes.append(
                    .init(imageIndex: image.index, status: annotation.status, reason: annotation.reason))
            }
            if image.index < resolved.limits.annotatedImages {
                ImagePatch.apply(annotation, to: image, in: &patch)
            }
        }
        return outcomes
    }

    private func annotation(of image: Int) -> ImagePatch.Annotation {
        switch resolved.answers[image] {
        case .found(let index, let features, let matchedByName):
            if let reason = resolved.damaged[image] {
                return .init(status: .malformed, reason: Self.cut("symbol index: \(reason)"), features: features)
            }
            let name = (try? index.metadata())?.architecture
            return .init(
                status: .found, features: features, architecture: name?.isEmpty == false ? name : nil,
                isMatchedByName: matchedByName)
        case .failed(let status, let reason, let candidates):
            return .init(status: status, reason: Self.cut(reason), candidates: candidates)
        case nil:
            return .init(status: .other, reason: "not looked for")
        }
    }

    /// Reasons are sentences; what is longer than 1024 bytes is a mistake or an attack.
    private static func cut(_ reason: String) -> String {
        reason.utf8.count <= 1024 ? reason : String(decoding: reason.utf8.prefix(1021), as: UTF8.self)
    }

    // MARK: - Event

    private mutating func noteLimits() {
        if counts.leftByLimits > 0 {
            let name =
                resolved.chains.limitReached
                ? "\(resolved.limits.chainEntries) entries of inline chains"
                : "\(resolved.limits.addedBytes) bytes of frames"
            limits.append("\(name): \(counts.leftByLimits) frames left as they came")
        }
        if contexts.limitReached {
            limits.append("\(resolved.limits.contextBytes) bytes of source context: further frames have none")
        }
        if event.images.count > resolved.limits.annotatedImages {
            limits.append("\(resolved.limits.annotatedImages) images: those behind have no status")
        }
    }

    /// False only for an event whose `contexts` is no object: there is no place for the context then, nor for what an
    /// exception said before, so that is left alone too.
    private var contextCanBeWritten: Bool {
        guard let contexts = document.member("contexts", of: document.root) else { return true }
        return [.object, .null].contains(document.kind(of: contexts))
    }

    private mutating func writeContext(
        _ summary: SymbolicationSummary, _ story: CrashStory, reported: CrashStory.Reported?
    ) {
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        let own: Set<String> = ["type", "version", "status", "crash_reason", "culprit", "reported", "limits"]
        if let earlier = document.node(at: "contexts", "symbolist") {
            for (key, value) in document.members(of: earlier) {
                if let name = document.string(key), own.contains(name) { continue }
                writer.raw(document.bytes[document.range(of: key).lowerBound..<document.range(of: value).upperBound])
            }
        }
        writer.member("type", "symbolist")
        writer.member("version", 1)
        writer.member("status", summary.status.rawValue)
        // A given reason gives way only where it can be kept.
        if story.runtimeFailure != nil, reported != nil || story.given.crashReason == nil {
            writer.member("crash_reason", ifPresent: summary.crashReason)
        } else if let given = story.given.crashReason {
            writer.member("crash_reason", raw: given)
        }
        writer.member("culprit", ifPresent: summary.culprit)
        if let reported {
            writer.key("reported")
            writer.beginObject()
            writer.member("exception", reported.exception)
            if let type = reported.type { writer.member("type", raw: type) }
            if let value = reported.value { writer.member("value", raw: value) }
            if let reason = reported.given.crashReason { writer.member("crash_reason", raw: reason) }
            if let given = reported.given.reported { writer.member("reported", raw: given) }
            writer.endObject()
        } else if let given = story.given.reported {
            writer.member("reported", raw: given)
        }
        if !summary.limits.isEmpty {
            writer.key("limits")
            writer.beginArray()
            for limit in summary.limits { writer.string(limit) }
            writer.endArray()
        }
        writer.endObject()
        patch.set(document.root, path: ["contexts", "symbolist"], to: writer.bytes)
    }
}
