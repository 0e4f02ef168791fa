/// One stack trace and where it stands.
///
/// A container that was enriched before keeps the trace as it came under `raw_stacktrace`. That one is then the source,
/// so that enriching again starts from the same frames and ends in the same bytes.
public struct EventStackTrace: Sendable {
    /// What a stack trace belongs to; the number is a position, 0-based.
    public enum Container: Hashable, Sendable {
        /// The exception at this position in `CrashEvent.exceptions`.
        case exception(Int)
        /// The thread at this position in `CrashEvent.threads`.
        case thread(Int)
        /// The event's own, at the top level.
        case event
    }

    /// What the trace belongs to.
    public let container: Container
    /// The object that has `stacktrace` and `raw_stacktrace` as keys.
    public let containerNode: JSONNode
    /// The object with the frames to work from: `raw_stacktrace` where there is one, else `stacktrace`.
    public let tracesNode: JSONNode
    /// True when `tracesNode` is `raw_stacktrace`.
    public let isFromRaw: Bool
    /// The exception's `thread_id`, or the thread's `id`.
    public let threadID: String?
    /// The name of that thread.
    public let threadName: String?
    /// True for the trace of a crash: a thread that says so, an exception unless its thread says that another one
    /// crashed.
    public let isCrashed: Bool
    /// The frames in the document's order: oldest first, the crashing one last.
    public let frames: EventFrames
    private let context: EventContext

    /// The processor's registers by name, as far as they are readable numbers.
    public var registers: [String: UInt64] {
        let document = context.document
        guard let registers = document.object("registers", of: tracesNode) else { return [:] }
        var result: [String: UInt64] = [:]
        for (key, value) in document.members(of: registers) {
            if let name = document.string(key) { result[name] = document.unsignedInteger(value) }
        }
        return result
    }

    /// `auto`, `none`, `all`, `all_but_first`: which addresses the client has not adjusted yet.
    public var instructionAddressAdjustment: String? {
        context.document.string("instruction_addr_adjustment", of: tracesNode)
    }

    private init?(
        container: Container, node: JSONNode, threadID: String?, threadName: String?, isCrashed: Bool,
        context: EventContext
    ) {
        let document = context.document
        func trace(_ key: String) -> (node: JSONNode, frames: JSONNode)? {
            guard let trace = document.object(key, of: node), let frames = document.array("frames", of: trace) else {
                return nil
            }
            return (trace, frames)
        }
        let raw = trace("raw_stacktrace")
        guard let source = raw ?? trace("stacktrace") else { return nil }
        self.container = container
        containerNode = node
        tracesNode = source.node
        isFromRaw = raw != nil
        self.threadID = threadID
        self.threadName = threadName
        self.isCrashed = isCrashed
        frames = EventFrames(nodes: Array(document.elements(of: source.frames)), node: source.frames, context: context)
        self.context = context
    }

    static func all(exceptions: [EventException], threads: [EventThread], context: EventContext) -> [EventStackTrace] {
        var byID: [String: EventThread] = [:]
        for thread in threads {
            guard let id = thread.id, byID[id] == nil else { continue }
            byID[id] = thread
        }
        var result: [EventStackTrace] = []
        for exception in exceptions {
            let id = exception.threadID
            let thread = id.flatMap { byID[$0] }
            result.append(
                orNothing: EventStackTrace(
                    container: .exception(exception.index), node: exception.node, threadID: id,
                    threadName: thread?.name, isCrashed: thread?.isCrashed ?? true, context: context))
        }
        for thread in threads {
            result.append(
                orNothing: EventStackTrace(
                    container: .thread(thread.index), node: thread.node, threadID: thread.id, threadName: thread.name,
                    isCrashed: thread.isCrashed ?? false, context: context))
        }
        result.append(
            orNothing: EventStackTrace(
                container: .event, node: context.document.root, threadID: nil, threadName: nil,
                isCrashed: result.isEmpty, context: context))
        return result
    }
}

extension [EventStackTrace] {
    fileprivate mutating func append(orNothing trace: EventStackTrace?) {
        if let trace { append(trace) }
    }
}

/// The frames of one trace. Four bytes a frame; a frame's view is made when it is asked for.
public struct EventFrames: RandomAccessCollection, Sendable {
    /// The array in the document.
    public let node: JSONNode
    private let nodes: [JSONNode]
    private let context: EventContext

    init(nodes: [JSONNode], node: JSONNode, context: EventContext) {
        self.nodes = nodes
        self.node = node
        self.context = context
    }

    /// 0: the oldest frame.
    public var startIndex: Int { 0 }
    /// The number of frames.
    public var endIndex: Int { nodes.count }

    /// The frame at a position, 0-based, oldest first.
    public subscript(position: Int) -> EventFrame {
        EventFrame(node: nodes[position], context: context)
    }
}
