/// One of the event's exceptions: for a native crash, the signal.
public struct EventException: Sendable {
    /// The position among the exceptions, 0-based.
    public let index: Int
    /// The exception object.
    public let node: JSONNode
    let document: JSONDocument

    init(index: Int, node: JSONNode, document: JSONDocument) {
        self.index = index
        self.node = node
        self.document = document
    }

    /// `SIGSEGV`, a class's name, …
    public var type: String? { document.string("type", of: node) }

    /// The message.
    public var value: String? { document.string("value", of: node) }

    /// The id of the thread it happened on, a number or string as it stands.
    public var threadID: String? { document.member("thread_id", of: node).flatMap { document.text($0) } }

    /// What caught it; an object.
    public var mechanism: JSONNode? { document.object("mechanism", of: node) }

    /// True when the type says nothing about the cause and must not be shown as a title.
    public var isSynthetic: Bool { mechanism.flatMap { document.bool("synthetic", of: $0) } ?? false }

    /// False for a crash.
    public var isHandled: Bool? { mechanism.flatMap { document.bool("handled", of: $0) } }

    /// The signal's number on the system that crashed.
    public var signalNumber: Int64? {
        guard let mechanism, let node = document.node(at: "meta", "signal", "number", from: mechanism) else {
            return nil
        }
        return document.integer(node)
    }
}

/// One of the event's threads.
public struct EventThread: Sendable {
    /// The position among the threads, 0-based.
    public let index: Int
    /// The thread object.
    public let node: JSONNode
    let document: JSONDocument

    init(index: Int, node: JSONNode, document: JSONDocument) {
        self.index = index
        self.node = node
        self.document = document
    }

    /// The id, a number or string as it stands.
    public var id: String? { document.member("id", of: node).flatMap { document.text($0) } }

    /// The name.
    public var name: String? { document.string("name", of: node) }

    /// Whether it is the thread that crashed; `nil` when not said.
    public var isCrashed: Bool? { document.bool("crashed", of: node) }

    /// Whether it was running when the event was made; `nil` when not said.
    public var isCurrent: Bool? { document.bool("current", of: node) }
}
