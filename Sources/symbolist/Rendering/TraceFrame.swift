import CrashEvent

/// One entry of an enriched stack trace, read from the event for people.
struct TraceFrame {
    let function: String?
    let path: String?
    let line: UInt64?
    let column: UInt64?
    /// `instruction_addr` as it came: a string's text, any other value's JSON. `nil` when missing or `null`.
    let address: String?
    /// Why `status` is `malformed` or `unknown_image`, where the frame itself is at fault.
    let reason: String?
    let package: String?
    let status: String?
    let isInApp: Bool
    let isInlined: Bool
    let isCompilerGenerated: Bool
    let kind: String?
    let count: UInt64?
    let runtimeFailure: String?
    let sourceMark: String?
    let before: [String]
    let source: String?
    /// Where the column is in `source`, in bytes, 1-based; `nil` when it is not known to be in there.
    let sourceColumn: UInt64?
    let after: [String]

    init(_ node: JSONNode, in document: JSONDocument) {
        function = document.string("function", of: node)
        path = document.string("abs_path", of: node) ?? document.string("filename", of: node)
        line = document.unsignedInteger("lineno", of: node)
        let column = document.unsignedInteger("colno", of: node)
        self.column = column
        address = Self.address(of: node, in: document)
        package = document.string("package", of: node)
        isInApp = document.bool("in_app", of: node) ?? false
        before = Self.lines("pre_context", of: node, in: document)
        let source = document.string("context_line", of: node)
        self.source = source
        after = Self.lines("post_context", of: node, in: document)
        let data = document.object("data", of: node)
        let isObject = document.kind(of: node) == .object
        status = isObject ? data.flatMap { document.string("symbolicator_status", of: $0) } : "malformed"
        let own = data.flatMap { document.object("symbolist", of: $0) }
        isInlined = own.flatMap { document.bool("inlined", of: $0) } ?? false
        isCompilerGenerated = own.flatMap { document.bool("compiler_generated", of: $0) } ?? false
        kind = own.flatMap { document.string("kind", of: $0) }
        count = own.flatMap { document.unsignedInteger("count", of: $0) }
        runtimeFailure = own.flatMap { document.string("runtime_failure", of: $0) }
        reason = isObject ? own.flatMap { document.string("reason", of: $0) } : "the frame is no object"
        let cutColumn = own.flatMap { document.unsignedInteger("context_column", of: $0) }
        // Without Symbolist's word a line that lacks its beginning has no place for a column of the file.
        sourceColumn = cutColumn ?? (source?.hasPrefix("{snip} ") == true ? nil : column)
        sourceMark = own.flatMap { document.string("source", of: $0) }
    }

    private static func address(of node: JSONNode, in document: JSONDocument) -> String? {
        guard let member = document.member("instruction_addr", of: node), document.kind(of: member) != .null else {
            return nil
        }
        if let text = document.text(member), !text.isEmpty { return text }
        return String(decoding: document.rawBytes(of: member).prefix(80), as: UTF8.self)
    }

    private static func lines(_ key: String, of node: JSONNode, in document: JSONDocument) -> [String] {
        guard let array = document.array(key, of: node) else { return [] }
        return document.elements(of: array).map { document.string($0) ?? "" }
    }

    /// `Basket.swift:23:15`; with the folder that it lies in when `path` has one.
    var place: String? {
        guard let path else { return nil }
        var text = path
        if let line {
            text += ":\(line)"
            if let column { text += ":\(column)" }
        }
        return text
    }
}

extension JSONDocument {
    /// The traces of an event for people: the exceptions' first, then those of the threads, then the event's own.
    func traces() -> [Trace] {
        var traces: [Trace] = []
        let threads = list("threads")
        for exception in list("exception") {
            let id = member("thread_id", of: exception).flatMap { text($0) }
            let thread = id.flatMap { id in threads.first { member("id", of: $0).flatMap { text($0) } == id } }
            // A thread that is listed says itself whether it crashed; of one that is not, the exception says it.
            let isCrashed = thread.map { bool("crashed", of: $0) ?? false } ?? (id != nil)
            traces.append(
                Trace(
                    thread: id, name: thread.flatMap { string("name", of: $0) }, isCrashed: isCrashed, isMain: true,
                    frames: frames(of: exception)))
        }
        for thread in threads where object("stacktrace", of: thread) != nil {
            let isCrashed = bool("crashed", of: thread) ?? false
            let trace = Trace(
                thread: member("id", of: thread).flatMap { text($0) }, name: string("name", of: thread),
                isCrashed: isCrashed, isMain: isCrashed, frames: frames(of: thread))
            // The exception's own trace once more.
            if !traces.contains(where: { $0.thread == trace.thread && $0.shows(sameAs: trace) }) {
                traces.append(trace)
            }
        }
        let own = Trace(
            thread: nil, name: nil, isCrashed: false, isMain: traces.allSatisfy { $0.frames.isEmpty },
            frames: frames(of: root))
        if !traces.contains(where: { $0.shows(sameAs: own) }) { traces.append(own) }
        return traces.filter { !$0.frames.isEmpty }
    }

    /// `exception` and `threads` are written as `{"values": […]}`, as an array, or as one object.
    func list(_ key: String) -> [JSONNode] {
        guard let node = member(key, of: root) else { return [] }
        switch kind(of: node) {
        case .array: return Array(elements(of: node))
        case .object:
            if let values = array("values", of: node) { return Array(elements(of: values)) }
            return [node]
        default: return []
        }
    }

    private func frames(of container: JSONNode) -> [TraceFrame] {
        guard let trace = object("stacktrace", of: container), let frames = array("frames", of: trace) else {
            return []
        }
        return elements(of: frames).map { TraceFrame($0, in: self) }
    }
}

/// A stack trace and whose it is; frames oldest first, as in the event.
struct Trace {
    let thread: String?
    let name: String?
    let isCrashed: Bool
    /// Whether it is what the event is about: its frames are shown with their source.
    let isMain: Bool
    let frames: [TraceFrame]

    /// Whether `other` has the same frames, as far as they are shown.
    func shows(sameAs other: Trace) -> Bool {
        frames.count == other.frames.count
            && zip(frames, other.frames).allSatisfy {
                $0.address == $1.address && $0.function == $1.function && $0.place == $1.place && $0.kind == $1.kind
                    && $0.count == $1.count && $0.status == $1.status && $0.reason == $1.reason
            }
    }
}
