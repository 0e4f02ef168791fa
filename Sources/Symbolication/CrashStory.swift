internal import CrashEvent

/// What the event says in one line: the exception and trace that are the crash, and the reason.
///
/// A trap of optimised Swift code is a bare illegal instruction; why it trapped stands only in the name of a function
/// that the compiler inlines there, `Swift runtime failure: Index out of range`. When the innermost frame of the crash
/// has it, it becomes the exception's type and value, and what they were before is kept under
/// `contexts.symbolist.reported`.
struct CrashStory {
    /// What a runtime failure replaces: raw JSON, `nil` for a key that was not there.
    struct Reported {
        var exception: Int
        var type: ArraySlice<UInt8>?
        var value: ArraySlice<UInt8>?
        var given: Given
    }

    /// What `contexts.symbolist` said before any enrichment: a decoder writes a reason there that it found in the
    /// standard error output. Raw JSON.
    struct Given {
        var crashReason: ArraySlice<UInt8>?
        var reported: ArraySlice<UInt8>?
    }

    /// The exception that is the crash; the last one, as Sentry has it.
    let exception: EventException?
    /// Its trace, else the crashed thread's, else the event's.
    let trace: TraceResolution?
    /// TEXT of `Swift runtime failure: TEXT`.
    let runtimeFailure: String?
    /// From an earlier enrichment of this document; its exception carries Symbolist's type and value.
    let earlier: Reported?
    /// What the event came with.
    let given: Given

    private let document: JSONDocument

    init(_ resolved: ResolvedEvent) {
        let event = resolved.event
        document = event.document
        let traces = resolved.traces.filter(\.isTouched)
        func index(of trace: TraceResolution) -> Int? {
            if case .exception(let index) = trace.trace.container { index } else { nil }
        }
        let ofException = traces.filter { index(of: $0) != nil }
        let crash = ofException.last { $0.trace.isCrashed } ?? ofException.last
        let chosen = crash.flatMap { index(of: $0) }.map { event.exceptions[$0] } ?? event.exceptions.last
        exception = chosen
        if let crash {
            trace = crash
        } else {
            let threads = traces.filter { if case .thread = $0.trace.container { true } else { false } }
            let id = chosen?.threadID
            trace =
                threads.first { id != nil && $0.trace.threadID == id } ?? threads.first { $0.trace.isCrashed }
                ?? traces.first { $0.trace.container == .event } ?? traces.first
        }
        runtimeFailure = trace.flatMap { Self.runtimeFailure(of: $0, resolved.chains) }
        earlier = Self.earlier(in: event)
        given = earlier?.given ?? Self.given(in: event)
    }

    private static func runtimeFailure(of trace: TraceResolution, _ chains: ChainTable) -> String? {
        guard let last = trace.frames.last, last.role == .native else { return nil }
        if let number = last.chain {
            for entry in chains.entries[chains.chains[number].entries] where entry.function >= 0 {
                if let text = chains.functions[Int(entry.function)].runtimeFailure { return text }
            }
        }
        return trace.trace.frames.last?.runtimeFailure
    }

    private static func earlier(in event: CrashEvent) -> Reported? {
        let document = event.document
        guard let reported = document.node(at: "contexts", "symbolist", "reported"),
            let index = document.unsignedInteger("exception", of: reported).flatMap({ Int(exactly: $0) }),
            event.exceptions.indices.contains(index), event.exceptions[index].type == RuntimeFailure.exceptionType
        else { return nil }
        func raw(_ key: String) -> ArraySlice<UInt8>? {
            document.member(key, of: reported).map { document.rawBytes(of: $0) }
        }
        return Reported(
            exception: index, type: raw("type"), value: raw("value"),
            given: Given(crashReason: raw("crash_reason"), reported: raw("reported")))
    }

    private static func given(in event: CrashEvent) -> Given {
        let document = event.document
        guard let context = document.node(at: "contexts", "symbolist") else { return Given() }
        let reason = document.member("crash_reason", of: context)
        // A runtime failure is never given: only an enrichment can have written it.
        let isOwn = reason.flatMap { document.string($0) }.map { RuntimeFailure.text(inName: $0) != nil } ?? false
        return Given(
            crashReason: isOwn ? nil : reason.map { document.rawBytes(of: $0) },
            reported: document.member("reported", of: context).map { document.rawBytes(of: $0) })
    }

