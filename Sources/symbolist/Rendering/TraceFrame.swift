import CrashEvent

/// One entry of an enriched stack trace, read from the event for people.
struct TraceFrame {
    let function: String?
    let path: String?
    let line: UInt64?
    let column: UInt64?
    let address: String?
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
    let after: [String]

    init(_ node: JSONNode, in document: JSONDocument) {
        function = document.string("function", of: node)
        path = document.string("abs_path", of: node) ?? document.string("filename", of: node)
        line = document.unsignedInteger("lineno", of: node)
        column = document.unsignedInteger("colno", of: node)
        address = document.member("instruction_addr", of: node).flatMap { document.text($0) }
        package = document.string("package", of: node)
        isInApp = document.bool("in_app", of: node) ?? false
        before = Self.lines("pre_context", of: node, in: document)
        source = document.string("context_line", of: node)
        after = Self.lines("post_context", of: node, in: document)
        let data = document.object("data", of: node)
        status = data.flatMap { document.string("symbolicator_status", of: $0) }
        let own = data.flatMap { document.object("symbolist", of: $0) }
        isInlined = own.flatMap { document.bool("inlined", of: $0) } ?? false
        isCompilerGenerated = own.flatMap { document.bool("compiler_generated", of: $0) } ?? false
        kind = own.flatMap { document.string("kind", of: $0) }
        count = own.flatMap { document.unsignedInteger("count", of: $0) }
        runtimeFailure = own.flatMap { document.string("runtime_failure", of: $0) }
        sourceMark = own.flatMap { document.string("source", of: $0) }
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
            traces.append(
                Trace(
                    thread: id, name: thread.flatMap { string("name", of: $0) }, isCrashed: true,
                    frames: frames(of: exception)))
        }
        for thread in threads where object("stacktrace", of: thread) != nil {
            traces.append(
                Trace(
                    thread: member("id", of: thread).flatMap { text($0) }, name: string("name", of: thread),
                    isCrashed: bool("crashed", of: thread) ?? false, frames: frames(of: thread)))
        }
        let own = frames(of: root)
        if !own.isEmpty { traces.append(Trace(thread: nil, name: nil, isCrashed: traces.isEmpty, frames: own)) }
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
    let frames: [TraceFrame]
}
