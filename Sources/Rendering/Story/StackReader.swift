import CrashEvent

/// Reads the stacks of an event within limits: the crash's first, so that no other uses up its frames.
struct StackReader {
    private let document: JSONDocument
    private let limits: StoryLimits
    private var framesLeft: Int
    private var framesLeftOut = 0
    /// What was left out, for people.
    private(set) var notes: [String] = []
    /// The exception that is the crash.
    private(set) var crash: JSONNode?

    init(_ document: JSONDocument, limits: StoryLimits) {
        self.document = document
        self.limits = limits
        framesLeft = limits.frames
    }

    /// The stacks in the order in which they are shown.
    mutating func read() -> [Stack] {
        let exceptions = document.list("exception")
        let threads = document.list("threads")
        var byID: [String: JSONNode] = [:]
        for thread in threads {
            if let id = id(of: thread, "id"), byID[id] == nil { byID[id] = thread }
        }
        var stacks: [Stack] = []
        // The crash's exception is the last one whose thread crashed; the others follow, the latest first.
        var order = Array(exceptions.enumerated().reversed())
        if let chosen = order.firstIndex(where: { isCrash($0.element, byID) && hasFrames($0.element) }) {
            order.insert(order.remove(at: chosen), at: 0)
        }
        crash = order.first?.element
        if order.count > limits.stacks { leftOut(order.count - limits.stacks, "exceptions") }
        let isReport = isSanitizerReport
        for (number, node) in order.prefix(limits.stacks) {
            let id = id(of: node, "thread_id")
            let thread = id.flatMap { byID[$0] }
            var stack = stack(of: node, role: number == order[0].offset ? .main : .exception)
            stack.thread = id
            stack.name = thread.flatMap { document.string("name", of: $0) }
            stack.isCrashed = thread.map { document.bool("crashed", of: $0) ?? false } ?? (id != nil)
            stack.isNamedBySentence = isReport && stack.name.map(Self.isSentence) == true
            if exceptions.count > 1 {
                let title = EventFacts.title(of: node, in: document)
                stack.exception = "Exception \(number + 1) of \(exceptions.count)" + (title.map { ": \($0)" } ?? "")
            }
            // What an exception says is worth showing without a stack; the crash's is in the title.
            if !stack.frames.isEmpty || stack.role == .exception { stacks.append(stack) }
        }
        readThreads(threads, into: &stacks)
        readOwn(into: &stacks)
        if !stacks.isEmpty, !stacks.contains(where: { $0.role == .main }) {
            // Without a crash the first stack is what there is to look at.
            let chosen = stacks.firstIndex { !$0.frames.isEmpty } ?? 0
            if stacks[chosen].role != .exception { stacks[chosen].role = .main }
            stacks.insert(stacks.remove(at: chosen), at: 0)
        }
        if framesLeftOut > 0 { notes.append("\(framesLeftOut) frames are not shown") }
        let roles: [Stack.Role] = [.main, .report, .exception, .ranOn, .other]
        return roles.flatMap { role in stacks.filter { $0.role == role } }
    }

    private mutating func readThreads(_ threads: [JSONNode], into stacks: inout [Stack]) {
        let isReport = isSanitizerReport
        let crashed = threads.filter { document.bool("crashed", of: $0) ?? false }
        let others = threads.filter { !(document.bool("crashed", of: $0) ?? false) }
        var below: [(of: String, stack: Stack)] = []
        let room = max(0, limits.stacks - stacks.count)
        if threads.count > room { leftOut(threads.count - room, "threads") }
        for node in (crashed + others).prefix(room) where document.object("stacktrace", of: node) != nil {
            var stack = stack(of: node, role: .other)
            stack.thread = id(of: node, "id")
            stack.name = document.string("name", of: node)
            stack.isCrashed = document.bool("crashed", of: node) ?? false
            if stack.isCrashed { stack.role = .main }
            if stack.role == .other, isReport, stack.name.map(Self.isSentence) == true { stack.role = .report }
            let own = document.object("symbolist", of: node)
            if let other = own.flatMap({ id(of: $0, "ran_on_of") }) {
                stack.role = .ranOn
                below.append((other, stack))
                continue
            }
            // The exception's own trace once more.
            if stacks.contains(where: { $0.role != .other && $0.thread == stack.thread && $0.shows(sameAs: stack) }) {
                continue
            }
            if !stack.frames.isEmpty { stacks.append(stack) }
        }
        var byThread: [String: Int] = [:]
        for (position, stack) in stacks.enumerated() {
            if let thread = stack.thread, byThread[thread] == nil { byThread[thread] = position }
        }
        for (other, stack) in below {
            if let position = byThread[other] {
                stacks[position].ranOn.append(stack)
            } else {
                var stack = stack
                stack.role = .other
                stacks.append(stack)
            }
        }
    }