    /// What the crash's exception said before any enrichment.
    private var original: Reported? {
        guard let exception else { return nil }
        if let earlier, earlier.exception == exception.index { return earlier }
        func raw(_ key: String) -> ArraySlice<UInt8>? {
            document.member(key, of: exception.node).map { document.rawBytes(of: $0) }
        }
        return Reported(exception: exception.index, type: raw("type"), value: raw("value"), given: given)
    }

    /// Puts the reason into the exception, or takes an earlier one back. Returns what to keep as `reported`.
    func apply(to patch: inout EventPatch, _ event: CrashEvent) -> Reported? {
        let failing = runtimeFailure == nil ? nil : exception?.index
        if let earlier, earlier.exception != failing {
            let node = event.exceptions[earlier.exception].node
            for (key, bytes) in [("type", earlier.type), ("value", earlier.value)] {
                if let bytes { patch.set(node, key: key, to: Array(bytes)) } else { patch.remove(node, key: key) }
            }
        }
        guard let runtimeFailure, let exception, let original else { return nil }
        let type = JSONWriter.string(RuntimeFailure.exceptionType)
        let value = JSONWriter.string(runtimeFailure)
        guard original.type.map(Array.init) != type || original.value.map(Array.init) != value else { return nil }
        patch.set(exception.node, key: "type", to: type)
        patch.set(exception.node, key: "value", to: value)
        return original
    }

    // MARK: - One line

    /// `Swift runtime failure: …`, or `Fatal error: …` out of the exception's message.
    var reason: String? {
        fullReason.map { Self.cut($0, bytes: 1024) }
    }

    private var fullReason: String? {
        if let runtimeFailure { return RuntimeFailure.exceptionType + ": " + Self.firstLine(runtimeFailure) }
        if let reason = given.crashReason.flatMap(text) { return Self.firstLine(reason) }
        guard let original else { return nil }
        let type = original.type.flatMap(text)
        guard let value = original.value.flatMap(text) else { return nil }
        let marker = "Fatal error: "
        for line in value.split(whereSeparator: \.isNewline) {
            if let start = line.firstRange(of: marker) { return String(line[start.lowerBound...]) }
        }
        return type == "Fatal error" ? marker + Self.firstLine(value) : nil
    }

    /// The reason, else the exception, else the message, else the function.
    func title(reason: String?, culprit: String?) -> String {
        let text: String
        if let reason {
            text = reason
        } else if let original, (original.type ?? original.value) != nil {
            let parts = [original.type, original.value].map { $0.flatMap(self.text).map(Self.firstLine) ?? "" }
            text = parts.filter { !$0.isEmpty }.joined(separator: ": ")
        } else {
            let message =
                document.node(at: "logentry", "formatted") ?? document.node(at: "logentry", "message")
                ?? document.node(at: "message")
            text = message.flatMap { document.string($0) }.map(Self.firstLine) ?? ""
        }
        return Self.cut(text.isEmpty ? culprit ?? "<unknown>" : text, bytes: 256)
    }

    /// The innermost in-app function of the crash.
    func culprit(_ resolved: ResolvedEvent, _ writer: FrameGroupWriter) -> String? {
        guard let trace else { return nil }
        for position in trace.frames.indices.reversed() {
            let resolution = trace.frames[position]
            let role = resolution.role
            guard role.isLookedUp || role == .known || role == .named else { continue }
            let frame = trace.trace.frames[position]
            guard let number = resolution.chain else {
                if let name = frame.function, writer.isInApp(frame, resolution) {
                    return Self.cut(name, bytes: 1024)
                }
                continue
            }
            let isDenied = frame.inApp == false
            for entry in resolved.chains.entries[resolved.chains.chains[number].entries]
            where entry.function >= 0 && entry.isInApp && (entry.isFirm || !isDenied) {
                return Self.cut(resolved.chains.functions[Int(entry.function)].name, bytes: 1024)
            }
        }
        return nil
    }

    private func text(_ raw: ArraySlice<UInt8>) -> String? {
        guard let document = try? JSONDocument(Array(raw)) else { return nil }
        return document.text(document.root)
    }

    private static func firstLine(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }

    private static func cut(_ text: String, bytes limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var end = 0
        for character in text {
            guard end + character.utf8.count <= limit - 3 else { break }
            end += character.utf8.count
        }
        return String(decoding: text.utf8.prefix(end), as: UTF8.self) + "…"
    }
}
