import CrashEvent

/// A `ReportContext` as changes to an event: fills what the event lacks, and changes nothing that it says.
///
/// The one exception is the crash reason: where the exception is a bare signal (synthetic, or without a value) and
/// standard error says why, the reason becomes its value, and what stood there is kept under
/// `contexts.symbolist.reported`.
struct ContextMerge {
    let event: CrashEvent
    var patch: EventPatch
    private(set) var notes: [String] = []

    var document: JSONDocument { event.document }

    init(_ event: CrashEvent) {
        self.event = event
        patch = EventPatch(event.document)
    }

    /// Adds all of `context`.
    mutating func add(_ context: ReportContext) {
        fill("release", with: context.release)
        fill("environment", with: context.environment)
        fill("server_name", with: context.serverName)
        fill("dist", with: context.distribution)
        addTags(context.tags)
        addUser(context.user)
        for (key, value) in context.extra.sorted(by: { $0.key < $1.key }) { fill(path: ["extra", key], with: value) }
        add(context.images)
        guard let stderr = context.stderr, !stderr.isEmpty else { return }
        fill(path: ["extra", "stderr"], with: JSONWriter.string(StandardError.tail(stderr)))
        if let reason = StandardError.reason(in: stderr) { setReason(reason) }
    }

    /// Sets a key of the event unless it has a value there; `null` and `""` count as none.
    mutating func fill(_ key: String, with text: String?) {
        guard let text, !text.isEmpty, isLacking(document.member(key, of: document.root)) else { return }
        patch.set(document.root, key: key, to: JSONWriter.string(text))
    }

    private func isLacking(_ node: JSONNode?) -> Bool {
        guard let node else { return true }
        return document.kind(of: node) == .null || document.string(node)?.isEmpty == true
    }

    /// Sets the key at the end of a path unless it has a value there, or something else than an object is in the way.
    mutating func fill(path: [String], with value: [UInt8]) {
        guard let key = path.last else { return }
        guard patch.canSet(document.root, path: path) else {
            notes.append("'\(path.dropLast().joined(separator: "."))' is no object, '\(key)' was not added to it")
            return
        }
        var node: JSONNode? = document.root
        for key in path { node = node.flatMap { document.member(key, of: $0) } }
        if isLacking(node) { patch.set(document.root, path: path, to: value) }
    }

    // MARK: - Tags and user

    /// Tags are an object, or a list of pairs `[key, value]`.
    private mutating func addTags(_ tags: [String: String]) {
        let sorted = tags.sorted { $0.key < $1.key }
        guard let list = document.array("tags", of: document.root) else {
            for (key, value) in sorted { fill(path: ["tags", key], with: JSONWriter.string(value)) }
            return
        }
        var present: Set<String> = []
        for pair in document.elements(of: list) {
            let key = Array(document.elements(of: pair).prefix(1)).first ?? document.member("key", of: pair)
            if let key = key.flatMap({ document.text($0) }) { present.insert(key) }
        }
        for (key, value) in sorted where !present.contains(key) {
            var pair = JSONWriter()
            pair.beginArray()
            pair.string(key)
            pair.string(value)
            pair.endArray()
            patch.append(pair.bytes, to: list)
        }
    }

    private mutating func addUser(_ user: [UInt8]?) {
        guard let user, let source = try? JSONDocument(user), source.kind(of: source.root) == .object else { return }
        if isLacking(document.member("user", of: document.root)) {
            patch.set(document.root, key: "user", to: user)
            return
        }
        for (key, value) in source.members(of: source.root) {
            guard let key = source.string(key) else { continue }
            fill(path: ["user", key], with: Array(source.rawBytes(of: value)))
        }
    }

    // MARK: - Reason

    private mutating func setReason(_ reason: String) {
        guard document.node(at: "contexts", "symbolist", "crash_reason") == nil else { return }
        // The list is oldest first: the last exception is the one that ended the process.
        let exception = event.exceptions.last
        let value = exception.flatMap { document.member("value", of: $0.node) }
        if let exception, !exception.isSynthetic, !isLacking(value) { return }
        fill(path: ["contexts", "symbolist", "type"], with: JSONWriter.string("symbolist"))
        fill(path: ["contexts", "symbolist", "version"], with: Array("1".utf8))
        fill(path: ["contexts", "symbolist", "crash_reason"], with: JSONWriter.string(reason))
        guard let exception else { return }
        var reported = JSONWriter()
        reported.beginObject()
        for key in ["type", "value"] {
            guard let node = document.member(key, of: exception.node) else { continue }
            reported.member(key, raw: document.rawBytes(of: node))
        }
        reported.endObject()
        fill(path: ["contexts", "symbolist", "reported"], with: reported.bytes)
        patch.set(exception.node, key: "value", to: JSONWriter.string(reason))
    }
}