    /// The event's own trace, unless it is one of the others.
    private mutating func readOwn(into stacks: inout [Stack]) {
        guard document.object("stacktrace", of: document.root) != nil else { return }
        let hasMain = stacks.contains { $0.role == .main && !$0.frames.isEmpty }
        let own = stack(of: document.root, role: hasMain ? .other : .main)
        guard !own.frames.isEmpty, !stacks.contains(where: { $0.shows(sameAs: own) }) else { return }
        stacks.insert(own, at: hasMain ? stacks.count : 0)
    }

    private var isSanitizerReport: Bool {
        if document.node(at: "contexts", "sanitizer") != nil { return true }
        return document.list("exception").prefix(100).contains {
            document.object("mechanism", of: $0).flatMap { document.string("type", of: $0) } == "sanitizer"
        }
    }

    /// The kernel's thread names have no more than 15 bytes, and a person's have rarely a space.
    private static func isSentence(_ name: String) -> Bool {
        name.utf8.count > 7 && name.contains(" ")
    }

    private func isCrash(_ exception: JSONNode, _ threads: [String: JSONNode]) -> Bool {
        guard let thread = id(of: exception, "thread_id").flatMap({ threads[$0] }) else { return true }
        return document.bool("crashed", of: thread) ?? false
    }

    private func id(of node: JSONNode, _ key: String) -> String? {
        document.member(key, of: node).flatMap { document.text($0) }
    }

    private mutating func leftOut(_ count: Int, _ what: String) {
        notes.append("\(count) \(what) over the limit of \(limits.stacks) are not shown")
    }

    private func hasFrames(_ container: JSONNode) -> Bool {
        guard let trace = document.object("stacktrace", of: container),
            let frames = document.array("frames", of: trace)
        else { return false }
        var elements = document.elements(of: frames)
        return elements.next() != nil
    }

    // MARK: - Frames

    private mutating func stack(of container: JSONNode, role: Stack.Role) -> Stack {
        guard let trace = document.object("stacktrace", of: container) else { return Stack(role: role, frames: []) }
        var stack = Stack(role: role, frames: document.array("frames", of: trace).map { frames($0) } ?? [])
        if let registers = document.object("registers", of: trace) {
            for (key, value) in document.members(of: registers).prefix(200) {
                guard let name = document.string(key), let text = document.text(value) else { continue }
                stack.registers.append((name, text))
            }
        }
        return stack
    }

    /// Innermost first; of too many the middle is left out and a mark says so.
    private mutating func frames(_ list: JSONNode) -> [TraceFrame] {
        let nodes = Array(document.elements(of: list))
        let count = nodes.count
        let allowed = min(limits.framesPerStack, framesLeft)
        guard count > allowed else {
            framesLeft -= count
            return nodes.reversed().enumerated().map { TraceFrame($1, number: $0, in: document) }
        }
        let outermost = allowed / 4
        let innermost = allowed - outermost
        framesLeft -= allowed
        framesLeftOut += count - allowed
        var frames: [TraceFrame] = []
        for number in 0..<innermost {
            frames.append(TraceFrame(nodes[count - 1 - number], number: number, in: document))
        }
        frames.append(TraceFrame(notRead: count - allowed, number: innermost))
        for number in (count - outermost)..<count {
            frames.append(TraceFrame(nodes[count - 1 - number], number: number, in: document))
        }
        return frames
    }
}

extension JSONDocument {
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
}
