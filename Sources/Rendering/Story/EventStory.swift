public import CrashEvent

/// An enriched event as what people want to know of it, in the order that they want it. What ``EventText``,
/// ``EventHTML`` and ``EventMarkdown`` show is read here, once, and in bounded space.
///
///     reason, culprit, what was reported, facts
///     stacks     the crash's first, then those of the report and of further exceptions
///     others     the other threads, those that look the same together
///     images     that lacked debug information, the program's own first
public struct EventStory: Sendable {
    /// The crash's reason: lines, the first of which is the title. Never empty. Not made visible.
    public internal(set) var reason: [String] = []
    /// The innermost function of the program in the crash.
    public internal(set) var culprit: String?
    /// What stood in the exception before the reason was found.
    public internal(set) var reported: String?
    /// `signal SIGSEGV (11)`, `fault address 0x10`: what the lines above do not say already.
    public internal(set) var signal: String?
    /// Release, environment, host, time, architecture; those that the event has.
    public internal(set) var facts: [(name: String, value: String)] = []
    /// More of them, for a page with room.
    public internal(set) var furtherFacts: [(name: String, value: String)] = []
    /// `complete` or `partial`; `nil` for an event that was not enriched.
    public internal(set) var status: String?
    /// Limits that the enrichment reached, and what this reading left out.
    public internal(set) var limits: [String] = []
    /// The crash's stack, those of the report, further exceptions'.
    public internal(set) var stacks: [Stack] = []
    /// The other threads.
    public internal(set) var others: [ThreadGroup] = []
    /// Images that lack something, the program's own first.
    public internal(set) var images: [EventImageStory] = []
    /// Images that lack nothing, as many as fit into the limit.
    public internal(set) var completeImages: [EventImageStory] = []
    /// How many images there are.
    public internal(set) var imageCount = 0
    /// The end of what the process wrote to standard error.
    public internal(set) var standardError: String?

    /// Threads that look the same.
    public struct ThreadGroup: Sendable {
        /// The first of them.
        public var stack: Stack
        /// Id and name of all.
        public var threads: [(id: String?, name: String?)]
    }

    /// Reads an event. Time in proportion to the document; memory to the limits.
    public init(_ document: JSONDocument, limits: StoryLimits = StoryLimits()) {
        var reader = StackReader(document, limits: limits)
        let all = reader.read()
        stacks = all.filter { $0.role != .other }
        others = Self.groups(all.filter { $0.role == .other })
        self.limits = reader.notes
        EventFacts(document, crash: reader.crash).fill(&self)
        readImages(document, limit: limits.images)
        if reason.isEmpty { reason = [fallbackReason] }
    }

    private var fallbackReason: String {
        if let function = stacks.first?.frames.first(where: \.isInApp)?.function { return function }
        return stacks.isEmpty ? "An event without exception, message or stack" : "A stack trace without a reason"
    }

    private static func groups(_ stacks: [Stack]) -> [ThreadGroup] {
        var groups: [ThreadGroup] = []
        var positions: [Int: Int] = [:]
        for stack in stacks {
            var hasher = Hasher()
            for frame in stack.frames { hasher.combine(frame.signature) }
            for below in stack.ranOn { for frame in below.frames { hasher.combine(frame.signature) } }
            let key = hasher.finalize()
            if let position = positions[key] {
                groups[position].threads.append((stack.thread, stack.name))
            } else {
                positions[key] = groups.count
                groups.append(ThreadGroup(stack: stack, threads: [(stack.thread, stack.name)]))
            }
        }
        return groups
    }

    private mutating func readImages(_ document: JSONDocument, limit: Int) {
        guard let list = document.node(at: "debug_meta", "images"), document.kind(of: list) == .array else { return }
        var own: [EventImageStory] = []
        var system: [EventImageStory] = []
        var left = 0
        for node in document.elements(of: list) {
            imageCount += 1
            guard let image = EventImageStory(node, in: document) else { continue }
            if image.isComplete {
                if completeImages.count < limit { completeImages.append(image) }
                continue
            }
            guard own.count + system.count < limit else {
                left += 1
                continue
            }
            if image.isSystem { system.append(image) } else { own.append(image) }
        }
        images = own + system
        if left > 0 { limits.append("\(left) more images without debug information are not listed") }
    }

    /// Words for one `symbolist upload` that would complete the program's own images, and for one that would complete
    /// the system's.
    var uploads: [(isSystem: Bool, command: String)] {
        [false, true].compactMap { isSystem in
            var seen: Set<String> = []
            let words = images.filter { $0.isSystem == isSystem && $0.candidates.isEmpty }.compactMap(\.uploadWord)
                .filter { seen.insert($0).inserted }
            guard !words.isEmpty else { return nil }
            let more = words.count > 40 ? " …" : ""
            return (isSystem, "symbolist upload " + words.prefix(40).joined(separator: " ") + more)
        }
    }
}
